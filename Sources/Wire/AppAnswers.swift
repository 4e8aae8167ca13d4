package import Base

// The answers of the app port about apps (docs/protocol.txt, 4). The manager writes these types and has no Foundation;
// `megacomet` and megatop decode them. Numbers are exact below 2^53, as always in JSON.

/// GET /apps: the connections of apps. Those that published most come first. No keys and no messages are in it.
package struct AppsAnswer: Codable, Equatable {
    package struct Row: Codable, Equatable, Sendable {
        /// Address and port.
        package var peer: String
        /// `lines` or `http`. `nil` if nothing came yet.
        package var form: String?
        /// The name of its key. `nil` if it has shown none.
        package var key: String?
        /// Times are exact to the millisecond, since readers compute rates from two answers.
        package var connectedSeconds: Double
        /// Publishes that were taken up, the bytes of their messages, and what was refused.
        package var publishes: Double
        package var bytes: Double
        package var errors: Double
        package var idleSeconds: Double
        /// Bytes of answers that the app has not read yet.
        package var backlogBytes: Double

        package init(
            peer: String, form: String?, key: String? = nil, connectedSeconds: Double, publishes: Double, bytes: Double,
            errors: Double,
            idleSeconds: Double, backlogBytes: Double
        ) {
            self.peer = peer
            self.form = form
            self.key = key
            self.connectedSeconds = connectedSeconds
            self.publishes = publishes
            self.bytes = bytes
            self.errors = errors
            self.idleSeconds = idleSeconds
            self.backlogBytes = backlogBytes
        }
        enum CodingKeys: String, CodingKey {
            case peer, form, key, publishes, bytes, errors
            case connectedSeconds = "connected_seconds"
            case idleSeconds = "idle_seconds"
            case backlogBytes = "backlog_bytes"
        }
    }
    package var apps: [Row]
    /// The number of connections that have no row here.
    package var more: Double
    /// The keys of apps, in the order of the settings. Recordings of release 1 have none.
    package var keys: [Key]?

    package struct Key: Codable, Equatable, Sendable {
        package var key: String
        /// Whole seconds since an app with this key last got on. `nil` if none did since the manager started.
        package var idleSeconds: Double?
        package init(key: String, idleSeconds: Double?) {
            self.key = key
            self.idleSeconds = idleSeconds
        }
        enum CodingKeys: String, CodingKey {
            case key
            case idleSeconds = "idle_seconds"
        }
    }

    package init(apps: [Row], more: Double, keys: [Key] = []) {
        self.apps = apps
        self.more = more
        self.keys = keys
    }
    enum CodingKeys: String, CodingKey { case apps, more, keys }
}

/// The app port's answer to a request that it refuses.
package struct AppErrorAnswer: Codable, Equatable {
    package struct Why: Codable, Equatable {
        package var code: String?
        package var message: String?
    }
    package var error: Why
}

// MARK: written without Foundation

extension AppsAnswer {
    package func write(to out: inout Buffer) {
        var object = JSONObject<CodingKeys>(to: &out)
        object.add(.apps, apps, to: &out) { row, out in
            var object = JSONObject<Row.CodingKeys>(to: &out)
            object.add(.peer, row.peer, to: &out)
            object.add(.form, row.form, to: &out)
            object.add(.key, row.key, to: &out)
            object.add(milliseconds: .connectedSeconds, row.connectedSeconds, to: &out)
            object.add(.publishes, row.publishes, to: &out)
            object.add(.bytes, row.bytes, to: &out)
            object.add(.errors, row.errors, to: &out)
            object.add(milliseconds: .idleSeconds, row.idleSeconds, to: &out)
            object.add(.backlogBytes, row.backlogBytes, to: &out)
            object.end(to: &out)
        }
        object.add(.more, more, to: &out)
        object.add(.keys, keys ?? [], to: &out) { row, out in
            var object = JSONObject<Key.CodingKeys>(to: &out)
            object.add(.key, row.key, to: &out)
            object.add(.idleSeconds, row.idleSeconds, to: &out)
            object.end(to: &out)
        }
        object.end(to: &out)
    }
}
