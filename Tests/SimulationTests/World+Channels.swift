import Comet
import TestSupport

// Publishes to many, and subscriptions that come and go.
extension World {
    /// Passes the bytes of texts on. They are valid only there.
    func withBytes<Result>(_ texts: [String], _ use: ([UnsafeRawBufferPointer]) -> Result) -> Result {
        var all: [UInt8] = []
        let ranges = texts.map { text in
            all += Array(text.utf8)
            return all.count - text.utf8.count..<all.count
        }
        return all.withUnsafeBytes { bytes in use(ranges.map { UnsafeRawBufferPointer(rebasing: bytes[$0]) }) }
    }

    func changeSubscription() {
        let (client, name) = (clients[random.below(clients.count)], ["x", "y", "z"][random.below(3)])
        let isEnding = subscribers[name]?.contains(client.number) == true
        withBytes([client.name, name]) { bytes in
            if isEnding {
                _ = manager.switchboard.unsubscribe(clients: [bytes[0]], channels: [bytes[1]], now: now)
            } else if (try? manager.switchboard.subscribe(
                clients: [bytes[0]], channels: [bytes[1]], history: 0, now: now)) == nil
            {
                problem("a subscription was refused")
            }
        }
        if isEnding {
            subscribers[name]?.remove(client.number)
            // What waited for it is not owed any more.
            for id in published.keys where published[id]?.channel == name { published[id]?.owed.remove(client.number) }
        } else {
            subscribers[name]?.insert(client.number)
        }
    }

    func publishWide() {
        payloads += 1
        switch random.below(10) {
        case ..<5: publishToChannel()
        case ..<7: publishToUser()
        case 7: publishToClients()
        default:
            let known = Set(clients.filter(\.hasBegun).map(\.number))
            let options = options()
            let outcome = publish(["\(payloads)"], options) { _, json in (.everyone, json) }
            took(outcome, Set(clients.indices), known)
            if options.receipt { expect(outcome, ["everyone"]) }
        }
    }
    private func publish(
        _ texts: [String], _ options: PublishOptions = PublishOptions(),
        _ target: ([UnsafeRawBufferPointer], UnsafeRawBufferPointer) -> (Target, UnsafeRawBufferPointer)
    ) -> Publication {
        withBytes(texts) { bytes in
            let (target, json) = target(Array(bytes.dropLast()), bytes[bytes.count - 1])
            return manager.switchboard.publish(target, json: json, options, now: now)
        }
    }
    private func publishToChannel() {
        let name = ["x", "y", "z"][random.below(3)]
        let all = subscribers[name] ?? []
        let excepted = chance(300) ? random.below(clients.count) : -1
        var options = options()
        let hasReceipt = options.receipt
        let outcome = withBytes([name, excepted < 0 ? "" : clients[excepted].name, "\(payloads)"]) { bytes in
            if excepted >= 0 { options.except = bytes[1] }
            return manager.switchboard.publish(.channel(bytes[0]), json: bytes[2], options, now: now)
        }
        took(outcome, all.subtracting([excepted]), all.subtracting([excepted]), channel: name)
        if hasReceipt { expect(outcome, ["channel \(name)"]) }
    }
    private func publishToUser() {
        let user = ["ua", "ub"][random.below(2)]
        let mine = Set(clients.filter { $0.name.hasPrefix(user + ":") }.map(\.number))
        let known = mine.filter { clients[$0].hasBegun }
        let options = options()
        let outcome = publish([user, "\(payloads)"], options) { (.user($0[0]), $1) }
        took(outcome, mine, known)
        if options.receipt { expect(outcome, ["user \(user)"]) }
    }
    private func publishToClients() {
        let some = Set((0..<3).map { _ in random.below(clients.count) })
        let (names, options) = (some.sorted().map { clients[$0].name }, options())
        let outcome = publish(names + ["\(payloads)"], options) { (.clients($0), $1) }
        took(outcome, some, some)
        if options.receipt { expect(outcome, names) }
    }
}
