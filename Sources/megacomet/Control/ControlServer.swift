import Base
import Configuration
import Glibc
import Reactor
import Stats
import Supervision

/// RUNDIR/control.sock: a line of JSON in, a line of JSON out, on a connection that may stay open. The file's
/// permissions let in the owner and the group; the kernel says who it is, and every order is an event with that.
final class ControlServer {
    private unowned let supervisor: Supervisor
    private let listener: Int32
    private var acceptor: Acceptor?
    private struct Connection {
        let stream: LineStream
        /// Its number at the events, where it follows them.
        var follower: Int?
        /// The larger, the later it last asked (or came).
        var lastTurn: UInt64
    }
    private var turns: UInt64 = 0
    private var connections: [Int32: Connection] = [:]
    /// One more makes room: the connection that has asked nothing for the longest is closed. Where all follow the
    /// events, the new one is.
    private static let mostConnections = 64

    init(_ supervisor: Supervisor) throws {
        self.supervisor = supervisor
        listener = try UnixSockets.listen(supervisor.folder.controlSocket, mode: 0o660)
        acceptor = Acceptor(supervisor.loop, listener: listener) { [unowned self] in accepted($0) }
    }
    func close() {
        acceptor = nil
        Sockets.close(listener)
        connections.values.forEach { $0.stream.close() }
        connections = [:]
    }

    private func accepted(_ descriptor: Int32) {
        guard let peer = UnixSockets.peer(descriptor), makeRoom() else { return Sockets.close(descriptor) }
        let stream = LineStream(
            supervisor.loop, descriptor, mostLine: 65536,
            received: { [unowned self] in received($0, descriptor, peer) },
            ended: { [unowned self] in forget(descriptor) })
        connections[descriptor] = Connection(stream: stream, lastTurn: nextTurn())
    }
    private func makeRoom() -> Bool {
        guard connections.count >= ControlServer.mostConnections else { return true }
        let idle = connections.filter { $0.value.follower == nil }.min { $0.value.lastTurn < $1.value.lastTurn }
        guard let idle else { return false }
        idle.value.stream.close()
        forget(idle.key)
        return true
    }
    private func nextTurn() -> UInt64 {
        turns += 1
        return turns
    }
    private func forget(_ descriptor: Int32) {
        if let follower = connections.removeValue(forKey: descriptor)?.follower { supervisor.events.unfollow(follower) }
    }

    private func received(_ line: String, _ descriptor: Int32, _ peer: UnixSockets.Peer) {
        guard let stream = connections[descriptor]?.stream, !line.isEmpty else { return }
        connections[descriptor]?.lastTurn = nextTurn()
        guard let request = (try? ControlRequest(line: line))?.plain else {
            stream.send(
                ControlServer.line(Refusal("bad_request", "not a request: one JSON object with \"op\" in a line")))
            return
        }
        if request.op == "events" {
            let isThere = stream.send(ControlServer.line(EventsAnswer(events: Array(supervisor.events.newest))))
            // One who left before the answer was forgotten with it: to follow for him would be to speak to nobody.
            if isThere, request.follow == true, connections[descriptor]?.follower == nil {
                connections[descriptor]?.follower = supervisor.events.follow { [unowned stream] in
                    stream.send(JSONLine.text($0) + "\n")
                }
            }
            return
        }
        do throws(Refusal) { stream.send(try supervisor.answer(request, peer)) } catch {
            stream.send(ControlServer.line(error))
        }
    }
    static func line(_ answer: some Codable & Sendable) -> String {
        JSONLine.text(ControlAnswer.done(answer)) + "\n"
    }
    private static func line(_ refusal: Refusal) -> String {
        JSONLine.text(ControlAnswer<Done>.refused(refusal)) + "\n"
    }
}

extension Supervisor {
    /// The answer's line.
    func answer(_ request: ControlRequest, _ peer: UnixSockets.Peer) throws(Refusal) -> String {
        switch request.op {
        case "status": return ControlServer.line(status)
        case "log":
            let name = try process(request)
            return ControlServer.line(LogAnswer(name: "\(name)", lines: Array(output[name]?.newest ?? [])))
        case "crashes":
            guard let id = request.id else { return ControlServer.line(CrashesAnswer(crashes: crashes.ids())) }
            guard let report = crashes.report(id) else { throw Refusal("unknown", "no crash report \(id)") }
            return ControlServer.line(CrashAnswer(crash: report))
        case "doctor": return ControlServer.line(DoctorAnswer(rows: Machine.examine(settings)))
        default: return try order(request, peer)
        }
    }

    private func order(_ request: ControlRequest, _ peer: UnixSockets.Peer) throws(Refusal) -> String {
        try authorize(peer)
        let by = ControlServer.who(peer, request)
        let now = Supervisor.now
        let isHasty = request.now ?? false
        switch (request.op, request.name) {
        case ("stop", nil): shutDown(isHasty: isHasty, by: by)
        case ("start", nil):
            for name in fleet.names where fleet[name]?.desired == .down || fleet[name]?.state == .held {
                perform(try fleet.start(name, by: by, now: now))
            }
        case ("restart", nil): perform(try fleet.restartAll(isHasty: isHasty, by: by, now: now))
        case ("start", _): perform(try fleet.start(try target(request), by: by, now: now))
        case ("stop", _): perform(try fleet.stop(try target(request), isHasty: isHasty, by: by, now: now))
        case ("restart", _): perform(try fleet.restart(try target(request), isHasty: isHasty, by: by, now: now))
        case ("drain", _): perform(try fleet.drain(try target(request), by: by, now: now))
        case ("kill", _): perform(try fleet.kill(try target(request), by: by, now: now))
        case ("hold", _): perform(try fleet.hold(try target(request), request.on ?? true, by: by, now: now))
        case ("rolling", _):
            perform(request.on == false ? try fleet.endRolling(by: by, now: now) : try fleet.rolling(by: by, now: now))
            return ControlServer.line(RollingAnswer(rolling: fleet.rolling.map(RollingAnswer.Run.init)))
        case ("upgrade", _): try upgrade(by: by)
        case ("reload", _): return ControlServer.line(try reload(by: by))
        default: throw Refusal("bad_request", "no operation \"\(request.op)\"")
        }
        return ControlServer.line(Done())
    }

    private func process(_ request: ControlRequest) throws(Refusal) -> ProcessName {
        guard let text = request.name else { throw Refusal("bad_request", "\(request.op) needs a name") }
        guard let name = ProcessName(text), fleet[name] != nil else {
            throw Refusal(
                "unknown", "no process \"\(text)\": there are \(fleet.names.map(\.description).joined(separator: " "))")
        }
        return name
    }
    /// The process that is meant, if it still is the one that the operator saw.
    private func target(_ request: ControlRequest) throws(Refusal) -> ProcessName {
        let name = try process(request)
        let main = fleet[name]?.main
        if let pid = request.pid, pid != main?.pid ?? 0 {
            throw Refusal("changed", "\(name) is another process by now: pid \(main?.pid ?? 0), not \(pid)")
        }
        let boot = main.flatMap { children[CopyName(name, $0.generation)]?.boot } ?? ""
        if let seen = request.boot, !seen.isEmpty, !boot.isEmpty, !boot.hasPrefix(seen), !seen.hasPrefix(boot) {
            throw Refusal("changed", "\(name) was started anew meanwhile")
        }
        return name
    }
    /// Who may act: root, our own user, and the group that the socket belongs to, also as a further group.
    private func authorize(_ peer: UnixSockets.Peer) throws(Refusal) {
        if peer.user == 0 || peer.user == getuid() || peer.group == getegid() || peer.groups.contains(getegid()) {
            return
        }
        let group = PermissionDenied.group(getegid())
        throw Refusal("denied", "permission denied: user \(peer.user) is neither root nor of the group \(group)")
    }
}

extension ControlServer {
    /// `uid 1001 (pid 4711) via megatop on pts/3, reason "leak check"`.
    static func who(_ peer: UnixSockets.Peer, _ request: ControlRequest) -> String {
        var text = "uid \(peer.user) (pid \(peer.pid))"
        if let via = request.via { text += " via \(via)" }
        if let tty = request.tty { text += " on \(tty)" }
        if let reason = request.reason, !reason.isEmpty { text += ", reason \"\(reason)\"" }
        return text
    }
}

extension ControlRequest {
    /// Its words go into events, the log and refusals: each is one line, of a bounded length, and nothing in it is
    /// obeyed by a terminal.
    fileprivate var plain: ControlRequest {
        var request = self
        request.op = plainText(op, most: 40)
        request.name = name.map { plainText($0, most: 80) }
        request.boot = boot.map { plainText($0, most: 40) }
        request.reason = reason.map { plainText($0, most: 200) }
        request.tty = tty.map { plainText($0, most: 40) }
        request.via = via.map { plainText($0, most: 40) }
        request.id = id.map { plainText($0, most: 80) }
        return request
    }
}
