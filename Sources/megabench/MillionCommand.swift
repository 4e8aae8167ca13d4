import ArgumentParser
import Glibc
import Histogram

/// Holds a million clients on one machine, publishes to them, and kills a worker under them.
struct MillionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "million",
        abstract:
            "Hold a million clients (64 workers and 64 client processes of 16,000), publish to them, kill a "
            + "worker, and report.",
        discussion:
            "Both ends take about 10 GB of kernel memory. Kernel settings are read; they are set only with --tune.")

    @Option(help: "Clients in all.") var clients = 1_000_000
    @Option(help: "Workers (0: as many as the descriptors ask for).") var workers = 64
    @Option(help: "Client processes (0: as many as the descriptors ask for).") var processes = 64
    @Option(help: "Messages a second, to random clients.") var rate = 1_000.0
    @Option(help: "Seconds after which a poll is answered empty.") var pollTimeout = 50.0
    @Option(help: "How many poll timeouts, or heartbeats of streams, the clients are held for.") var timeouts = 2.2
    @Option(help: "json (polls), events or ws (streams).") var form = LoadPlan.Form.json
    @Option(help: "Seconds without a message after which a stream is sent a heartbeat.") var heartbeat = 25.0
    @Option(help: "Seconds after the kill within which all must be back.") var back = 60.0
    @Flag(help: "Clients speak TLS 1.3, under a certificate made for the run.") var tls = false
    @Flag(help: "Raise the kernel settings that are too low (as root).") var tune = false
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard (100...1_100_000).contains(clients), (0...128).contains(workers), (0...128).contains(processes), rate > 0,
            pollTimeout > 0, heartbeat > 0,
            (0...20).contains(timeouts), back > 0
        else { throw ValidationError("a number is out of its range") }
    }

    func run() throws {
        let interrupt = Interrupt()
        try prepare()
        var settings = BenchSettings()
        (settings.clients, settings.workers, settings.processes) = (clients, workers, processes)
        (settings.perSecond, settings.pollTimeoutSeconds) = (rate, pollTimeout)
        (settings.form, settings.heartbeatSeconds) = (form, heartbeat)
        settings.limitSeconds = 900
        let memory = MemoryCgroup(limitBytes: Bench.serverBytesAllowed)
        if memory == nil { complain("no memory cgroup can be made here: the server's memory is measured, not held") }
        let server = try Server.start(
            .megacomet, clients: clients, processes: settings.processCount, workers: workers,
            options: Server.Options(
                pollTimeoutSeconds: pollTimeout, heartbeatSeconds: heartbeat, memory: memory, isTLS: tls))
        defer { server.stop() }
        let bench = try Bench(settings: settings, server: server, interrupt: interrupt, progress: ProgressLine())
        defer { bench.stop() }
        let patience = form.stays ? heartbeat : pollTimeout
        let result = try bench.million(holdSeconds: patience * timeouts, backSeconds: back)
        bench.stop()
        print(json ? result.json : result.text)
        if !result.complaints.isEmpty { throw ExitCode(1) }
    }

    /// Writes to standard error, apart from the report.
    private func complain(_ text: String) { _ = write(2, text + "\n", text.utf8.count + 1) }

    private func prepare() throws {
        let lacking = KernelSetting.forClients(clients).filter { !$0.isEnough }
        for setting in lacking {
            if tune { try setting.tune() }
            complain((tune ? "set " : "too low: ") + setting.line)
        }
        if !lacking.isEmpty, !tune {
            throw Fleet.Trouble(description: "kernel settings are too low; --tune raises them")
        }
        let needed = clients * 11_000
        let available = KernelUsage.read().availableBytes
        if available < needed {
            throw Fleet.Trouble(
                description:
                    "\(clients) clients and their server need about \(needed >> 20) MB here; \(available >> 20) MB are "
                    + "left"
            )
        }
    }
}

extension Bench {
    /// The bound that a million is promised for: 7.5 GiB for the server's processes and their half of the kernel's
    /// connections.
    fileprivate static let serverBytesAllowed = 15 << 29

    func million(holdSeconds: Double, backSeconds: Double) throws -> Measurement {
        var result = Measurement(scenario: "million", server: server.name, clients: settings.clients)
        let (before, kernelBefore) = (server.usage(), KernelUsage.read())
        try connect(&result)
        try settleAndReset()
        add(memory: server.usage(), before: before, kernelBefore: kernelBefore, to: &result)

        phase("held, nothing published")
        try load("idle", &result) { try fleet.hold(seconds: min(10, holdSeconds)) }
        phase("held, \(Int(settings.perSecond)) published a second")
        try load("loaded", &result) {
            try fleet.carryOut(
                share { .steady(perSecond: settings.perSecond * $0, seconds: holdSeconds, any: true) },
                limit: holdSeconds + settings.limitSeconds)
        }
        try settle()
        let counts = try fleet.report()
        result.add(latencies: fleet.latencies)
        result.add(settings.form.stays ? "heartbeats" : "polls_timed_out", counts.empty)
        result.add("cuts_while_held", counts.cuts)
        if counts.polling != settings.clients {
            result.complaints.append("\(settings.clients - counts.polling) clients were not held")
        }
        if counts.cuts != 0 { result.complaints.append("\(counts.cuts) connections cut while held") }

        try killWorker(&result, backSeconds: backSeconds, cutsBefore: counts.cuts)
        add(memory: server.usage(), before: before, kernelBefore: kernelBefore, to: &result, prefix: "after_")
        return result
    }

    /// Ends one worker by its id while messages flow, and waits for its clients to come back.
    private func killWorker(_ result: inout Measurement, backSeconds: Double, cutsBefore: Int) throws {
        phase("one worker killed")
        guard
            let victim = server.usage().first(where: { $0.name == "worker-1" })
                ?? server.usage().first(where: { $0.name == "worker-0" })
        else {
            throw Fleet.Trouble(description: "no worker was found among the server's processes")
        }
        try fleet.carryOut(.reset, limit: 10)
        var killedAt: UInt64 = 0
        var leastPolling = settings.clients
        var backAt: UInt64 = 0
        let started = monotonicNanoseconds()
        let slice = min(2, backSeconds)
        repeat {
            try fleet.carryOut(
                share { .steady(perSecond: settings.perSecond * $0, seconds: slice, any: true) },
                limit: slice + settings.limitSeconds
            ) { counts in
                let now = monotonicNanoseconds()
                if killedAt == 0 {
                    Glibc.kill(victim.pid, SIGKILL)
                    killedAt = now
                }
                // Counts are up to 0.2 s old, so no client counts as back before one was gone.
                leastPolling = min(leastPolling, counts.polling)
                if backAt == 0, counts.cuts > cutsBefore, now - killedAt > 400_000_000,
                    counts.polling >= self.settings.clients
                {
                    backAt = now
                }
            }
        } while backAt == 0 && Double(monotonicNanoseconds() - started) / 1e9 < backSeconds
        try settle()
        let counts = try fleet.report()
        result.add("killed_pid", Int(victim.pid))
        result.add("cut_by_the_kill", counts.cuts - cutsBefore)
        result.add("away_at_most", settings.clients - leastPolling)
        result.add("back_seconds", backAt > 0 ? Double(backAt - killedAt) / 1e9 : -1)
        result.add("latency_p99_with_kill_ms", Double(fleet.latencies.valueAtPercentile(99)) / 1e6)
        result.add("latency_max_with_kill_ms", Double(fleet.latencies.max) / 1e6)
        result.add("delivered", counts.delivered)
        if backAt == 0 {
            result.complaints.append("not all clients were back after \(Measurement.plain(backSeconds)) s")
        }
        var judged = counts
        // The killed worker's own clients are cut, and may be refused for a moment by a listener that is full.
        (judged.cuts, judged.failedConnects) = (0, 0)
        result.check(judged)
    }

    /// The processor time of the server and of the machine while `body` runs.
    private func load(_ name: String, _ result: inout Measurement, _ body: () throws -> Void) throws {
        let (server, machine, started) = (self.server.usage().cpuSeconds, KernelUsage.read(), monotonicNanoseconds())
        try body()
        let seconds = max(0.001, Double(monotonicNanoseconds() - started) / 1e9)
        let after = KernelUsage.read()
        let (busy, idle) = (after.busySeconds - machine.busySeconds, after.idleSeconds - machine.idleSeconds)
        result.add("server_cpu_\(name)_percent_of_a_core", 100 * (self.server.usage().cpuSeconds - server) / seconds)
        result.add("machine_busy_\(name)_percent", 100 * busy / max(0.001, busy + idle))
    }

    private func add(
        memory: [ProcessUsage], before: [ProcessUsage], kernelBefore: KernelUsage, to result: inout Measurement,
        prefix: String = ""
    ) {
        let kernel = KernelUsage.read()
        let workers = memory.filter { $0.name.hasPrefix("worker-") }
        let half = Double(kernel.slabBytes - kernelBefore.slabBytes) / 2
        result.add(prefix + "user_private_bytes", memory.privateBytes)
        result.add(prefix + "user_pss_bytes", memory.pssBytes)
        result.add(prefix + "workers_private_bytes", workers.privateBytes)
        result.add(prefix + "manager_private_bytes", memory.filter { $0.name == "megamanager" }.privateBytes)
        result.add(
            prefix + "user_bytes_per_client", Double(memory.dataBytes - before.dataBytes) / Double(settings.clients))
        result.add(prefix + "kernel_slab_bytes_server_half", half)
        result.add(prefix + "kernel_tcp_buffer_bytes_both_ends", kernel.tcpBufferBytes)
        let all = Double(memory.pssBytes) + half + Double(kernel.tcpBufferBytes) / 2
        result.add(prefix + "server_bytes_in_all", all)
        result.add(prefix + "server_bytes_allowed", Self.serverBytesAllowed)
        if all > Double(Self.serverBytesAllowed) {
            result.complaints.append("the server's side takes more than 7.5 GiB, user and kernel")
        }
        if let bytes = server.memory?.usageBytes { result.add(prefix + "server_cgroup_bytes", bytes) }
        if let bytes = server.memory?.peakBytes { result.add(prefix + "server_cgroup_peak_bytes", bytes) }
    }
}
