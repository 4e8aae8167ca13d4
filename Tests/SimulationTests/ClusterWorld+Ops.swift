import Base
import Comet
import TestSupport

// What apps ask of machines, and what becomes of it when it is carried out.
extension ClusterWorld {
    /// An app's request.
    struct Op {
        enum Kind {
            case publish
            case subscribe(channel: String)
            case unsubscribe(channel: String)
            case disconnect
        }
        enum To {
            case client, clients, everyone
            case channel(String)
            case user(String)
        }
        let kind: Kind
        var to = To.client
        var clients: [Int] = []
        var payload = 0
        var keeps = true
        var except: Int?
        /// The id that each machine must give.
        var id: UInt64 = 0
    }
    /// A publish whose entry is in the log.
    struct Sent {
        let id: UInt64
        let audience: Set<Int>
        var owed: Set<Int>
        let channel: String?
        /// The app was told that it was taken.
        var isAnswered = false
        /// The engine lost its entry, and nobody gave it back in time.
        var wasLost = false
        /// It may be gone without a word.
        var isExcused = false
    }

    // MARK: asking

    private func ask(_ op: Op, of machine: Machine, ids: Int) {
        guard let box = machine.box, machine.isServing, machine.isUp else { return }
        ops.append(op)
        withUnsafeBytes(of: UInt64(ops.count - 1).bigEndian) { box.switchboard.emitCall(0, ids: ids, $0) }
    }
    private var anyMachine: Machine { machines[random.below(machines.count)] }

    func publish(to client: SimulatedClient, on machine: Machine) {
        payloads += 1
        ask(Op(kind: .publish, clients: [client.number], payload: payloads), of: machine, ids: 1)
    }
    func publishSomething() {
        payloads += 1
        var op = Op(kind: .publish, payload: payloads, keeps: !chance(chances.transient))
        switch settings.channels ? random.below(10) : 0 {
        case ..<4: op.clients = [random.below(clients.count)]
        case ..<7:
            op.to = .channel(["x", "y", "z"][random.below(3)])
            if chance(300) { op.except = random.below(clients.count) }
        case 7: op.to = .user(["ua", "ub"][random.below(2)])
        case 8:
            op.to = .clients
            op.clients = Set((0..<3).map { _ in random.below(clients.count) }).sorted()
        default: op.to = .everyone
        }
        ask(op, of: anyMachine, ids: 1)
    }
    func askForSubscription() {
        let (client, name) = (random.below(clients.count), ["x", "y", "z"][random.below(3)])
        let isEnding = subscribers[name]?.contains(client) == true
        ask(
            Op(kind: isEnding ? .unsubscribe(channel: name) : .subscribe(channel: name), clients: [client]),
            of: anyMachine, ids: isEnding ? 0 : 1)
    }
    func disconnectSomebody() {
        ask(Op(kind: .disconnect, clients: [random.below(clients.count)]), of: anyMachine, ids: 0)
    }

    // MARK: in the log

    private func eachCall(_ entry: SharedLog.Entry, _ body: (Int, UInt64) -> Void) {
        entry.records.withUnsafeBytes { bytes in
            var id = entry.first
            for record in ClusterRecords(bytes) {
                if record.kind == .call { body(Int(record.rest.bigEndian(at: 8, as: UInt64.self)), id) }
                id += UInt64(record.ids)
            }
        }
    }
    /// The engine has taken an entry. Its place in the log says who is to get what.
    func appended(_ entry: SharedLog.Entry) {
        eachCall(entry) { number, id in
            ops[number].id = id
            let op = ops[number]
            switch op.kind {
            case .publish:
                let wasLost = sent[op.payload]?.wasLost ?? false
                sent[op.payload] = expectation(op, id)
                sent[op.payload]?.wasLost = wasLost
            case .subscribe(let channel): subscribers[channel]?.formUnion(op.clients)
            case .unsubscribe(let channel):
                subscribers[channel]?.subtract(op.clients)
                for payload in sent.keys where sent[payload]?.channel == channel {
                    sent[payload]?.owed.subtract(op.clients)
                }
            case .disconnect: break
            }
        }
    }
    private func expectation(_ op: Op, _ id: UInt64) -> Sent {
        var (audience, owed): (Set<Int>, Set<Int>) = ([], [])
        var name: String?
        let begun = Set(clients.filter(\.hasBegun).map(\.number))
        switch op.to {
        case .client, .clients: (audience, owed) = (Set(op.clients), Set(op.clients))
        case .everyone: (audience, owed) = (Set(clients.indices), begun)
        case .channel(let channel):
            name = channel
            let doubtful = Set(clients.indices.filter { unclear.contains("\($0) \(channel)") })
            let members = (subscribers[channel] ?? []).subtracting([op.except ?? -1])
            audience = members.union(doubtful)
            owed = settings.linger < 60_000 ? [] : members.subtracting(doubtful)
        case .user(let user):
            audience = Set(clients.filter { $0.name.hasPrefix(user + ":") }.map(\.number))
            owed = audience.intersection(begun)
        }
        return Sent(id: id, audience: audience, owed: op.keeps ? owed : [], channel: name)
    }
    /// The engine has lost an entry. `isKnown`: some machine has read it, and clients are to be told of a gap.
    func forget(_ entry: SharedLog.Entry, isKnown: Bool) {
        forgotten.append(entry)
        eachCall(entry) { number, _ in
            let op = ops[number]
            switch op.kind {
            case .publish:
                sent[op.payload]?.wasLost = true
                if !isKnown { sent[op.payload]?.isExcused = true }
            case .subscribe(let channel), .unsubscribe(let channel):
                for client in op.clients {
                    unclear.insert("\(client) \(channel)")
                    for payload in sent.keys where sent[payload]?.channel == channel {
                        sent[payload]?.owed.remove(client)
                    }
                }
            case .disconnect: break
            }
        }
    }

    // MARK: carrying out

    func carryOut(_ record: ClusterRecord, at id: UInt64, on machine: Machine, _ box: ManagerBox, isOwn: Bool) {
        let op = ops[Int(record.rest.bigEndian(at: 8, as: UInt64.self))]
        if op.id != id { problem("a request with the id \(op.id) has the id \(id)") }
        let names = op.clients.map { clients[$0].name }
        switch op.kind {
        case .publish:
            let outcome = publish(op, names, box)
            switch outcome {
            case .sent(let given), .queued(let given), .several(let given, _, _):
                if given != id { problem("\(machine.name) gave \(given), not \(id)") }
            case .nobody: break
            default: problem("\(machine.name): \(outcome)")
            }
            if isOwn {
                sent[op.payload]?.isAnswered = true
                answered += 1
            }
        case .subscribe(let channel):
            let count = withBytes(names + [channel]) { (bytes: [UnsafeRawBufferPointer]) -> Int in
                let (some, last) = (Array(bytes.dropLast()), bytes[bytes.count - 1])
                do throws(SubscribeError) {
                    return try box.switchboard.subscribe(clients: some, channels: [last], history: 0, now: now)
                } catch { return 0 }
            }
            if count == 0 { problem("a subscription was refused") }
        case .unsubscribe(let channel):
            _ = withBytes(names + [channel]) { (bytes: [UnsafeRawBufferPointer]) -> Int in
                let (some, last) = (Array(bytes.dropLast()), bytes[bytes.count - 1])
                return box.switchboard.unsubscribe(clients: some, channels: [last], now: now)
            }
        case .disconnect: _ = withBytes(names) { box.switchboard.disconnect(.client($0[0]), now: now) }
        }
    }
    private func publish(_ op: Op, _ names: [String], _ box: ManagerBox) -> Publication {
        var texts = names
        switch op.to {
        case .channel(let name), .user(let name): texts = [name]
        case .client, .clients, .everyone: break
        }
        return withBytes(texts + [op.except.map { clients[$0].name } ?? "", "\(op.payload)"]) { bytes in
            var options = PublishOptions()
            options.keeps = op.keeps
            if op.except != nil { options.except = bytes[bytes.count - 2] }
            let target: Target =
                switch op.to {
                case .client: .client(bytes[0])
                case .clients: .clients(Array(bytes.dropLast(2)))
                case .everyone: .everyone
                case .channel: .channel(bytes[0])
                case .user: .user(bytes[0])
                }
            return box.switchboard.publish(target, json: bytes[bytes.count - 1], options, now: now)
        }
    }
}
