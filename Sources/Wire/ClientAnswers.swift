package import Base

// The answers of the app port about clients (docs/protocol.txt, 4). The manager writes these types and has no
// Foundation; `megacomet` and megatop decode them. Numbers are exact below 2^53, as always in JSON.

/// GET /clients: the clients with the most messages waiting, the deepest mailbox first. With ?user=NAME those of one
/// user.
package struct ClientsAnswer: Codable, Equatable {
    package struct Row: Codable, Equatable {
        package var client: String
        /// It holds a receiver, or is between two polls. Recordings of earlier releases do not have it.
        package var connected: Bool?
        /// The worker that the client was last on. `nil` if the manager knows none.
        package var worker: Int?
        /// Messages that wait, the bytes of their JSON, and how long the oldest has waited.
        package var queued: Double
        package var bytes: Double
        package var oldestSeconds: Double

        package init(
            client: String, connected: Bool? = nil, worker: Int?, queued: Double, bytes: Double, oldestSeconds: Double
        ) {
            self.client = client
            self.connected = connected
            self.worker = worker
            self.queued = queued
            self.bytes = bytes
            self.oldestSeconds = oldestSeconds
        }
        enum CodingKeys: String, CodingKey {
            case client, connected, worker, queued, bytes
            case oldestSeconds = "oldest_seconds"
        }
    }
    package var clients: [Row]
    /// The user whose clients they are, how many there are in all, and how many of them are connected. `nil` if no user
    /// was asked for.
    package var user: String?
    package var count: Double?
    package var connected: Double?

    package init(clients: [Row], user: String? = nil, count: Double? = nil, connected: Double? = nil) {
        self.clients = clients
        self.user = user
        self.count = count
        self.connected = connected
    }
    enum CodingKeys: String, CodingKey { case user, count, connected, clients }
}

/// GET /clients/ID, and the rows of POST /clients.
package struct ClientAnswer: Codable, Equatable, Sendable {
    package var client: String
    package var connected: Bool
    package var worker: Int?
    package var queued: Double
    /// The channels that it subscribes to.
    package var channels: [String]

    // What only GET /clients/ID has, since POST /clients may be about many.

    /// The manager knows the client. A client that never came, and for which nothing waits, is not known; nor is one
    /// that was forgotten. `nil` in the rows of POST /clients, and in the answers of earlier releases.
    package var known: Bool?
    /// How its receiver waits: `poll` or `stream`. `nil` if none is held now.
    package var form: String?
    /// Something waits that its receiver has not been sent, in its own mailbox or in one of its channels.
    package var behind: Bool?
    /// The bytes of the messages in its mailbox, how long the oldest has waited, and when the first of them expires.
    /// The seconds are `nil` if there are none.
    package var bytes: Double?
    package var oldestSeconds: Double?
    package var expiresSeconds: Double?
    /// Tokens of the client that were made up to this second since 1970 count no more: an app has revoked them. `nil`
    /// if none were revoked.
    package var revokedUntil: Double?

    package init(client: String, connected: Bool, worker: Int?, queued: Double, channels: [String]) {
        self.client = client
        self.connected = connected
        self.worker = worker
        self.queued = queued
        self.channels = channels
    }
    enum CodingKeys: String, CodingKey {
        case client, connected, worker, queued, channels, known, form, behind, bytes
        case oldestSeconds = "oldest_seconds"
        case expiresSeconds = "expires_seconds"
        case revokedUntil = "revoked_until"
    }
}

// MARK: written without Foundation

extension ClientsAnswer {
    package func write(to out: inout Buffer) {
        var object = JSONObject<CodingKeys>(to: &out)
        if let user {
            object.add(.user, user, to: &out)
            object.add(.count, count, to: &out)
            object.add(.connected, connected, to: &out)
        }
        object.add(.clients, clients, to: &out) { row, out in
            var object = JSONObject<Row.CodingKeys>(to: &out)
            object.add(.client, row.client, to: &out)
            if let connected = row.connected { object.add(.connected, connected, to: &out) }
            object.add(.worker, row.worker.map(Double.init), to: &out)
            object.add(.queued, row.queued, to: &out)
            object.add(.bytes, row.bytes, to: &out)
            object.add(.oldestSeconds, row.oldestSeconds, to: &out)
            object.end(to: &out)
        }
        object.end(to: &out)
    }
}
extension ClientAnswer {
    package func write(to out: inout Buffer) {
        var object = JSONObject<CodingKeys>(to: &out)
        object.add(.client, client, to: &out)
        object.add(.connected, connected, to: &out)
        object.add(.worker, worker.map(Double.init), to: &out)
        object.add(.queued, queued, to: &out)
        object.add(.channels, channels, to: &out) { name, out in out.append(jsonString: name) }
        if let known {
            object.add(.known, known, to: &out)
            object.add(.form, form, to: &out)
            object.add(.behind, behind ?? false, to: &out)
            object.add(.bytes, bytes, to: &out)
            object.add(.oldestSeconds, oldestSeconds, to: &out)
            object.add(.expiresSeconds, expiresSeconds, to: &out)
            object.add(.revokedUntil, revokedUntil, to: &out)
        }
        object.end(to: &out)
    }
}
