extension Metric {
    /// The engine of a cluster (the Redis server) and its machines, as one manager sees them. Only a machine with
    /// cluster.redis reports these.
    package static let engine: [Metric] = [
        Metric(
            .engineUp, "engine_up", .gauge, .truth, .manager, "Whether the engine of the cluster takes publishes.",
            advice: "While it is away, publishes are refused with 503, and clients that are held stay."),
        Metric(
            .engineLatency, "engine_latency_us", .gauge, .microseconds, .manager,
            "Time of the last append to the engine, from sending to its answer."),
        Metric(
            .engineLatencyMax, "engine_latency_max_us", .maximum, .microseconds, .manager,
            "Longest time of an append since the last report.",
            advice: "Look at the engine's processor, disk (appendfsync) and network.",
            threshold: .value(100_000, 1_000_000)),
        Metric(
            .engineBacklog, "engine_backlog_bytes", .gauge, .bytes, .manager,
            "Bytes that wait for the engine's answer.",
            advice: "If it grows, the engine or the network to it is too slow."),
        Metric(
            .engineAppended, "engine_appended_total", .counter, .manager,
            "Entries of this machine that the engine has taken. An entry has all that came together."),
        Metric(
            .engineRead, "engine_read_total", .counter, .manager,
            "Entries that were read from the engine, of all machines."),
        Metric(
            .engineRefused, "engine_refused_total", .counter, .manager, "Entries that the engine refused.",
            advice: "Its memory is full, it can't save, or it has too few replicas: the events say why.",
            threshold: .rate(0.01, 1)),
        Metric(
            .engineLag, "engine_lag_ms", .gauge, .milliseconds, .manager,
            "How far the newest entry that this machine has carried out is behind the engine.",
            threshold: .value(1000, 10_000)),
        Metric(
            .engineMemory, "engine_memory_bytes", .gauge, .bytes, .manager, "Memory that the engine uses.",
            threshold: .share(of: .engineMemoryMax, 0.90, 0.98)),
        Metric(
            .engineMemoryMax, "engine_memory_max_bytes", .limit, .bytes, .manager,
            "The engine's bound (maxmemory). 0: it has none."),
        Metric(.nodes, "nodes", .gauge, .manager, "Machines of the cluster that are known, with this one."),
        Metric(
            .nodesLost, "nodes_lost", .gauge, .manager,
            "Machines that have said nothing for 10 s and are given up: their clients count as absent.",
            advice: "Look at that machine, and at its way to the engine."),
    ]
}
