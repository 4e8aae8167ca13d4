package import Base

// The answers of the app port about apps (docs/protocol.txt, 4). The manager writes these types and has no Foundation;
// `megacomet` and megatop decode them. Numbers are exact below 2^53, as always in JSON.

/// GET /apps: the connections of apps. Those that published most come first. No keys and no messages are in it.
package struct AppsAnswer: Codable, Equatable {
    package struct Row: Codable, Equatable, Sendable {
        /// Connections are numbered in the order that they came in since the manager started. Recordings of earlier
        /// releases have neither this nor anything else that may be `nil` behind `backlogBytes`.
        package var number: Double?
        /// The name that the app gave itself: on lines by `{"app":"NAME"}`, over HTTP the first word of its User-Agent.
        package var name: String?
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
        /// For how long it has taken nothing of them. `nil` if none waits.
        package var stalledSeconds: Double?
        /// Events that it was told, by GET /events, on a stream, or of a client that it follows.
        package var events: Double?
        /// The rights of its key.
        package var rights: [String]?
        /// The last thing that was refused to it. `nil` if nothing was.
        package var refusal: Refusal?

        package struct Refusal: Codable, Equatable, Sendable {
            package var code: String
            package var message: String
            package var secondsAgo: Double
            package init(code: String, message: String, secondsAgo: Double) {
                self.code = code
                self.message = message
                self.secondsAgo = secondsAgo
            }
            enum CodingKeys: String, CodingKey {
                case code, message
                case secondsAgo = "seconds_ago"
            }
        }

        package init(
            number: Double? = nil, name: String? = nil, peer: String, form: String?, key: String? = nil,
            connectedSeconds: Double, publishes: Double, bytes: Double, errors: Double, idleSeconds: Double,
            backlogBytes: Double
        ) {
            self.number = number
            self.name = name
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
            case number, name, peer, form, key, publishes, bytes, errors, events, rights, refusal
            case connectedSeconds = "connected_seconds"
            case idleSeconds = "idle_seconds"
            case backlogBytes = "backlog_bytes"
            case stalledSeconds = "stalled_seconds"
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

extension AppsAnswer.Row.Refusal {
    func write(to out: inout Buffer) {
        var object = JSONObject<CodingKeys>(to: &out)
        object.add(.code, code, to: &out)
        object.add(.message, message, to: &out)
        object.add(milliseconds: .secondsAgo, secondsAgo, to: &out)
        object.end(to: &out)
    }
}
extension AppsAnswer {
    package func write(to out: inout Buffer) {
        var object = JSONObject<CodingKeys>(to: &out)
        object.add(.apps, apps, to: &out) { row, out in
            var object = JSONObject<Row.CodingKeys>(to: &out)
            object.add(.number, row.number, to: &out)
            object.add(.name, row.name, to: &out)
            object.add(.peer, row.peer, to: &out)
            object.add(.form, row.form, to: &out)
            object.add(.key, row.key, to: &out)
            object.add(milliseconds: .connectedSeconds, row.connectedSeconds, to: &out)
            object.add(.publishes, row.publishes, to: &out)
            object.add(.bytes, row.bytes, to: &out)
            object.add(.errors, row.errors, to: &out)
            object.add(milliseconds: .idleSeconds, row.idleSeconds, to: &out)
            object.add(.backlogBytes, row.backlogBytes, to: &out)
            object.add(milliseconds: .stalledSeconds, row.stalledSeconds, to: &out)
            object.add(.events, row.events, to: &out)
            object.add(.rights, row.rights ?? [], to: &out) { right, out in out.append(jsonString: right) }
            object.add(.refusal, row.refusal, to: &out) { $0.write(to: &$1) }
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
