extension Metric {
    private static func closes(_ reason: String) -> Label {
        Label(family: "closes_total", key: "reason", value: reason)
    }

    static let worker: [Metric] =
        [
            Metric(
                .connsOpen, "conns_open", .gauge, .worker,
                "Client connections that are open, also those above conn_limit that are only told 503.",
                advice: "Near the limit: more workers, or a higher workers.max_connections and descriptor limit.",
                threshold: .share(of: .connLimit, 0.80, 0.95)),
            Metric(
                .connsParked, "conns_parked", .gauge, .worker,
                "Connections that wait for messages: polls, event streams and WebSockets."),
            Metric(.connsPeak, "conns_peak", .gauge, .worker, "Most connections at once since the worker started."),
            Metric(
                .connLimit, "conn_limit", .limit, .worker,
                "Connections that the worker takes: workers.max_connections, or what its descriptor limit allows."),
            Metric(.accepts, "accepts_total", .counter, .worker, "Connections accepted."),
            Metric(
                .acceptErrors, "accept_errors_total", .counter, .worker,
                "accept(2) calls that failed: out of descriptors or memory, or the client was gone.",
                advice: "If it grows, raise the descriptor limit (megacomet doctor).", threshold: .rate(0.1, 10)),
            Metric(
                .rejectedLimit, "rejected_limit_total", .counter, .worker,
                "Requests answered 503 because the worker was full: one more connection than conn_limit was open.",
                advice: "Add workers or raise workers.max_connections.", threshold: .rate(0.1, 10)),
            Metric(
                .closesClient, "closes_client_total", .counter, .worker, "Connections that the client closed.",
                label: closes("client")),
            Metric(
                .closesTimeout, "closes_timeout_total", .counter, .worker,
                "Connections closed for want of a whole request, or of a next one.", label: closes("timeout")),
            Metric(
                .closesDrain, "closes_drain_total", .counter, .worker, "Connections closed by a drain.",
                label: closes("drain")),
            Metric(
                .closesError, "closes_error_total", .counter, .worker,
                "Connections closed after a bad request or a failed write.", label: closes("error")),
            Metric(
                .closesSlow, "closes_slow_client_total", .counter, .worker,
                "Connections cut because the client did not read its answer.", label: closes("slow_client")),
            Metric(
                .closesAnswered, "closes_answered_total", .counter, .worker,
                "Connections closed after their answer, as the client had asked.", label: closes("answered")),
            Metric(.polls, "polls_total", .counter, .worker, "Polls that came."),
            Metric(.pollsAnswered, "polls_answered_total", .counter, .worker, "Polls answered with messages."),
            Metric(
                .pollsEmpty, "polls_empty_total", .counter, .worker,
                "Polls answered empty: their time was over, or the worker drained."),
            Metric(
                .pollsReplaced, "polls_replaced_total", .counter, .worker,
                "Polls ended by a newer poll for the same client.",
                advice: "If there are many, two tabs or two users share a client id."),
            Metric(.streams, "streams", .gauge, .worker, "Event streams that are open."),
            Metric(.sockets, "sockets", .gauge, .worker, "WebSockets that are open."),
            Metric(
                .streamsBehind, "streams_behind", .gauge, .worker,
                "Event streams and WebSockets whose socket has not taken all that they were sent.",
                advice: "Their clients are on slow lines. One that takes nothing for workers.header_timeout is cut."),
            Metric(.streamsOpened, "streams_opened_total", .counter, .worker, "Event streams that were opened."),
            Metric(.socketsOpened, "sockets_opened_total", .counter, .worker, "WebSockets that were opened."),
            Metric(
                .heartbeats, "heartbeats_total", .counter, .worker,
                "Heartbeats that were sent to event streams and WebSockets."),
            Metric(
                .heartbeatsMissed, "heartbeats_missed_total", .counter, .worker,
                "WebSockets that were closed because nothing came from them for two heartbeats.",
                advice: "If there are many, something on the way drops idle connections without a word: raise its "
                    + "timeout, or lower workers.heartbeat.",
                threshold: .rateShare(of: .heartbeats, 0.05, 0.25)),
            Metric(
                .acknowledgements, "acknowledgements_total", .counter, .worker,
                "Acknowledgements that came without a poll: by .ack, .leave, or over a WebSocket."),
            Metric(.leaves, "leaves_total", .counter, .worker, "Pages that said that they go (.leave)."),
            Metric(
                .tokensVerified, "tokens_verified_total", .counter, .worker,
                "Tokens whose signatures were checked. Each is checked once, and again after a reload of the keys."),
            Metric(
                .tokensRefused, "tokens_refused_total", .counter, .worker,
                "Requests without the token that they need, with a bad one, or with one of another user."),
            Metric(
                .tokensExpired, "tokens_expired_total", .counter, .worker,
                "Requests with a token that has expired, and streams that ended with their token. Pages "
                    + "ask for a new one."
            ),
            Metric(
                .tokensKnown, "tokens_known", .gauge, .worker, "Verified tokens that the worker remembers."),
            Metric(
                .httpRefused, "http_refused_total", .counter, .worker,
                "Requests refused with a 4xx or 5xx, but for those of rejected_limit_total and of bounds by address.",
                advice: "If there are many, it is a broken client, a scanner, or a proxy that speaks something else."),
            Metric(.delivered, "delivered_total", .counter, .worker, "Messages written to their client."),
            Metric(
                .deliverErrors, "deliver_errors_total", .counter, .worker,
                "Answers that could not be written: the connection was dead. Their messages go back to the manager."),
            Metric(
                .partialWrites, "partial_writes_total", .counter, .worker,
                "Answers that the socket did not take at once."),
            Metric(.bytesIn, "bytes_in_total", .counter, .bytes, .worker, "Bytes read from clients."),
            Metric(.bytesOut, "bytes_out_total", .counter, .bytes, .worker, "Bytes written to clients."),
        ] + addresses + tls + latency + link

    private static let tls: [Metric] = [
        Metric(
            .tlsParked, "tls_parked", .gauge, .worker,
            "Connections over TLS 1.3 after their handshake. Each costs 144 bytes more than a plain one, or "
                + "208 without AES-128."
        ),
        Metric(
            .tlsWhole, "tls_whole", .gauge, .worker,
            "Connections over TLS that can't be parked, since they speak TLS 1.2. Each costs some 14 KB.",
            advice:
                "If there are many, a proxy in front speaks TLS 1.2 to the workers: let it speak 1.3, or plain HTTP."),
        Metric(.tlsShaking, "tls_shaking", .gauge, .worker, "Handshakes that are under way. Each costs some 50 KB."),
        Metric(.tlsHandshakes, "tls_handshakes_total", .counter, .worker, "Handshakes that were done."),
        Metric(.tlsResumed, "tls_resumed_total", .counter, .worker, "Handshakes that were done by a ticket."),
        Metric(
            .tlsHandshakesFailed, "tls_handshakes_failed_total", .counter, .worker,
            "Handshakes that failed: a client wants another version or protocol, speaks plain HTTP, or does not trust "
                + "the certificate.",
            advice: "If pages fail, look at the certificate: megacomet check, and curl -v from outside."),
        Metric(
            .tlsBadRecords, "tls_bad_records_total", .counter, .worker,
            "Records that did not open, or may not come. Each ended its connection."),
        Metric(.tlsKeyUpdates, "tls_key_updates_total", .counter, .worker, "New keys, of clients and of the worker."),
        Metric(
            .tlsCertificateEnd, "tls_certificate_end_seconds", .gauge, .worker,
            "When the certificate ends, in seconds since 1970. 0: TLS is off."),
        Metric(
            .tlsAlerts, "tls_alerts_total", .counter, .worker,
            "Alerts by which clients ended a connection over TLS 1.3 after its handshake, as if it were broken.",
            advice: "If there are many, something on the way changes bytes."),
    ]

    private static let addresses: [Metric] = [
        Metric(
            .refusedAddressConnections, "refused_address_connections_total", .counter, .worker,
            "Connections, polls and streams answered 429: their address has workers.max_per_address already.",
            advice: "megacomet addresses says which addresses they are. An office or a mobile network may be one."),
        Metric(
            .refusedAddressAccepts, "refused_address_accepts_total", .counter, .worker,
            "Connections and streams answered 429: more than workers.accepts_per_address came from their address.",
            advice: "megacomet addresses says which addresses they are."),
        Metric(
            .addressesCounted, "addresses_counted", .gauge, .worker,
            "Addresses that the worker counts connections of (IPv6: by /64). 0 if there is no bound."),
        Metric(
            .addressLimitSkipped, "address_limit_skipped_total", .counter, .worker,
            "Connections that no bound by address was applied to: a proxy that workers.trusted_proxies does not name "
                + "opened them, or too many addresses were counted already.",
            advice: "Name your proxies in workers.trusted_proxies. Then their clients are bounded."),
    ]

    private static let latency: [Metric] =
        zip(LatencyBuckets.ids, ["1", "2", "5", "10", "50", "100", "500", nil]).map { id, bound in
            Metric(
                id, bound.map { "latency_under_\($0)ms_total" } ?? "latency_over_500ms_total", .bucket, .worker,
                "Messages by the time from the manager's turn that decided on them to the end of the write: "
                    + (bound.map { "under \($0) ms, and in no bucket before." } ?? "500 ms and more."),
                advice: "If they take long, look at the loop lag and CPU of the worker and of the manager.")
        } + [
            Metric(
                .latencySum, "latency_sum_us_total", .bucket, .microseconds, .worker,
                "Sum of the delivery times of all messages.")
        ]

    private static let link: [Metric] = [
        Metric(
            .managerLinkUp, "mgr_link_up", .gauge, .truth, .worker, "Whether the worker is linked to its manager.",
            advice: "If it stays 0, look at the manager. The worker keeps its clients and tries again."),
        Metric(
            .managerReconnects, "mgr_reconnects_total", .counter, .worker,
            "Times that the link to the manager was lost."),
        Metric(.managerFramesIn, "mgr_frames_in_total", .counter, .worker, "Frames that came from the manager."),
        Metric(.managerFramesOut, "mgr_frames_out_total", .counter, .worker, "Frames written to the manager."),
        Metric(
            .undelivered, "undelivered_total", .counter, .worker,
            "Messages given back to the manager, because their client was gone."),
        Metric(
            .undeliveredLost, "undelivered_lost_total", .counter, .worker,
            "Messages on their way back when the link broke, beyond the 32 MiB that wait for the next manager.",
            advice: "Only clients that do not acknowledge can lose these: use a cursor.", threshold: .rate(0.001, 1)),
        Metric(
            .headerTimeouts, "header_timeouts_total", .counter, .worker,
            "Connections whose request was not whole in time.",
            advice: "If there are many, it is a slow-request attack, or a proxy that opens connections ahead."),
        Metric(
            .clientMemory, "client_memory_bytes", .gauge, .bytes, .worker,
            "Memory of the worker's records of its connections."),
        Metric(
            .linkBacklog, "mgr_link_backlog_bytes", .gauge, .bytes, .worker,
            "Bytes that wait for the manager to read them."),
    ]

    static let process: [Metric] = [
        Metric(
            .fdsOpen, "fds_open", .gauge, .process, "Descriptors that are open.",
            advice: "Near the limit: raise LimitNOFILE (megacomet doctor).", threshold: .share(of: .fdLimit, 0.80, 0.95)
        ),
        Metric(.fdLimit, "fd_limit", .limit, .process, "Descriptors that the process may open."),
        Metric(.loopIterations, "loop_iterations_total", .counter, .process, "Turns of the event loop."),
        Metric(
            .loopBusy, "loop_busy_us_total", .counter, .microseconds, .process,
            "Time that the loop worked and did not wait."),
        Metric(
            .loopLagMax, "loop_lag_max_us", .maximum, .microseconds, .process,
            "The longest that an event or timer may have waited for the loop, since the last report: the longest turn, "
                + "or the lateness of a timer.",
            advice: "If it is long, the process had too much to do at once, or the machine gave it no time.",
            threshold: .value(50_000, 250_000)),
        Metric(
            .turnBusyMax, "turn_busy_max_us", .maximum, .microseconds, .process,
            "The longest single turn of the loop since the last report."),
        Metric(
            .cpuUser, "cpu_user_us_total", .counter, .microseconds, .process, "CPU time in the program.",
            advice: "A process is one thread: near one core it is full. Add workers.",
            threshold: .rate(800_000, 950_000)),
        Metric(.cpuSystem, "cpu_sys_us_total", .counter, .microseconds, .process, "CPU time in the kernel for it."),
        Metric(.rss, "rss_bytes", .gauge, .bytes, .process, "Memory resident, shared pages included."),
        Metric(.minorFaults, "minor_faults_total", .counter, .process, "Page faults without a disk."),
        Metric(
            .reportSendErrors, "report_send_errors_total", .counter, .process, "Reports that the kernel did not take."),
    ]
}
