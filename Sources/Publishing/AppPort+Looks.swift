import Base
import Comet
import Wire

// The answers to operators and apps that look: the clients with most messages waiting, one client, and the apps.
extension AppPort {
    /// Answers GET /clients.
    mutating func writeClients(
        _ call: HTTPCall, _ switchboard: borrowing Switchboard
    ) throws(PublishError) -> Int {
        let most = try AppPort.most(call.request.query)
        let clients = switchboard.deepest(most, now: call.app.now).map { mailbox in
            ClientsAnswer.Row(
                client: String(decoding: mailbox.client, as: UTF8.self), worker: mailbox.worker,
                queued: Double(mailbox.queued), bytes: Double(mailbox.bytes),
                oldestSeconds: Double(mailbox.oldestSeconds))
        }
        ClientsAnswer(clients: clients).write(to: &body)
        return 200
    }

    /// Answers GET /clients/ID.
    mutating func writeClient(
        _ call: HTTPCall, _ switchboard: borrowing Switchboard
    ) throws(PublishError) -> Int {
        let (path, prefix) = (call.request.path, 9)  // behind "/clients/"
        var room: [UInt8] = Array(repeating: 0, count: Limits.clientIdBytes + 1)
        let answer = room.withUnsafeMutableBytes { room -> Result<ClientAnswer, PublishError> in
            guard let client = percentDecode(path.part(prefix, path.count - prefix), into: room) else {
                return .failure(.brokenClient)
            }
            if let message = wrongClientId(client) { return .failure(PublishError(400, "bad_client", message)) }
            let presence = switchboard.presence(client, now: call.app.now)
            return .success(
                ClientAnswer(
                    client: String(decoding: client, as: UTF8.self), connected: presence.connected,
                    worker: presence.worker, queued: Double(presence.queued)))
        }
        try answer.get().write(to: &body)
        return 200
    }

    /// Answers GET /apps. The session that asks is left out: a viewer is no app that publishes. The sessions that
    /// published most come first, and of equals the oldest.
    mutating func writeApps(_ call: HTTPCall) throws(PublishError) -> Int {
        let most = try AppPort.most(call.request.query)
        let others = sessions.values.filter { $0 !== call.app.session && $0.peer != nil }
            .sorted { ($0.tally.publishes, $1.since) > ($1.tally.publishes, $0.since) }
        let rows = others.prefix(most).map { AppsAnswer.Row($0, now: call.app.now) }
        AppsAnswer(apps: rows, more: Double(max(0, others.count - most))).write(to: &body)
        return 200
    }

    /// The number of rows that the query asks for with `most`.
    private static func most(_ query: UnsafeRawBufferPointer) throws(PublishError) -> Int {
        var most = usualRows
        for (name, value) in QueryArguments(query) where matches(name, "most") {
            guard value.count > 0, value.count < 4, value.allSatisfy({ (48...57).contains($0) }) else {
                throw .badMost
            }
            most = value.reduce(0) { $0 * 10 + Int($1 - 48) }
        }
        guard (1...Limits.appAnswerRows).contains(most) else { throw .badMost }
        return most
    }
    /// The number of rows if the query names none.
    private static let usualRows = 10
}

extension AppsAnswer.Row {
    /// The row of a session at a time in milliseconds.
    init(_ session: AppSession, now: UInt64) {
        func seconds(since time: UInt64) -> Double { Double(now - min(now, time)) / 1000 }
        let form: String? =
            switch session.form {
            case .unknown: nil
            case .lines: "lines"
            case .http: "http"
            }
        self.init(
            peer: session.peer ?? "", form: form, connectedSeconds: seconds(since: session.since),
            publishes: Double(session.tally.publishes), bytes: Double(session.tally.bytes),
            errors: Double(session.tally.errors), idleSeconds: seconds(since: session.lastProgress),
            backlogBytes: Double(session.output.count))
    }
}
