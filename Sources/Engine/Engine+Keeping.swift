import Base
import Glibc
import Reactor

/// The keeper's work, and the look at the server every ten seconds.
extension Engine {
    /// Removes entries below this id, in parts. A few of them may stay. Only while the engine is up.
    package func trim(upTo id: UInt64) {
        guard let command, let join else { return }
        command.send(["EVAL", Scripts.trim, "2", keys.log, keys.life, join.life, "\(id)"]) { [unowned self] reply in
            if let error = reply.error { return noteError(error) }
            if let count = reply.number, count > 0 { trim(upTo: id) }
        }
    }
    /// Takes or renews the keeper's lease, which lasts `EngineBounds.leaseMilliseconds`. `done` says whether this
    /// machine has it. It is not called if the engine goes away.
    package func takeKeeper(_ done: @escaping (Bool) -> Void) {
        guard let command else { return }
        let me = "\(settings.name)/\(hex(epoch, digits: 16))"
        let words = ["EVAL", Scripts.keeper, "1", keys.keeper, me, "\(EngineBounds.leaseMilliseconds)"]
        command.send(words) { [unowned self] reply in
            if let error = reply.error { noteError(error) }
            done(reply.number == 1)
        }
    }
    /// An error that is not of one batch means that the engine can't be used.
    private func noteError(_ text: String) {
        let fault = EngineFault.answered(text, by: figures.address)
        if !fault.isOfOneBatch { down(fault) }
    }

    func note(_ info: ServerInfo) {
        figures.usedMemory = info.usedMemory
        figures.memoryBound = info.memoryBound
    }
    /// Looks at the server's memory and role, and asks the sentinels again.
    func lookAround() {
        guard let command else { return }
        command.send(["INFO", "memory"]) { [unowned self] in
            if let text = $0.text { note(ServerInfo(text)) }
        }
        command.send(["ROLE"]) { [unowned self] reply in
            if let error = reply.error { return noteError(error) }
            if reply.count == 3 { figures.replicas = reply[2].count }
            let role = reply.count > 0 ? reply[0].text ?? "" : ""
            if let fault = SignIn.unfit(role: role, figures.address) { down(fault) }
        }
        guard !settings.sentinels.isEmpty else { return }
        // A server that is cut off from the others does not know that it has been replaced.
        sentinelCheck = ServerSearch(loop, settings) { [unowned self] in
            guard case .success(let places) = $0, let place, !places.contains(place) else { return }
            down(.moved(to: places.map(\.description).joined(separator: ", ")))
        }
        sentinelCheck?.begin()
    }

    /// Reads the stream from behind this id on. The handler calls it once, when the engine is up.
    package func beginReading(after id: UInt64) {
        guard let place, isUp else { return }
        precondition(reader == nil, "the stream is being read already")
        known.seen = max(known.seen, id)
        known.head = id
        reader = StreamReader(self, place, after: id)
    }
}
