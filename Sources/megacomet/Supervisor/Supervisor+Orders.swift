import Configuration
import Glibc
import Reactor
import Stats
import Supervision

// The questions and orders of operators, over the control socket.
extension Supervisor: ControlDesk {
    func answer(_ request: ControlRequest, _ peer: UnixSockets.Peer, _ attached: inout [Int32]) throws(Refusal)
        -> any Codable & Sendable
    {
        switch request.op {
        case "status": return status
        case "log":
            let name = try process(request)
            return LogAnswer(name: "\(name)", lines: Array(output.newest(name)))
        case "crashes":
            guard let id = request.id else { return CrashesAnswer(crashes: crashes.ids()) }
            guard let report = crashes.report(id) else { throw Refusal("unknown", "no crash report \(id)") }
            return CrashAnswer(crash: report)
        case "doctor": return DoctorAnswer(rows: Machine.examine(settings))
        case "journal":
            try authorize(peer)  // the messages are in it
            return journalAnswer(&attached)
        default: return try order(request, peer)
        }
    }

    private func order(_ request: ControlRequest, _ peer: UnixSockets.Peer) throws(Refusal) -> any Codable & Sendable {
        try authorize(peer)
        let by = request.who(peer)
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
            return RollingAnswer(rolling: fleet.rolling.map(RollingAnswer.Run.init))
        case ("acknowledge", _): return try acknowledge(request, by: by)
        case ("upgrade", _): try upgrade(by: by)
        case ("reload", _): return try reload(by: by)
        default: throw Refusal("bad_request", "no operation \"\(request.op)\"")
        }
        return Done()
    }

    /// The alert with this key, or all of them, weigh nothing in the verdict from now on.
    private func acknowledge(_ request: ControlRequest, by: String) throws(Refusal) -> any Codable & Sendable {
        guard let watchman = hub?.watchman else { throw Refusal("busy", "the supervisor is starting") }
        let keys = watchman.alerts.filter { $0.isOpen && (request.id ?? $0.key) == $0.key }.map(\.key)
        guard !keys.isEmpty else {
            let text = request.id.map { "no open alert \"\($0)\"" } ?? "there is no open alert"
            throw Refusal("unknown", text)
        }
        for key in keys {
            _ = watchman.acknowledge(key, by: by)
            events.tell(.info, .acknowledged, "\(key), by \(by)")
        }
        return AcknowledgedAnswer(acknowledged: keys)
    }

    func tellAddresses(_ peer: UnixSockets.Peer, _ done: @escaping (AddressesAnswer) -> Void) throws(Refusal) {
        try authorize(peer)  // where people are is nobody else's business
        let isCounted = settings.workers.maxPerAddress > 0 || settings.workers.acceptsPerAddress > 0
        let workers = isCounted ? children.all.filter(\.copy.name.isWorker) : []
        addressQuestion.ask(workers, counted: isCounted, loop, done: done)
    }

    private func process(_ request: ControlRequest) throws(Refusal) -> ProcessName {
        guard let text = request.name else { throw Refusal("bad_request", "\(request.op) needs a name") }
        guard let name = ProcessName(text), fleet[name] != nil else {
            throw Refusal(
                "unknown", "no process \"\(text)\": there are \(fleet.names.map(\.description).joined(separator: " "))")
        }
        return name
    }
    /// The process of the request, if it still is the one that the operator saw.
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
    /// Lets in root, our own user, and the members of the socket's group.
    private func authorize(_ peer: UnixSockets.Peer) throws(Refusal) {
        if peer.user == 0 || peer.user == getuid() || peer.group == getegid() || peer.groups.contains(getegid()) {
            return
        }
        let group = PermissionDenied.group(getegid())
        throw Refusal("denied", "permission denied: user \(peer.user) is neither root nor of the group \(group)")
    }
}
