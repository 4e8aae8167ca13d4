/// The measurements of a comparison so far.
struct CompareSession {
    let command: CompareCommand
    let interrupt: Interrupt
    private(set) var measurements: [Measurement] = []

    init(command: CompareCommand, interrupt: Interrupt) {
        self.command = command
        self.interrupt = interrupt
    }

    mutating func measure(_ kind: Server.Kind, run: Int) throws {
        var settings = BenchSettings()
        (settings.seconds, settings.perSecond, settings.messages) = (command.seconds, command.rate, command.messages)
        settings.clients = command.clients
        try measure(kind, settings, [.steady, .unicast], run)
        try measureChannel(kind, settings, run)
        if kind == .megacomet {
            for journal in JournalCommand.kinds {
                settings.journal = journal
                try measure(kind, settings, [.queue], run)
            }
            settings.journal = nil
        }
        if command.streams > 0 { try measureStreams(kind, settings, run) }
        if command.tls { try measureTLS(kind, settings, run) }
        if command.receipts, kind == .megacomet { try measureReceipts(settings, run) }
        if command.many > 0 {
            (settings.clients, settings.workers) = (command.many, command.workers)
            try measure(kind, settings, [.idle, .steady], run)
        }
    }

    /// The same clients with event streams, and with WebSockets.
    private mutating func measureStreams(_ kind: Server.Kind, _ common: BenchSettings, _ run: Int) throws {
        for form in Self.streamForms {
            var settings = common
            (settings.form, settings.clients) = (form, command.streams)
            try measure(kind, settings, [.steady, .unicast], run)
            settings.clients = command.clients
            try measureChannel(kind, settings, run)
            try measure(kind, settings, [.idle], run)
        }
    }
    static let streamForms = LoadPlan.Form.allCases.filter(\.stays)

    private mutating func measureChannel(_ kind: Server.Kind, _ settings: BenchSettings, _ run: Int) throws {
        var settings = settings
        (settings.others, settings.perSecond) = (CompareCommand.others, CompareCommand.othersPerSecond)
        do {
            try measure(kind, settings, [.channel], run)
        } catch let lacks as Lacks {
            print("run \(run): \(kind): \(lacks): its cells stay empty")
        }
    }

    /// Measures one server in some scenarios, one after another, with the same clients.
    mutating func measure(_ kind: Server.Kind, _ settings: BenchSettings, _ scenarios: [Scenario], _ run: Int)
        throws
    {
        let server = try Server.start(
            kind, clients: settings.clients, processes: settings.processCount, workers: settings.workers,
            options: settings.options)
        defer { server.stop() }
        let bench = try Bench(settings: settings, server: server, interrupt: interrupt, progress: ProgressLine())
        defer { bench.stop() }
        for scenario in scenarios {
            var measurement = try bench.run(scenario)
            if let journal = settings.journal { measurement.scenario += " " + journal }
            if settings.isTLS { measurement.scenario += " tls" }
            if settings.hasReceipts { measurement.scenario += " receipts" }
            if settings.form.stays { measurement.scenario += " " + settings.form.rawValue }
            measurements.append(measurement)
            for complaint in measurement.complaints { print("run \(run): \(kind) \(scenario): \(complaint)") }
        }
    }

    var complaints: [String] {
        measurements.filter { $0.server == Server.Kind.megacomet.rawValue }.flatMap { measurement in
            measurement.complaints.map { "\(measurement.scenario), \(measurement.clients) clients: \($0)" }
        }
    }

    var comparison: Comparison {
        let (few, many) = (command.clients, command.many)
        let rate = Measurement.plain(command.rate)
        var rows = [
            row(
                "delivered a second, \(few) clients", .unicast, few, "delivered_per_second",
                .atLeast(ofLimit: 0.7, ofNchan: 3)),
            row("p50 ms at \(rate)/s, \(few) clients", .steady, few, "latency_p50_ms", .atMost(ofNchan: 1)),
            row("p99 ms at \(rate)/s, \(few) clients", .steady, few, "latency_p99_ms", .atMost(ofNchan: 0.5)),
            row("server CPU us a message, \(few) clients", .unicast, few, "server_cpu_us_per_message", .none),
            row("queued a second, absent clients", .queue, few, "queued_per_second", .above(300_000), "process"),
            journalRow("process", .above(0.7)),
            journalRow("disk", .above(0.3)),
            row("ms to tell a channel of \(few)", .channel, few, "told_ms", .below(110)),
            row("p99 ms of others meanwhile", .channel, few, "latency_p99_ms", .below(10)),
        ]
        if command.streams > 0 { for form in Self.streamForms { rows += streamRows(form) } }
        if command.tls { rows += tlsRows }
        if command.receipts { rows += receiptRows }
        if many > 0 {
            rows += [
                row("p99 ms at \(rate)/s, \(many) clients", .steady, many, "latency_p99_ms", .atMost(ofNchan: 0.5)),
                row(
                    "connected a second, to \(many)", .idle, many, "connected_per_second",
                    .atLeast(ofLimit: 0.6, ofNchan: 1)),
                row("user bytes a client, \(many) idle", .idle, many, "user_bytes_per_client", .below(200)),
                row("kernel bytes a client, both ends", .idle, many, "kernel_bytes_per_client_both_ends", .none),
                row(
                    "private bytes of an idle worker", .idle, many, "worker_private_before_bytes",
                    .below(4 * 1024 * 1024)),
            ]
        }
        return Comparison(rows: rows)
    }

    private func streamRows(_ form: LoadPlan.Form) -> [Comparison.Row] {
        let name = form == .events ? "event streams" : "WebSockets"
        let (clients, few, variant) = (command.clients, command.streams, form.rawValue)
        let rate = Measurement.plain(command.rate)
        return [
            row(
                "delivered a second, \(few) \(name)", .unicast, few, "delivered_per_second",
                .atLeast(ofLimit: 0.7, ofNchan: 5), variant),
            row("server CPU us a message", .unicast, few, "server_cpu_us_per_message", .none, variant),
            row("p99 ms at \(rate)/s, \(few) \(name)", .steady, few, "latency_p99_ms", .none, variant),
            row("ms to tell a channel of \(clients) \(name)", .channel, clients, "told_ms", .below(60), variant),
            row("p99 ms of others meanwhile", .channel, clients, "latency_p99_ms", .below(10), variant),
            row(
                "connected a second, to \(clients) \(name)", .idle, clients, "connected_per_second", .none, variant),
            row(
                "user bytes a client, \(clients) idle \(name)", .idle, clients, "user_bytes_per_client", .below(224),
                variant),
        ]
    }

    /// - Parameter variant: the journal or the form of the scenario, if it has more than one.
    func row(
        _ what: String, _ scenario: Scenario, _ clients: Int, _ number: String, _ target: Comparison.Target,
        _ variant: String? = nil
    ) -> Comparison.Row {
        let name = scenario.rawValue + (variant.map { " " + $0 } ?? "")
        func values(_ kind: Server.Kind) -> [Double] { self.values(kind, name, clients, number) }
        return Comparison.Row(
            what: what, limit: values(.limit), nchan: values(.nchan), megacomet: values(.megacomet), target: target)
    }

    func values(_ kind: Server.Kind, _ scenario: String, _ clients: Int, _ number: String) -> [Double] {
        measurements.filter { $0.scenario == scenario && $0.clients == clients && $0.server == kind.rawValue }
            .compactMap { $0[number] }
    }

    /// The rate with a journal over that without one, run by run.
    private func journalRow(_ journal: String, _ target: Comparison.Target) -> Comparison.Row {
        func rates(_ journal: String) -> [Double] {
            measurements.filter { $0.scenario == "queue " + journal }.compactMap { $0["queued_per_second"] }
        }
        let ratios = zip(rates(journal), rates("off")).filter { $1 > 0 }.map { $0 / $1 }
        return Comparison.Row(what: "queued, journal \(journal) of off", megacomet: ratios, target: target)
    }
}
