import Base
import Comet
import Wire

// What an operator or an app may look at: the clients with most messages waiting, one client, and who publishes.

/// What one connection of an app has sent since it came.
struct AppTally: Equatable {
    /// Publishes that were taken up, and the bytes of their messages.
    var publishes: UInt64 = 0
    var bytes: UInt64 = 0
    /// What was refused: publishes (also for want of room), keys, and requests that failed.
    var errors: UInt64 = 0
}

/// One connection of an app, as it is told of: never with keys or messages.
package struct ConnectedApp {
    /// Address and port.
    let peer: String
    let form: AppSession.Form
    let tally: AppTally
    let connectedMilliseconds: UInt64
    let idleMilliseconds: UInt64
    /// Bytes of answers that wait until it reads.
    let backlogBytes: Int

    /// `since`: when it came; `lastProgress`: when it last got on. Both, and now, in milliseconds of one clock.
    package init(_ session: AppSession, peer: String, since: UInt64, lastProgress: UInt64, now: UInt64) {
        self.peer = peer
        form = session.form
        tally = session.tally
        connectedMilliseconds = now - min(now, since)
        idleMilliseconds = now - min(now, lastProgress)
        backlogBytes = session.output.count
    }
}

extension AppPort {
    /// GET /clients
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

    /// GET /clients/ID
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

    /// GET /apps: those that published most first, among equals the oldest.
    mutating func writeApps(_ call: HTTPCall) throws(PublishError) -> Int {
        let most = try AppPort.most(call.request.query)
        let apps = call.app.others().sorted {
            ($0.tally.publishes, $0.connectedMilliseconds) > ($1.tally.publishes, $1.connectedMilliseconds)
        }
        AppsAnswer(apps: apps.prefix(most).map(AppsAnswer.Row.init), more: Double(max(0, apps.count - most)))
            .write(to: &body)
        return 200
    }

    /// How many rows are asked for with `most`.
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
    /// Where the query does not say how many.
    private static let usualRows = 10
}

extension AppsAnswer.Row {
    init(_ app: ConnectedApp) {
        let form: String? =
            switch app.form {
            case .unknown: nil
            case .lines: "lines"
            case .http: "http"
            }
        self.init(
            peer: app.peer, form: form, connectedSeconds: Double(app.connectedMilliseconds) / 1000,
            publishes: Double(app.tally.publishes), bytes: Double(app.tally.bytes), errors: Double(app.tally.errors),
            idleSeconds: Double(app.idleMilliseconds) / 1000, backlogBytes: Double(app.backlogBytes))
    }
}
