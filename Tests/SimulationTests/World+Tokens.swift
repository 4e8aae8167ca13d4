import Comet
import TestSupport

// Apps revoke tokens, and publish to the channels that only tokens bring.
extension World {
    /// The revocations of an app, which was told that they hold.
    struct Revocation {
        let name: String
        let isOfUser: Bool
        let moment: UInt64
        /// Its place among the requests of all clients.
        let order: Int
        /// The newest id then.
        let newest: UInt64
        /// It died with a manager without a journal.
        var isLost = false

        func isAbout(_ client: String) -> Bool {
            isOfUser ? client == name || client.hasPrefix(name + ":") : client == name
        }
    }
    var wallSeconds: UInt64 { now / 1000 }

    /// Tokens of this client that were made at this second count no more.
    func isRevoked(_ client: String, issuedAt: UInt32) -> Bool {
        issuedAt > 0
            && revocations.contains { !$0.isLost && $0.isAbout(client) && UInt64(issuedAt) <= $0.moment }
    }
    /// The token of the client's receiver was revoked, or all its receivers were ended by a revocation.
    func mayBeEnded(_ client: SimulatedClient, _ token: SimulatedToken) -> Bool {
        revocations.contains {
            $0.isAbout(client.name) && (token.issuedAt <= $0.moment || $0.order > client.request.order)
        }
    }

    func revoke() {
        let client = clients[random.below(clients.count)]
        let isOfUser = chance(500)
        var name = isOfUser ? client.user : client.name
        // Most mean now. The clock of an app may differ, and an app may know the second of a login.
        let moment = chance(600) ? wallSeconds : wallSeconds - 5 + UInt64(random.below(8))
        let order = nextOrder()
        let ended = try? name.withUTF8 {
            try manager.switchboard.revoke(
                isOfUser ? .user(.init($0)) : .client(.init($0)), upTo: UInt32(moment), now: now)
        }
        guard ended != nil else { return problem("a revocation was refused") }
        revocations.append(
            Revocation(
                name: name, isOfUser: isOfUser, moment: moment, order: order, newest: manager.switchboard.cursor))
        manager.revoked(self)
        for client in clients { note(client.name, "\(name) is revoked up to \(moment)") }
    }

    /// Somebody has a token that was revoked, and says that its client has everything.
    func misuse() {
        let client = clients[random.below(clients.count)]
        guard
            let token = (client.olderTokens + [client.token].compactMap { $0 }).last(where: {
                isRevoked(client.name, issuedAt: UInt32($0.issuedAt))
            })
        else { return }
        let (method, form) = [("POST", "ack"), ("POST", "leave"), ("GET", "json")][random.below(3)]
        let connection = workers[random.below(workers.count)].accept()
        connection.worker.receive(
            connection,
            "\(method) /\(client.name).\(form)?cursor=\(manager.switchboard.cursor)&token=\(token.text)&page=thief "
                + "HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        connection.isDead = chance(500)
        misused += 1
    }

    /// A message of this id came to the client. Its receiver's token must not have been revoked before the message was
    /// published, nor before the receiver was asked for.
    func checkToken(_ client: SimulatedClient, _ id: UInt64) {
        guard let token = client.request.token else { return }
        let isLate = revocations.contains {
            !$0.isLost && $0.isAbout(client.name) && token.issuedAt <= $0.moment
                && (id > $0.newest || client.request.order > $0.order)
        }
        if isLate { problem("\(client.name) got \(id) with a token of \(token.issuedAt), which was revoked") }
    }

    /// Publishes to a channel of tokens. Those who have it now, by a list that never changes, must get it.
    func publishToGranted() {
        var name = ["p", "q", "r"][random.below(3)]
        payloads += 1
        var json = String(payloads)
        let members = clients.filter { subscriptions(of: $0).contains(name) && $0.lastingChannels != nil }
        let outcome = name.withUTF8 { name in
            json.withUTF8 { manager.switchboard.publish(.channel(.init(name)), json: .init($0), now: now) }
        }
        let audience = clients.filter { $0.possibleChannels.contains(name) }
        // It is kept for those who come with a cursor from before, also if nobody has the channel now.
        let kept = outcome == .nobody ? .queued(manager.switchboard.cursor) : outcome
        took(kept, Set(audience.map(\.number)), Set(members.map(\.number)), channel: name)
    }
    func subscriptions(of client: SimulatedClient) -> Set<String> {
        var name = client.name
        return Set(name.withUTF8 { manager.switchboard.channels(of: .init($0)) })
    }

    /// When all is calm, a client has the channels of the token that it showed last, and no others.
    func checkGrants() {
        for client in clients where client.takesTokens && manager.presence(client.name, now: now).connected {
            let has = subscriptions(of: client).intersection(["p", "q", "r"])
            guard let should = client.request.token?.channels else { continue }
            if has != should { problem("\(client.name) has \(has.sorted()) by a token with \(should.sorted())") }
            granted += has.count
        }
    }
}
