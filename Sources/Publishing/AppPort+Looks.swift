import Base
import Comet
import Wire

// The answers to operators and apps that look: the clients with most messages waiting, some clients, and the apps.
extension AppPort {
    /// Answers GET /clients.
    mutating func writeClients(
        _ call: HTTPCall, _ switchboard: borrowing Switchboard
    ) throws(PublishError) -> Int {
        let most = try AppPort.most(call.request.query)
        guard let user = try AppPort.user(call.request.query) else {
            let clients = switchboard.deepest(most, now: call.app.now).map { ClientsAnswer.Row($0) }
            ClientsAnswer(clients: clients).write(to: &body)
            return 200
        }
        let found = user.withUnsafeBytes { switchboard.clients(ofUser: $0, most, now: call.app.now) }
        ClientsAnswer(
            clients: found.rows.map { ClientsAnswer.Row($0) }, user: String(decoding: user, as: UTF8.self),
            count: Double(found.count), connected: Double(found.connected)
        ).write(to: &body)
        return 200
    }
    /// The user that the query names. `nil` if it names none.
    private static func user(_ query: UnsafeRawBufferPointer) throws(PublishError) -> [UInt8]? {
        var user: [UInt8]?
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: Limits.clientIdBytes + 1, alignment: 1)
        defer { room.deallocate() }
        for (name, value) in QueryArguments(query) where matches(name, "user") {
            guard let decoded = percentDecode(value, into: room) else { throw .brokenUser }
            try check(user: decoded)
            user = Array(decoded)
        }
        return user
    }

    /// Answers GET /clients/ID.
    mutating func writeClient(
        _ call: HTTPCall, _ switchboard: borrowing Switchboard
    ) throws(PublishError) -> Int {
        let row = try name(in: call.request.path, behind: "/clients/", .brokenClient) { client throws(PublishError) in
            if let message = wrongClientId(client) { throw PublishError(400, "bad_client", message) }
            var answer = ClientAnswer(client, switchboard, now: call.app.now)
            answer.add(switchboard.look(client, now: call.app.now))
            return answer
        }
        row.write(to: &body)
        return 200
    }
    /// Answers POST /clients: a row for each client of the body's list, in its order.
    mutating func writeListedClients(
        _ call: HTTPCall, _ switchboard: borrowing Switchboard
    ) throws(PublishError) -> Int {
        let clients: [UnsafeRawBufferPointer]
        do throws(PublishError) {
            clients = try document.listedClients(in: call.body)
        } catch {
            throw reject(error, call.app.session)
        }
        for (at, client) in clients.enumerated() {
            body.append(at == 0 ? "[" : ",")
            ClientAnswer(client, switchboard, now: call.app.now).write(to: &body)
            guard body.count <= Limits.clientsAnswerBytes else { throw reject(.tooManyRows, call.app.session) }
        }
        body.append("]")
        return 200
    }

    /// Answers GET /apps. The session that asks is left out: a viewer is no app that publishes. The sessions that
    /// published most come first, and of equals the oldest.
    mutating func writeApps(_ call: HTTPCall) throws(PublishError) -> Int {
        let most = try AppPort.most(call.request.query)
        let others = sessions.values.filter { $0 !== call.app.session && $0.peer != nil }
            .sorted { ($0.tally.publishes, $1.since) > ($1.tally.publishes, $0.since) }
        let rows = others.prefix(most).map { AppsAnswer.Row($0, keys, now: call.app.now) }
        AppsAnswer(apps: rows, more: Double(max(0, others.count - most)), keys: keyRows(now: call.app.now))
            .write(to: &body)
        return 200
    }

    /// The keys in the order of the settings. So one can see when nobody uses an old key any more.
    private func keyRows(now: UInt64) -> [AppsAnswer.Key] {
        var times = keys.all.indices.map { keys.lastUse($0) }
        for session in sessions.values {
            if let key = session.key { times[key] = max(times[key] ?? 0, session.lastProgress) }
        }
        return zip(keys.all, times).map { key, time in
            AppsAnswer.Key(key: key.name, idleSeconds: time.map { Double((now - min(now, $0)) / 1000) })
        }
    }

    /// The name behind the prefix of a path, decoded.
    func name<Answer>(
        in path: UnsafeRawBufferPointer, behind prefix: StaticString, _ broken: PublishError,
        _ body: (UnsafeRawBufferPointer) throws(PublishError) -> Answer
    ) throws(PublishError) -> Answer {
        let count = prefix.utf8CodeUnitCount
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: Limits.clientIdBytes + 1, alignment: 1)
        defer { room.deallocate() }
        guard let name = percentDecode(path.part(count, path.count - count), into: room) else { throw broken }
        return try body(name)
    }

    /// The number of rows that the query asks for with `most`.
    static func most(_ query: UnsafeRawBufferPointer) throws(PublishError) -> Int {
        try number("most", in: query, 1...Limits.appAnswerRows, otherwise: usualRows, .badMost)
    }
    /// The number of rows if the query names none.
    private static let usualRows = 10
    /// A whole number of the query.
    static func number(
        _ wanted: StaticString, in query: UnsafeRawBufferPointer, _ range: ClosedRange<Int>, otherwise usual: Int,
        _ error: PublishError
    ) throws(PublishError) -> Int {
        var number = usual
        for (name, value) in QueryArguments(query) where matches(name, wanted) {
            guard value.count > 0, value.count < 5, value.allSatisfy({ (48...57).contains($0) }) else { throw error }
            number = value.reduce(0) { $0 * 10 + Int($1 - 48) }
        }
        guard range.contains(number) else { throw error }
        return number
    }
}

extension ClientsAnswer.Row {
    init(_ mailbox: Switchboard.DeepMailbox) {
        self.init(
            client: String(decoding: mailbox.client, as: UTF8.self), connected: mailbox.connected,
            worker: mailbox.worker, queued: Double(mailbox.queued), bytes: Double(mailbox.bytes),
            oldestSeconds: Double(mailbox.oldestSeconds))
    }
}

extension ClientAnswer {
    mutating func add(_ look: Switchboard.ClientLook) {
        known = look.known
        form = look.form?.description
        behind = look.behind
        bytes = Double(look.bytes)
        oldestSeconds = look.oldestSeconds.map(Double.init)
        expiresSeconds = look.expiresSeconds.map(Double.init)
        revokedUntil = look.revokedUntil.map(Double.init)
    }
    init(_ client: UnsafeRawBufferPointer, _ switchboard: borrowing Switchboard, now: UInt64) {
        let presence = switchboard.presence(client, now: now)
        self.init(
            client: String(decoding: client, as: UTF8.self), connected: presence.connected, worker: presence.worker,
            queued: Double(presence.queued), channels: switchboard.channels(of: client))
    }
}

extension AppsAnswer.Row {
    /// The row of a session at a time in milliseconds.
    init(_ session: AppSession, _ keys: AppKeys, now: UInt64) {
        func seconds(since time: UInt64) -> Double { Double(now - min(now, time)) / 1000 }
        let form: String? =
            switch session.form {
            case .unknown: nil
            case .lines: "lines"
            case .http: "http"
            }
        self.init(
            number: Double(session.number), name: session.name, peer: session.peer ?? "", form: form,
            key: keys.name(session.key), connectedSeconds: seconds(since: session.since),
            publishes: Double(session.tally.publishes), bytes: Double(session.tally.bytes),
            errors: Double(session.tally.errors), idleSeconds: seconds(since: session.lastProgress),
            backlogBytes: Double(session.output.count))
        stalledSeconds = session.output.isEmpty ? nil : idleSeconds
        events = Double(session.tally.events)
        rights = keys.rights(session.key).names
        refusal = session.refusal.map {
            Refusal(code: $0.code, message: $0.message, secondsAgo: seconds(since: $0.time))
        }
    }
}
