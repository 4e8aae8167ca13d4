/// The scenarios. Each connects its clients, does one thing to the server, and says what that cost. Each is bounded in
/// count and time.
enum Scenario: String, CaseIterable {
    case idle, unicast, steady, queue, storm, channel, broadcast, kill, herd
}

extension Bench {
    func run(_ scenario: Scenario) throws -> Measurement {
        var result = Measurement(scenario: scenario.rawValue, server: server.name, clients: settings.clients)
        switch scenario {
        case .idle: try idle(&result)
        case .unicast: try unicast(&result)
        case .steady: try steady(&result)
        case .queue: try queue(&result)
        case .storm: try storm(&result)
        case .channel: try channel(&result)
        case .broadcast: try broadcast(&result)
        case .kill: try kill(&result)
        case .herd: try herd(&result)
        }
        return result
    }

    /// How fast clients can connect, and what each costs while nothing happens.
    private func idle(_ result: inout Measurement) throws {
        // Memory that the server touches with its first reports and handshakes must not count as its clients'.
        phase("warm-up")
        if server.plan.isTLS {
            try fleet.carryOut(.handshakes(connections: 1, seconds: 0.3, isResumed: false), limit: 10)
        }
        try warmUp()
        let (before, kernelBefore) = (server.usage(), KernelUsage.read())
        result.add("private_before_bytes", before.privateBytes)
        result.add("private_before_megabytes", Double(before.privateBytes) / 1_048_576)
        let workers = before.filter { $0.name.hasPrefix("worker-") }
        if !workers.isEmpty {
            result.add("worker_private_before_bytes", Double(workers.privateBytes) / Double(workers.count))
        }
        try connect(&result)
        try settle()
        let held = server.usage()
        let kernel = KernelUsage.read()
        phase("idle")
        try fleet.hold(seconds: settings.holdSeconds)
        let after = server.usage()
        let clients = Double(settings.clients)
        result.add("processes", after.count)
        addMemory("", after, before, &result)
        result.add("kernel_bytes_per_client_both_ends", Double(kernel.slabBytes - kernelBefore.slabBytes) / clients)
        result.add(
            "idle_cpu_percent",
            settings.holdSeconds > 0 ? 100 * (after.cpuSeconds - held.cpuSeconds) / settings.holdSeconds : 0)
        let counts = try fleet.report()
        if counts.polling != settings.clients { result.complaints.append("only \(counts.polling) clients were held") }
        if settings.churn > 0 { try comeAndGo(&result, before: before) }
        result.check(try fleet.report())
    }

    /// Waits until the server takes no more memory for its start: at least 1.5 s, and 15 s at most.
    private func warmUp() throws {
        var before = server.usage().dataBytes
        for _ in 0..<10 {
            try fleet.hold(seconds: 1.5)
            let now = server.usage().dataBytes
            if now == before { return }
            before = now
        }
    }

    /// All go and come again and again. What is held then shows whether those who went have left something.
    private func comeAndGo(_ result: inout Measurement, before: [ProcessUsage]) throws {
        for _ in stride(from: 0, to: settings.churn, by: settings.clients) {
            try fleet.carryOut(.drop, limit: settings.limitSeconds)
            phase("come and go")
            try fleet.carryOut(.connect(window: 1_024), limit: settings.limitSeconds)
        }
        try settle()
        // A worker gives memory back when it has shaken no hands for a second, and it looks once a second. One that
        // other load keeps off the cores does so later.
        let most = server.usage().dataBytes
        try fleet.hold(seconds: 3)
        let deadline = monotonicNanoseconds() + 20_000_000_000
        while server.plan.isTLS, server.usage().dataBytes >= most, monotonicNanoseconds() < deadline {
            try fleet.hold(seconds: 1)
        }
        addMemory("_after_churn", server.usage(), before, &result)
    }
    private func addMemory(
        _ suffix: String, _ after: [ProcessUsage], _ before: [ProcessUsage], _ result: inout Measurement
    ) {
        let clients = Double(settings.clients)
        result.add("private_bytes" + suffix, after.privateBytes)
        result.add("pss_bytes" + suffix, after.pssBytes)
        result.add("private_bytes_per_client" + suffix, Double(after.privateBytes - before.privateBytes) / clients)
        result.add("user_bytes_per_client" + suffix, Double(after.dataBytes - before.dataBytes) / clients)
    }

    /// Messages a second while each client is published to as soon as it polls: the most that the server can do.
    private func unicast(_ result: inout Measurement) throws {
        try connect(&result)
        try settleAndReset()
        phase("unicast")
        let (before, counts) = (server.usage(), fleet.counts)
        let seconds = try fleet.carryOut(
            share {
                .unicast(
                    window: max(1, Int(Double(settings.window) * $0)), seconds: settings.seconds, count: Int.max / 2)
            },
            limit: settings.seconds + settings.limitSeconds)
        try finish(&result, delivered: fleet.counts.delivered - counts.delivered, seconds: seconds, before: before)
    }

    /// Latency at a rate that the server can bear.
    private func steady(_ result: inout Measurement) throws {
        try connect(&result)
        try settleAndReset()
        phase("steady")
        let (before, counts) = (server.usage(), fleet.counts)
        let seconds = try fleet.carryOut(
            share { .steady(perSecond: settings.perSecond * $0, seconds: settings.seconds, any: false) },
            limit: settings.seconds + settings.limitSeconds)
        try finish(&result, delivered: fleet.counts.delivered - counts.delivered, seconds: seconds, before: before)
        result.add("published_late", fleet.counts.late)
    }

    /// Publishes a second for clients that are not there. Then the clients come and get their messages.
    private func queue(_ result: inout Measurement) throws {
        phase("queue")
        let before = server.usage()
        let seconds = try fleet.carryOut(
            share { .queue(window: max(1, Int(8_192 * $0)), count: Int(Double(settings.messages) * $0)) },
            limit: settings.limitSeconds)
        let after = server.usage()
        result.add("seconds", seconds)
        result.add("queued_per_second", Double(fleet.counts.published) / seconds)
        result.add(
            "server_cpu_us_per_message",
            1e6 * (after.cpuSeconds - before.cpuSeconds) / Double(max(1, fleet.counts.published)))
        result.add(
            "user_bytes_per_message",
            Double(after.dataBytes - before.dataBytes) / Double(max(1, fleet.counts.published)))
        result.add("refused", fleet.counts.refused)
        try connect(&result)
        try settle()
        result.check(try fleet.report())
    }

    /// All clients vanish and come back at once.
    private func storm(_ result: inout Measurement) throws {
        try connect(&result)
        try settleAndReset()
        try fleet.carryOut(.drop, limit: settings.limitSeconds)
        phase("storm")
        let seconds = try fleet.carryOut(.connect(window: 1 << 20), limit: settings.limitSeconds)
        result.add("seconds", seconds)
        result.add("back_per_second", Double(settings.clients) / seconds)
        try settle()
        result.check(try fleet.report())
    }

    /// Connects all clients, with proof that they are held.
    func connect(_ result: inout Measurement) throws {
        phase("connect")
        let seconds = try fleet.carryOut(.connect(window: 1_024), limit: settings.limitSeconds)
        result.add("connect_seconds", seconds)
        result.add("connected_per_second", Double(settings.clients) / seconds)
    }

    /// Waits until all that was published has come and is answered. What has not come after 20 s is lost.
    func settle() throws { try fleet.carryOut(.settle(seconds: 20), limit: 40) }
    func settle(_ range: Range<Int>) throws {
        fleet.begin(.settle(seconds: 20), of: range)
        _ = try fleet.finish(of: range, limit: 40, what: "settle")
    }
    func settleAndReset() throws {
        try settle()
        try fleet.carryOut(.reset, limit: 10)
    }

    private func finish(_ result: inout Measurement, delivered: Int, seconds: Double, before: [ProcessUsage]) throws {
        let after = server.usage()
        try settle()
        let counts = try fleet.report()
        result.add("seconds", seconds)
        result.add("delivered_per_second", Double(delivered) / seconds)
        func cost(_ part: ([ProcessUsage]) -> [ProcessUsage]) -> Double {
            1e6 * (part(after).cpuSeconds - part(before).cpuSeconds) / Double(max(1, delivered))
        }
        result.add("server_cpu_us_per_message", cost { $0 })
        if after.contains(where: { $0.name == "megamanager" }) {
            result.add("manager_cpu_us_per_message", cost { $0.filter { $0.name == "megamanager" } })
            result.add("workers_cpu_us_per_message", cost { $0.filter { $0.name.hasPrefix("worker-") } })
        }
        if after.contains(where: { $0.name == RedisServer.name }) {
            result.add("redis_cpu_us_per_message", cost { $0.filter { $0.name == RedisServer.name } })
        }
        result.add(latencies: fleet.latencies)
        // A message that the server refused is not lost: its publisher was told.
        result.add("refused", counts.refused)
        result.check(counts)
        try checkReceipts(&result, counts)
    }
}
