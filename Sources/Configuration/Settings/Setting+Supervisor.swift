extension Setting {
    /// The supervisor, and what operators see.
    static let ofTheSupervisor: [Setting] = [
        Setting(
            "stats.address", .text(\.stats.address, .address), .start, worker: "stats", manager: "stats",
            webhook: "stats",
            "The address on which the supervisor takes the daemons' reports (UDP). Keep it on loopback."),
        Setting(
            "stats.port", .integer(\.stats.port, ports, unit: "port"), .start, worker: "stats", manager: "stats",
            webhook: "stats",
            "The UDP port of the stats channel."),
        Setting(
            "stats.interval", .number(\.stats.interval, 0.05...60, unit: "s"), .start, worker: "stats-interval",
            manager: "stats-interval", webhook: "stats-interval",
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
            worker: "log-level", manager: "log-level", webhook: "log-level",
            "The least severity that is logged. At debug there is a line for each request. Client ids are "
                + "in these lines only if tokens are required."),
        Setting(
            "log.format", .text(\.log.format, .oneOf(["text", "json"])), .restart, worker: "log-format",
            manager: "log-format", webhook: "log-format",
            "The form of log lines on standard error: text for people, or a JSON object each."),
    ]
}
