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
    package init(_ session: borrowing AppSession, peer: String, since: UInt64, lastProgress: UInt64, now: UInt64) {
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
        _ query: UnsafeRawBufferPointer, _ switchboard: borrowing Switchboard, _ now: UInt64
    ) -> PublishError? {
        guard let most = AppPort.most(query) else { return .badMost }
        let clients = switchboard.deepest(most, now: now).map { mailbox in
            ClientsAnswer.Row(
                client: String(decoding: mailbox.client, as: UTF8.self), worker: mailbox.worker,
                queued: Double(mailbox.queued), bytes: Double(mailbox.bytes),
                oldestSeconds: Double(mailbox.oldestSeconds))
        }
        ClientsAnswer(clients: clients).write(to: &body)
        return nil
    }

    /// GET /clients/ID
    mutating func writeClient(
        _ path: UnsafeRawBufferPointer, _ switchboard: borrowing Switchboard, _ now: UInt64
    ) -> PublishError? {
        var room: [UInt8] = Array(repeating: 0, count: Limits.clientIdBytes + 1)
        return room.withUnsafeMutableBytes { room in
            guard let client = percentDecode(path.part(9, path.count - 9), into: room) else {
                return PublishError(
                    400, "bad_client", "the client id is over 128 bytes, or its percent-encoding is broken")
            }
            if let message = wrongClientId(client) { return PublishError(400, "bad_client", message) }
            let presence = switchboard.presence(client, now: now)
            ClientAnswer(
                client: String(decoding: client, as: UTF8.self), connected: presence.connected,
                worker: presence.worker, queued: Double(presence.queued)
            ).write(to: &body)
            return nil
        }
    }

    /// `{"apps":[{"peer":"127.0.0.1:51022","form":"lines",..},...],"more":0}`, those that published most first, among
    /// equals the oldest.
    mutating func writeApps(_ query: UnsafeRawBufferPointer, _ others: () -> [ConnectedApp]) -> PublishError? {
        guard let most = AppPort.most(query) else { return .badMost }
        let apps = others().sorted {
            ($0.tally.publishes, $0.connectedMilliseconds) > ($1.tally.publishes, $1.connectedMilliseconds)
        }
        AppsAnswer(apps: apps.prefix(most).map(AppsAnswer.Row.init), more: Double(max(0, apps.count - most)))
            .write(to: &body)
        return nil
    }

    /// How many rows are asked for with `most`; nil where that is no number of the range.
    static func most(_ query: UnsafeRawBufferPointer) -> Int? {
        var most = usualRows
        for (name, value) in QueryArguments(query) where matches(name, "most") {
            guard value.count > 0, value.count < 4, value.allSatisfy({ (48...57).contains($0) }) else { return nil }
            most = value.reduce(0) { $0 * 10 + Int($1 - 48) }
        }
        return (1...Limits.appAnswerRows).contains(most) ? most : nil
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
