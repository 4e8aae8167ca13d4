import Base
import Configuration
import ControlLines
import Glibc
import Reactor
import Stats
import Supervision

/// Answers the requests on the control socket.
protocol ControlDesk: AnyObject {
    /// `attached` takes descriptors that go with the answer (SCM_RIGHTS). The server closes them afterwards.
    func answer(_ request: ControlRequest, _ peer: UnixSockets.Peer, _ attached: inout [Int32]) throws(Refusal)
        -> any Codable & Sendable
    /// The answer to `addresses` comes when the workers have told theirs.
    func tellAddresses(_ peer: UnixSockets.Peer, _ done: @escaping (AddressesAnswer) -> Void) throws(Refusal)
}

/// RUNDIR/control.sock: a line of JSON in, a line of JSON out, on a connection that may stay open. The file's
/// permissions let in the owner and the group. The kernel says who the operator is, and the event of each order has
/// that.
final class ControlServer {
    private let loop: Loop
    private let events: EventLog
    private unowned let desk: any ControlDesk
    private let listener: Int32
    private var acceptor: Acceptor?
    private struct Connection {
        let stream: LineStream
        /// Its number in the event log, if it follows the events.
        var follower: Int?
        /// The turn in which it asked last, or came. Larger is later.
        var lastTurn: UInt64
        /// The lines that came while an earlier one waits for its answer: answers come in the order of their lines.
        /// `nil` while none waits.
        var later: [String]?
    }
    private var turns: UInt64 = 0
    private var connections: [Int32: Connection] = [:]
    /// If one more comes, the connection that has asked nothing for longest is closed. If all follow the events, the
    /// new one is closed.
    private static let mostConnections = 64
    /// A connection that sends more while an answer is awaited is closed.
    private static let mostLater = 64

    /// `path` is the path of the socket.
    init(_ loop: Loop, _ path: String, _ events: EventLog, _ desk: any ControlDesk) throws {
        self.loop = loop
        self.events = events
        self.desk = desk
        listener = try UnixSockets.listen(path, mode: 0o660)
        acceptor = Acceptor(loop, listener: listener) { [unowned self] in accepted($0) }
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
            loop, descriptor, mostLine: 65536,
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
        if let follower = connections.removeValue(forKey: descriptor)?.follower { events.unfollow(follower) }
    }

    private func received(_ line: String, _ descriptor: Int32, _ peer: UnixSockets.Peer) {
        guard let stream = connections[descriptor]?.stream, !line.isEmpty else { return }
        connections[descriptor]?.lastTurn = nextTurn()
        if let later = connections[descriptor]?.later {
            if later.count < ControlServer.mostLater {
                connections[descriptor]?.later?.append(line)
            } else {
                stream.close()
                forget(descriptor)
            }
            return
        }
        guard let request = (try? ControlRequest(json: line))?.plain else {
            stream.send(
                ControlServer.line(Refusal("bad_request", "not a request: one JSON object with \"op\" in a line")))
            return
        }
        if request.op == "events" {
            let isThere = stream.send(ControlServer.line(EventsAnswer(events: Array(events.newest))))
            // An operator that left before the answer is forgotten, so nobody is there to follow the events.
            if isThere, request.follow == true, connections[descriptor]?.follower == nil {
                connections[descriptor]?.follower = events.follow { [unowned stream] in
                    stream.send(JSONLine.text($0) + "\n")
                }
            }
            return
        }
        if request.op == "addresses" { return tellAddresses(stream, descriptor, peer) }
        var attached: [Int32] = []
        defer { attached.forEach(Sockets.close) }
        do throws(Refusal) {
            let answer = try desk.answer(request, peer, &attached)
            let isSent = stream.send(ControlServer.line(answer), descriptors: attached)
            guard isSent || attached.isEmpty else { throw Refusal("busy", "earlier answers were not read yet") }
        } catch { stream.send(ControlServer.line(error)) }
    }
    private func tellAddresses(_ stream: LineStream, _ descriptor: Int32, _ peer: UnixSockets.Peer) {
        do throws(Refusal) {
            try desk.tellAddresses(peer) { [weak self, weak stream] answer in
                guard let self, let stream, connections[descriptor]?.stream === stream else { return }
                let later = connections[descriptor]?.later ?? []
                connections[descriptor]?.later = nil
                stream.send(ControlServer.line(answer))
                for line in later { received(line, descriptor, peer) }
            }
            connections[descriptor]?.later = []
        } catch { stream.send(ControlServer.line(error)) }
    }
    private static func line(_ answer: some Codable & Sendable) -> String {
        JSONLine.text(ControlAnswer.done(answer)) + "\n"
    }
    private static func line(_ refusal: Refusal) -> String {
        JSONLine.text(ControlAnswer<Done>.refused(refusal)) + "\n"
    }
}

extension ControlRequest {
    /// The operator as text: `uid 1001 (pid 4711) via megatop on pts/3, reason "leak check"`.
    func who(_ peer: UnixSockets.Peer) -> String {
        var text = "uid \(peer.user) (pid \(peer.pid))"
        if let via { text += " via \(via)" }
        if let tty { text += " on \(tty)" }
        if let reason, !reason.isEmpty { text += ", reason \"\(reason)\"" }
        return text
    }
    /// The request with words that are safe. They go into events, the log and refusals. Each is one line of a bounded
    /// length, and a terminal obeys nothing in it.
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
