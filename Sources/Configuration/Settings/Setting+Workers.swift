extension Setting {
    /// Workers, and who may listen.
    static let ofWorkers: [Setting] = [
        Setting(
            "workers.count", .integer(\.workers.count, 1...128, unit: "processes"), .start, worker: "workers",
            manager: "workers",
            "Worker processes. Each is one thread and takes one port. Use one for each core that clients should have."),
        Setting(
            "workers.address", .text(\.workers.address, .address), .start, worker: "address",
            "The address on which the workers listen for clients. 0.0.0.0 is every IPv4 address of the machine, and "
                + "\"::\" every address of IPv4 and IPv6."),
        Setting(
            "workers.base_port", .integer(\.workers.basePort, ports, unit: "port"), .start,
            "Worker n listens on base_port + n."),
        Setting(
            "workers.port", .integer(\.workers.port, 0...65_535, unit: "port"), .start, worker: "shared-port",
            "A port from which all workers take connections, beside their own: pages then need one URL. 0 means none."),
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
            "workers.max_per_address", .integer(\.workers.maxPerAddress, 0...1_048_576, unit: "connections"),
            .restart, worker: "max-per-address",
            "Connections that one worker holds from one address (IPv6: from one /64). One more is answered 429 with "
                + "Retry-After. 0 means no bound."),
        Setting(
            "workers.accepts_per_address", .integer(\.workers.acceptsPerAddress, 0...1_000_000, unit: "connections"),
            .restart, worker: "accepts-per-address",
            "New connections a second that one worker takes from one address (IPv6: from one /64), with twice as many "
                + "at once. One more is answered 429 with Retry-After. 0 means no bound."),
    ]
}
