import Comet
import TestSupport

// What must be true of several machines.
extension ClusterWorld {
    /// A message came to a client.
    func check(_ id: UInt64, _ payload: UInt64, by client: SimulatedClient, isAgain: Bool) {
        guard let message = sent[Int(payload)] else {
            return problem("\(client.name) got \(payload), which nobody published")
        }
        // What the log had lost is newer than subscriptions that came after it.
        let isLate = message.wasLost && message.channel != nil
        if !isLate, !message.audience.contains(client.number) {
            problem("\(client.name) got \(id), which is not for it")
        }
        if id != message.id { problem("\(client.name) got \(payload) under the id \(id), not \(message.id)") }
        if client.acknowledges, isAgain { problem("\(client.name) got \(id) again") }
        // A machine that came too late may have delivered what the one that took it had to send again.
        if client.acknowledges, !message.wasLost, client.received.contains(payload) {
            problem("\(client.name) got \(payload) again, under the id \(id)")
        }
        client.received.insert(payload)
    }

    func finishCluster() {
        guard problems.isEmpty else { return }
        for client in clients where client.acknowledges {
            if !chances.allowsGaps, !client.gapCursors.isEmpty {
                problem("\(client.name) is told of a gap: \(client.gapCursors)")
            }
            for (payload, message) in sent.sorted(by: { $0.key < $1.key })
            where message.isAnswered && !message.isExcused && message.owed.contains(client.number)
                && !client.received.contains(UInt64(payload))
                && !client.gapCursors.contains(where: { $0 >= message.id })
            {
                problem(
                    "\(client.name) never got \(payload) (\(message.id)), cursor \(client.cursor), gaps "
                        + "\(client.gapCursors)")
            }
        }
        for machine in machines { check(machine) }
    }
    private func check(_ machine: Machine) {
        guard let box = machine.box, let first = machines[0].box else { return problem("\(machine.name) is dead") }
        if !machine.isServing { problem("\(machine.name) still takes up the log") }
        if machine.head != log.end { problem("\(machine.name) is at \(machine.head), the log at \(log.end)") }
        let connected = box.switchboard.connectedCount
        if connected != clients.count { problem("\(machine.name) knows \(connected) clients that are connected") }
        for client in clients {
            let mine = subscriptions(client, box)
            let other = subscriptions(client, first)
            if mine != other {
                problem("\(client.name) is subscribed to \(mine) on \(machine.name), and to \(other)")
            }
            if settings.linger >= 60_000 {
                for (name, members) in subscribers.sorted(by: { $0.key < $1.key })
                where !unclear.contains("\(client.number) \(name)") {
                    if mine.contains(name) != members.contains(client.number) {
                        problem("\(client.name) and \(name) on \(machine.name): \(mine)")
                    }
                }
            }
            let (kept, others) = (
                box.presence(client.name, now: now).queued, first.presence(client.name, now: now).queued
            )
            if kept != others {
                problem("\(kept) messages are kept for \(client.name) on \(machine.name), not \(others)")
            }
        }
        for name in subscribers.keys.sorted() {
            let (mine, other) = (look(name, box), look(name, first))
            if mine != other { problem("\(name) is \(mine) on \(machine.name), and \(other)") }
        }
    }
    private func subscriptions(_ client: SimulatedClient, _ box: ManagerBox) -> Set<String> {
        withBytes([client.name]) { Set(box.switchboard.channels(of: $0[0])) }
    }
    private func look(_ channel: String, _ box: ManagerBox) -> String {
        withBytes([channel]) {
            guard let look = box.switchboard.channel($0[0], clients: 100, history: 1000, now: now) else { return "-" }
            return "\(look.subscribers) \(look.connected) \(look.users) \(look.messages.map(\.id))"
        }
    }
}
