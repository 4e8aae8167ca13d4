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

    /// The place of the value in `Settings`, its type and the values that it may have. Ranges are inclusive.
    package enum Field: Sendable {
        case bool(any WritableKeyPath<Settings, Bool> & Sendable)
        /// `nil` is written "auto": another setting decides.
        case automatic(any WritableKeyPath<Settings, Bool?> & Sendable)
        case integer(any WritableKeyPath<Settings, Int> & Sendable, ClosedRange<Int>, unit: String)
        case number(any WritableKeyPath<Settings, Double> & Sendable, ClosedRange<Double>, unit: String)
        case text(any WritableKeyPath<Settings, String> & Sendable, Rule)
        case list(any WritableKeyPath<Settings, [String]> & Sendable, Rule)
    }
    /// The form that a text must have.
    package enum Rule: Sendable, Equatable {
        case any
        /// An IPv4 address of four numbers.
        case address
        case path
        /// "*", or scheme://host[:port], as browsers send it.
        case origin
        /// An IPv4 address, or a network: address/bits.
        case network
        /// An absolute path, or nothing.
        case pathOrEmpty
        /// What the names of some channels begin with.
        case channelPrefix
        /// A host name without a port (RFC 1123, 2.1). Underscores are allowed, too.
        case host
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
        _ meaning: String
    ) {
        self.key = key
        self.field = field
        self.applies = applies
        workerFlag = worker
        managerFlag = manager
        self.meaning = meaning
    }

    package var section: String { key.firstIndex(of: ".").map { String(key[..<$0]) } ?? "" }
    package var name: String { key.firstIndex(of: ".").map { String(key[key.index(after: $0)...]) } ?? key }

    package static func named(_ key: String) -> Setting? { all.first { $0.key == key } }
}

extension Setting {
    private static let ports = 1...65535
    private static let timeouts = 0.01...86_400.0

    /// Every setting, in the order of the file.
    package static let all: [Setting] = [
        Setting(
            "run_directory", .text(\.runDirectory, .path), .start, worker: "run-directory", manager: "run-directory",
            "The folder of the control socket, the stats token, the crash reports and the lock. If the default can't "
                + "be written, a private folder under the user's runtime or temporary directory is used."
        ),

        Setting(
            "workers.count", .integer(\.workers.count, 1...128, unit: "processes"), .start, worker: "workers",
            manager: "workers",
            "Worker processes. Each is one thread and takes one port. Use one for each core that clients should have."),
        Setting(
            "workers.address", .text(\.workers.address, .address), .start, worker: "address",
            "The address on which the workers listen for clients. 0.0.0.0 is every interface."),
        Setting(
            "workers.base_port", .integer(\.workers.basePort, ports, unit: "port"), .start,
            "Worker n listens on base_port + n."),
        Setting(
            "workers.max_connections", .integer(\.workers.maxConnections, 1...1_048_576, unit: "connections"), .restart,
            worker: "max-connections",
            "Connections that one worker holds. One more is answered 503 with Retry-After. If the process may not open "
                + "that many, it says so and holds as many as it can."
        ),
        Setting(
            "workers.poll_timeout", .number(\.workers.pollTimeout, timeouts, unit: "s"), .restart,
            worker: "poll-timeout",
            "A poll without a message is answered empty after this time. If many begin at once, some are answered "
                + "earlier, after half of it at the least. Keep it under the timeouts of proxies (60 s)."
        ),
        Setting(
            "workers.heartbeat", .number(\.workers.heartbeat, timeouts, unit: "s"), .restart, worker: "heartbeat",
            "An event stream or a WebSocket that was sent nothing for so long is sent a heartbeat. The page gives up a "
                + "stream that is silent for 8 s more, so keep the sum under queue.ttl and the timeouts of proxies."
        ),
        Setting(
            "workers.header_timeout", .number(\.workers.headerTimeout, timeouts, unit: "s"), .restart,
            worker: "header-timeout",
            "A request must be complete after this time, and an answer read. Otherwise the connection is closed."),
        Setting(
            "workers.idle_timeout", .number(\.workers.idleTimeout, timeouts, unit: "s"), .restart,
            worker: "idle-timeout",
            "A kept-alive connection without a request is closed after this time. Keep it over the time for which a "
                + "proxy or balancer keeps connections (60 s). Otherwise it sends requests into connections that are "
                + "being closed."),
        Setting(
            "workers.max_request", .integer(\.workers.maxRequest, 256...65_536, unit: "bytes"), .restart,
            worker: "max-request",
            "Bytes of a request's first line and headers, without cookies (16 KiB of cookies are skipped). "
                + "A larger request gets 414 or 431."),
        Setting(
            "workers.origins", .list(\.workers.origins, .origin), .restart, worker: "origins",
            "Web origins that may poll as JSON from a browser (CORS), written as browsers send them: in small letters "
                + "and without the scheme's own port, \"https://www.example.org\". \"*\" alone allows all origins. "
                + "Origins that are named may send credentials."),
        Setting(
            "workers.jsonp", .bool(\.workers.jsonp), .restart, worker: "jsonp",
            "Whether script tags may poll (JSONP). They don't say on which page they are, so workers.origins keeps "
                + "none of them out. If false, they get 403."),
        Setting(
            "workers.trusted_proxies", .list(\.workers.trustedProxies, .network), .restart, worker: "trusted-proxies",
            "Proxies whose X-Forwarded-For is believed when the log names the client (log.level \"debug\"). From "
                + "anyone else it is ignored."
        ),

        Setting(
            "manager.address", .text(\.manager.address, .address), .start, worker: "manager", manager: "address",
            "The address on which the manager listens for its workers, and for apps of the seed's protocol. It has no "
                + "key: keep it on loopback."
        ),
        Setting(
            "manager.port", .integer(\.manager.port, ports, unit: "port"), .start, worker: "manager", manager: "port",
            "The manager's port for workers."),
        Setting(
            "manager.seed_protocol", .automatic(\.manager.seedProtocol), .restart, manager: "seed-protocol",
            "Whether the seed's two commands are spoken on that port as well, by anyone on this machine and "
                + "without the key. \"auto\": only if app.key is empty."),

        Setting(
            "app.address", .text(\.app.address, .address), .start, manager: "app-address",
            "The address on which apps publish. An address that is not loopback needs app.key."),
        Setting(
            "app.port", .integer(\.app.port, ports, unit: "port"), .start, manager: "app-port",
            "The port on which apps publish."),
        Setting(
            "app.key", .text(\.app.key, .any), .restart,
            "The key that an app must send as Authorization: Bearer KEY. Empty asks for none. The manager gets it in a "
                + "file (--app-key-file), never on its command line."
        ),
        Setting(
            "app.hosts", .list(\.app.hosts, .host), .restart, manager: "app-hosts",
            "Names by which apps ask for this machine without a key (the Host of a request), beside addresses, "
                + "localhost and its own host name. Any other name gets 403, so that no web page gets in. "
                + "A request with the key may use any name."),

        Setting(
            "queue.ttl", .number(\.queue.ttl, 0.01...604_800, unit: "s"), .restart, manager: "ttl",
            "A message that nobody fetched is forgotten after this time, unless its publisher says otherwise."),
        Setting(
            "queue.max_message", .integer(\.queue.maxMessage, 1...16_777_216, unit: "bytes"), .restart,
            manager: "max-message",
            "Bytes of one message's JSON. A longer message gets 413."),
        Setting(
            "queue.max_per_client", .integer(\.queue.maxPerClient, 1...1_000_000, unit: "messages"), .restart,
            manager: "max-per-client",
            "Messages that wait for one client. If one more comes, the oldest is dropped and counted, and the client "
                + "is told of a gap."
        ),
        Setting(
            "queue.max_messages", .integer(\.queue.maxMessages, 1...100_000_000, unit: "messages"), .restart,
            manager: "max-messages",
            "Messages that wait in all. One more publish is refused with 503."),
        Setting(
            "queue.max_bytes", .integer(\.queue.maxBytes, 1024...1_099_511_627_776, unit: "bytes"), .restart,
            manager: "max-bytes",
            "Bytes of the messages that wait in all. A publish that would exceed it is refused with 503."),
        Setting(
            "queue.journal", .text(\.queue.journal, .oneOf(["process", "disk", "off"])), .restart, manager: "journal",
            "What keeps the queue over the manager's death. \"process\": memory that the supervisor holds for it. "
                + "\"disk\": also files, so that it outlives a stop and a power failure. \"off\": nothing does."),
        Setting(
            "queue.journal_directory", .text(\.queue.journalDirectory, .pathOrEmpty), .restart,
            manager: "journal-directory",
            "The folder of the files with queue.journal = \"disk\". Empty: /var/lib/megacomet."),

        Setting(
            "channels.max_messages", .integer(\.channels.maxMessages, 1...1_000_000, unit: "messages"), .restart,
            manager: "channel-messages",
            "Messages that are kept in one channel. If one more comes, the oldest is dropped and counted, and "
                + "subscribers who had not read it are told of a gap."),
        Setting(
            "channels.max_per_client", .integer(\.channels.maxPerClient, 1...1000, unit: "channels"), .restart,
            manager: "channels-per-client",
            "Channels that one client may subscribe to. A subscription to one more is refused."),
        Setting(
            "channels.linger", .number(\.channels.linger, 10...86_400, unit: "s"), .restart, manager: "linger",
            "The subscriptions of a client end this time after it was last connected."),
        Setting(
            "channels.presence", .list(\.channels.presence, .channelPrefix), .restart, manager: "presence",
            "Channels whose names begin with one of these tell their subscribers who came and who left. That tells "
                + "the users' names to all of them, and whoever knows a user's name can read what is published to "
                + "that user. So each start warns of it."),

        Setting(
            "stats.address", .text(\.stats.address, .address), .start, worker: "stats", manager: "stats",
            "The address on which the supervisor takes the daemons' reports (UDP). Keep it on loopback."),
        Setting(
            "stats.port", .integer(\.stats.port, ports, unit: "port"), .start, worker: "stats", manager: "stats",
            "The UDP port of the stats channel."),
        Setting(
            "stats.interval", .number(\.stats.interval, 0.05...60, unit: "s"), .start, worker: "stats-interval",
            manager: "stats-interval",
            "The time between two reports of a daemon. A daemon that misses three reports is suspect."),

        Setting(
            "operator.address", .text(\.operator.address, .address), .start,
            "The address on which the supervisor serves /metrics, /health and /status."),
        Setting(
            "operator.port", .integer(\.operator.port, ports, unit: "port"), .start,
            "The port of /metrics, /health and /status."),
        Setting(
            "operator.hosts", .list(\.operator.hosts, .host), .reload,
            "Names by which programs ask for /status (the Host of a request), beside addresses, localhost and the "
                + "machine's own host name. Any other name gets 403. /metrics and /health are answered for everyone."),

        Setting(
            "supervisor.drain", .number(\.supervisor.drain, 0...3600, unit: "s"), .reload, worker: "drain",
            "A worker that is replaced or stopped sends its clients away over this time, so that they don't all come "
                + "back at once."
        ),
        Setting(
            "supervisor.stop", .number(\.supervisor.stop, 0.1...600, unit: "s"), .reload,
            "A process that was told to end, and did not, is killed after this time."),
        Setting(
            "supervisor.watchdog", .number(\.supervisor.watchdog, 0...3600, unit: "s"), .reload,
            "A process that sends no report for this time is killed and started again. 0 means never."),
        Setting(
            "supervisor.restart_delay", .number(\.supervisor.restartDelay, 0.01...3600, unit: "s"), .reload,
            "The wait before a process that died is started again. It is three times as long after each further death, "
                + "plus or minus a fifth."
        ),
        Setting(
            "supervisor.restart_delay_max", .number(\.supervisor.restartDelayMax, 0.01...3600, unit: "s"), .reload,
            "The longest wait before a process that died is started again."),
        Setting(
            "supervisor.crashloop_exits", .integer(\.supervisor.crashloopExits, 2...1000, unit: "exits"), .reload,
            "So many exits within crashloop_window are a crash loop. The process is shown as critical, and is started "
                + "again once a window for ever."
        ),
        Setting(
            "supervisor.crashloop_window", .number(\.supervisor.crashloopWindow, 0.1...86_400, unit: "s"), .reload,
            "The time in which the exits of a crash loop are counted. It is also the time after which a healthy "
                + "process is forgiven, and the time between the starts in a crash loop."
        ),

        Setting(
            "log.level",
            .text(\.log.level, .oneOf(["trace", "debug", "info", "notice", "warning", "error", "critical"])), .restart,
            worker: "log-level", manager: "log-level",
            "The least severity that is logged. At debug there is a line for each connection."),
        Setting(
            "log.format", .text(\.log.format, .oneOf(["text", "json"])), .restart, worker: "log-format",
            manager: "log-format",
            "The form of log lines on standard error: text for people, or a JSON object each."),
    ]
}
