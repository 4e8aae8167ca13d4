extension Metric {
    private static func dropped(_ reason: String) -> Label {
        Label(family: "hub_dropped_total", key: "reason", value: reason)
    }

    static let child: [Metric] = [
        Metric(
            .childState, "state", .gauge, .code, .child,
            "State: 0 stopped, 1 starting, 2 ready, 3 suspect, 4 draining, 5 stopping, 6 backoff, 7 crashloop, 8 held.",
            advice:
                "suspect: it sends no reports. backoff, crashloop: it dies; see its crash report. held: its "
                + "configuration or rights must be mended first."
        ),
        Metric(.childDesired, "desired", .gauge, .truth, .child, "Whether the operator wants it up."),
        Metric(.childPid, "pid", .gauge, .child, "Its process id; 0 while it has none."),
        Metric(.childGeneration, "generation", .gauge, .child, "How many processes of this name were started."),
        Metric(.childStarts, "starts_total", .counter, .child, "Starts."),
        Metric(.childExits, "exits_total", .counter, .child, "Ends, ordered ones included."),
        Metric(
            .childExits60s, "exits_60s", .gauge, .child, "Ends in the last 60 s that nobody had ordered.",
            advice: "See its crash report: megacomet events, crashes.", threshold: .value(2, 5)),
        Metric(
            .childExits24h, "exits_24h", .gauge, .child, "Ends in the last 24 h that nobody had ordered.",
            threshold: .value(1, .infinity)),
        Metric(
            .childLastExitKind, "last_exit_kind", .gauge, .code, .child,
            "How it last ended: 0 not yet, 1 with a code, 2 by a signal, 3 unknown (it was adopted)."),
        Metric(.childLastExitCode, "last_exit_code", .gauge, .child, "The code or signal of its last end."),
        Metric(.childLastExitAge, "last_exit_age_ms", .gauge, .milliseconds, .child, "Time since its last end."),
        Metric(
            .childRetryIn, "retry_in_ms", .gauge, .milliseconds, .child,
            "Time until it is started again; 0 if no start waits."),
        Metric(
            .childReadyIn, "ready_in_ms", .gauge, .milliseconds, .child,
            "How long its last start took until it was ready."),
        Metric(
            .childReportAge, "report_age_ms", .gauge, .milliseconds, .child, "Time since its last report.",
            advice: "After three intervals it is suspect. See whether it is stopped, traced or busy.",
            threshold: .init(measure: .intervals, warning: 3, critical: 10)),
        Metric(
            .childReportsLost, "reports_lost_total", .counter, .child,
            "Reports of it that did not come, by their numbers."),
        Metric(
            .childHangKills, "hang_kills_total", .counter, .child, "Times that it was killed because it was silent.",
            threshold: .rate(0.0001, 0.01)),
        Metric(
            .listenQueueNow, "listen_queue_now", .gauge, .child,
            "Connections that wait in the kernel to be accepted by it.",
            threshold: .share(of: .listenQueueLimit, 0.5, 0.9)),
        Metric(
            .listenQueueLimit, "listen_queue_max", .limit, .child,
            "Connections that may wait in the kernel to be accepted by it."),
        Metric(
            .childUptime, "uptime_ms", .gauge, .milliseconds, .child, "Time since its start; 0 while it does not run."),
        Metric(
            .childWatchdogHeld, "watchdog_held", .gauge, .truth, .child,
            "Whether an operator holds the watchdog off it."),
        Metric(
            .childTurnedAway, "turned_away_total", .counter, .child,
            "Connections that the supervisor answered with 503, because the process was down."),
        Metric(
            .childOverloaded, "overloaded", .gauge, .truth, .child,
            "Whether it says that it is OVERLOADED: it is full, or its loop is late again and again."),
    ]

    static let supervisor: [Metric] = [
        Metric(
            .configGeneration, "config_generation", .gauge, .supervisor,
            "Configurations taken since the supervisor started."),
        Metric(
            .configOK, "config_ok", .gauge, .truth, .supervisor, "Whether the last reload was good.",
            advice: "If it is 0, megacomet check says what is wrong with the file."),
        Metric(.subscribers, "subscribers", .gauge, .supervisor, "Viewers that get the reports now."),
        Metric(.hubReports, "hub_reports_total", .counter, .supervisor, "Datagrams from daemons that were good."),
        Metric(
            .hubLost, "hub_lost_total", .counter, .supervisor, "Datagrams that did not come, by their numbers.",
            advice: "Totals stay right. If there are many, raise net.core.rmem_max.", threshold: .rate(1, 100)),
        Metric(.hubLate, "hub_late_total", .counter, .supervisor, "Datagrams that came twice or behind a newer one."),
        Metric(
            .hubBadToken, "hub_bad_token_total", .counter, .supervisor,
            "Datagrams with a wrong token: forged, or of another appliance.",
            advice: "Someone on this machine sends to the stats port.", label: dropped("bad_token"),
            threshold: .rate(0.1, 100)),
        Metric(
            .hubBadMagic, "hub_bad_magic_total", .counter, .supervisor,
            "Datagrams that do not belong to the stats channel.",
            label: dropped("bad_magic")),
        Metric(
            .hubTruncated, "hub_truncated_total", .counter, .supervisor,
            "Datagrams that were cut, or whose lengths don't agree.", label: dropped("truncated")),
        Metric(
            .hubForeign, "hub_foreign_total", .counter, .supervisor,
            "Datagrams of a version, type or sender that does not belong here.", label: dropped("foreign")),
        Metric(
            .hubQueueDrops, "hub_rxq_drops_total", .counter, .supervisor,
            "Datagrams that the kernel dropped because the hub's buffer was full.",
            advice: "Raise net.core.rmem_max; see whether the supervisor got CPU time.", label: dropped("buffer_full"),
            threshold: .rate(0.1, 100)),
        Metric(
            .hubReceiveBuffer, "hub_rcvbuf_bytes", .limit, .bytes, .supervisor,
            "The hub's receive buffer, as the kernel granted it."),
        Metric(.hubRelayed, "hub_relayed_total", .counter, .supervisor, "Datagrams sent on to viewers."),
        Metric(
            .hubRelayErrors, "hub_relay_errors_total", .counter, .supervisor,
            "Datagrams that could not be sent on to a viewer."),
        Metric(
            .subscribersRefused, "subscribers_refused_total", .counter, .supervisor,
            "Viewers refused because there were 16 already."),
        Metric(.httpRequests, "http_requests_total", .counter, .supervisor, "Requests to the operator's port."),
    ]

    static let host: [Metric] = [
        Metric(.tcpInUse, "tcp_inuse", .gauge, .host, "TCP sockets in use."),
        Metric(.tcpTimeWait, "tcp_tw", .gauge, .host, "TCP connections in TIME_WAIT."),
        Metric(.tcpOrphans, "tcp_orphan", .gauge, .host, "TCP connections that no process has any more."),
        Metric(
            .tcpMemory, "tcp_mem_pages", .gauge, .pages, .host, "Memory of TCP's queues.",
            advice: "Near the limit TCP drops data: raise net.ipv4.tcp_mem (megacomet doctor).",
            threshold: .share(of: .tcpMemoryLimit, 0.7, 0.9)),
        Metric(
            .tcpMemoryLimit, "tcp_mem_limit_pages", .limit, .pages, .host,
            "The most that TCP's queues may take: the third of net.ipv4.tcp_mem."),
        Metric(
            .listenOverflows, "listen_overflows_total", .counter, .host, "Connections that found a full accept queue.",
            threshold: .rate(0.1, 10)),
        Metric(
            .listenDrops, "listen_drops_total", .counter, .host, "Connections dropped at a listener, for any reason.",
            advice: "Raise net.core.somaxconn; see which listener's queue is full.", threshold: .rate(0.1, 10)),
        Metric(
            .udpReceiveErrors, "udp_rcvbuf_errors_total", .counter, .host,
            "UDP datagrams dropped for want of buffer, of all programs."),
        Metric(
            .filesOpen, "files_open", .gauge, .host, "Files open on the machine.",
            threshold: .share(of: .filesLimit, 0.8, 0.95)),
        Metric(.filesLimit, "files_limit", .limit, .host, "Files that may be open on the machine: fs.file-max."),
        Metric(.memoryAvailable, "mem_available_bytes", .gauge, .bytes, .host, "Memory that could still be used."),
        Metric(
            .memoryTotal, "mem_total_bytes", .limit, .bytes, .host,
            "Memory of the machine, or the least that its control groups leave it."),
        Metric(
            .psiMemory, "psi_mem_some_us_total", .counter, .microseconds, .host,
            "Time in which some task waited for memory.",
            advice: "Memory is short: allow fewer connections, or add memory.", threshold: .rate(50_000, 250_000)),
        Metric(
            .psiCPU, "psi_cpu_some_us_total", .counter, .microseconds, .host,
            "Time in which some task waited for a CPU."),
        Metric(
            .oomKills, "oom_kills_total", .counter, .host, "Programs that the kernel ended for want of memory.",
            advice: "A worker that ended by SIGKILL may be one: allow fewer connections, or add memory."),
        Metric(
            .cpuThrottled, "cpu_throttled_us_total", .counter, .microseconds, .host,
            "Time in which the control group held back its programs: CPUQuota of the service, or the container's.",
            advice: "Deliveries wait meanwhile: raise the quota.", threshold: .rate(50_000, 250_000)),
        Metric(.cpuCount, "cpus", .limit, .host, "Processors that may be used, by affinity and control groups."),
        Metric(.loadAverage, "load1_milli", .gauge, .host, "Load average of a minute, in thousandths."),
        Metric(
            .conntrack, "conntrack", .gauge, .host, "Connections that the kernel's packet filter tracks.",
            advice:
                "At its limit no new connection comes in: exempt the ports with NOTRACK, or raise "
                + "net.netfilter.nf_conntrack_max.",
            threshold: .share(of: .conntrackLimit, 0.7, 0.9)),
        Metric(
            .conntrackLimit, "conntrack_limit", .limit, .host,
            "Connections that the packet filter can track; absent if it tracks none."
        ),
    ]

    static let marks: [Metric] = [
        Metric(
            .subject, "subject", .subject, .process,
            "Not a metric: the values after it are about this process. 0 is the manager (for a queue: clients that "
                + "were on no worker), n + 1 is worker n."
        )
    ]
}
