/// A row of the table of settings. The file's keys, the daemons' flags, `--help`, `check --show` and the manual's list
/// are all made from it.
package struct Setting: Sendable {
    /// The name in the file: "workers.poll_timeout".
    package let key: String
    package let field: Field
    /// The meaning, and the consequence of reaching the bound, in a sentence or two.
    package let meaning: String
    /// The time when a changed value takes effect.
    package let applies: Applies
    /// The daemon's flag for it, without dashes. An address and its port may share a flag: `--stats HOST:PORT`.
    package let workerFlag: String?
    package let managerFlag: String?
    package let webhookFlag: String?

    /// The place of the value in `Settings`, its type and the values that it may have. Ranges are inclusive.
    package enum Field: Sendable {
        case bool(any WritableKeyPath<Settings, Bool> & Sendable)
        /// `nil` is written "auto": another setting decides.
        case automatic(any WritableKeyPath<Settings, Bool?> & Sendable)
        case integer(any WritableKeyPath<Settings, Int> & Sendable, ClosedRange<Int>, unit: String)
        case number(any WritableKeyPath<Settings, Double> & Sendable, ClosedRange<Double>, unit: String)
        case text(any WritableKeyPath<Settings, String> & Sendable, Rule)
        case list(any WritableKeyPath<Settings, [String]> & Sendable, Rule)
        /// Tables of the file, `[[app.keys]]`: each names a key of apps.
        case keys(any WritableKeyPath<Settings, [AppKeySetting]> & Sendable)
    }
    /// The form that a text must have.
    package enum Rule: Sendable, Equatable {
        case any
        /// A text that is not shown.
        case secret
        /// An address to listen on: IPv4 or IPv6, without brackets and zone.
        case address
        /// An address to connect to: IPv4 or IPv6, or the name of a host, which is looked up.
        case peer
        case path
        /// "*", or scheme://host[:port], as browsers send it.
        case origin
        /// An address, or a network: address/bits.
        case network
        /// An absolute path, or nothing.
        case pathOrEmpty
        /// What the names of some channels begin with.
        case channelPrefix
        /// A host name without a port (RFC 1123, 2.1). Underscores are allowed, too.
        case host
        /// An http or https URL without user and password, or nothing.
        case webhook
        /// The name of a cookie (RFC 6265, 4.1.1), or nothing.
        case cookie
        /// The address of a Redis server, or nothing. Its password is not shown.
        case redis
        /// HOST:PORT to connect to.
        case endpoint
        /// The name of a machine of a cluster, or nothing.
        case node
        /// The name of a server at its Sentinels, or nothing.
        case sentinelMaster
        /// What keys in Redis begin with.
        case keyPrefix
        case oneOf([String])
    }
    package enum Applies: String, Sendable {
        /// `megacomet reload` is enough.
        case reload = "at a reload"
        /// A reload takes the value; each process uses it from its next restart on (`megacomet rolling` for the
        /// workers).
        case restart = "at a restart of the process"
        /// The value is used only at the start: the ports and the number of processes are made then.
        case start = "at stop and start"
    }

    init(
        _ key: String, _ field: Field, _ applies: Applies, worker: String? = nil, manager: String? = nil,
        webhook: String? = nil, _ meaning: String
    ) {
        self.key = key
        self.field = field
        self.applies = applies
        workerFlag = worker
        managerFlag = manager
        webhookFlag = webhook
        self.meaning = meaning
    }

    package var section: String { key.firstIndex(of: ".").map { String(key[..<$0]) } ?? "" }
    package var name: String { key.firstIndex(of: ".").map { String(key[key.index(after: $0)...]) } ?? key }

    /// The value is never shown, or not whole, and no mistake repeats it.
    package var isSecret: Bool {
        switch field {
        case .text(_, .secret), .text(_, .redis), .keys: true
        default: false
        }
    }

    package static func named(_ key: String) -> Setting? { all.first { $0.key == key } }
}

extension Setting {
    static let ports = 1...65535
    static let timeouts = 0.01...86_400.0

    /// Every setting, in the order of the file.
    package static let all =
        [runDirectory] + ofWorkers + ofTheManager + ofTheCluster + ofTokens + ofTLS + ofTheSupervisor

    package static let runDirectory = Setting(
        "run_directory", .text(\.runDirectory, .path), .start, worker: "run-directory", manager: "run-directory",
        webhook: "run-directory",
        "The folder of the control socket, the stats token, the crash reports and the lock. If the default can't "
            + "be written, a private folder under the user's runtime or temporary directory is used."
    )
}
