import Glibc

/// What `kill` does to the server.
enum Victim: String, CaseIterable {
    case manager, worker
    /// A rolling restart replaces every worker. None is killed.
    case rolling
}

/// The manager or a worker is killed under load, or all workers are replaced, again and again. Each publish that was
/// answered must have come once.
extension Bench {
    func kill(_ result: inout Measurement) throws {
        try connect(&result)
        try settleAndReset()
        phase("kill")
        let all = 0..<settings.processCount
        let seconds = Double(settings.kills + 1) * 60
        fleet.begin(.steady(perSecond: settings.perSecond / Double(all.count), seconds: seconds, any: true), of: all)
        var random = SystemRandomNumberGenerator()
        var back: [Double] = []
        for number in 0..<settings.kills {
            let answered = answered
            try fleet.hold(seconds: Double.random(in: 0.3...1.5, using: &random))
            try waitForLoad(after: answered)
            let killedAt = monotonicNanoseconds()
            switch settings.victim {
            case .manager:
                Glibc.kill(try process("megamanager").pid, SIGKILL)
                try waitForManager(probe: "\(tag)probe\(number)", seconds: 30)
            case .worker: try killWorker()
            case .rolling: try replaceWorkers()
            }
            back.append(Double(monotonicNanoseconds() - killedAt) / 1e9)
        }
        let answered = answered
        try fleet.hold(seconds: 0.5)
        try waitForLoad(after: answered)
        try settle()
        let counts = try fleet.report()
        result.add(settings.victim == .rolling ? "rolling_restarts" : "kills", settings.kills)
        result.add("published", counts.published)
        result.add("answered", counts.sent + counts.queued)
        result.add("delivered", counts.delivered)
        result.add("answered_and_lost", counts.owed)
        result.add("twice", counts.doubles)
        result.add("out_of_order", counts.disorder)
        result.add("without_answer", counts.unknown)
        result.add("without_answer_but_seen", counts.unknownSeen)
        result.add("gaps", counts.gaps)
        result.add("connections_cut", counts.cuts)
        result.add("answers_not_understood", counts.errors)
        result.add(handshakesOf: counts)
        result.add("back_p50_seconds", Comparison.Row.median(back) ?? 0)
        result.add("back_most_seconds", back.max() ?? 0)
        for (index, seconds) in back.enumerated() { result.add("back_\(index + 1)_seconds", seconds) }
        let faults = [
            ("answered messages lost", counts.owed), ("messages twice", counts.doubles),
            ("messages of others", counts.strays), ("gaps told", counts.gaps),
        ]
        for (what, count) in faults where count != 0 { result.complaints.append("\(count) \(what)") }
    }

    private var answered: Int { fleet.counts.sent + fleet.counts.queued }
    /// A kill without load proves nothing. So a third of a second's publishes were answered before each, and after the
    /// last one.
    private func waitForLoad(after count: Int) throws {
        let deadline = monotonicNanoseconds() + 30_000_000_000
        while answered < count + Int(settings.perSecond / 3) {
            guard monotonicNanoseconds() < deadline else {
                throw Fleet.Trouble(description: "only \(answered - count) publishes were answered within 30 s")
            }
            try fleet.hold(seconds: 0.05)
        }
    }

    func process(_ name: String) throws -> ProcessUsage {
        guard let one = server.usage().first(where: { $0.name == name }) else {
            throw Fleet.Trouble(description: "no \(name) was found among the server's processes")
        }
        return one
    }

    /// Kills the first worker, and waits until its clients are back.
    private func killWorker() throws {
        let cuts = fleet.counts.cuts
        Glibc.kill(try process("worker-0").pid, SIGKILL)
        let deadline = monotonicNanoseconds() + 20_000_000_000
        while fleet.counts.cuts == cuts || fleet.counts.polling < settings.clients {
            guard monotonicNanoseconds() < deadline else {
                throw Fleet.Trouble(description: "not all clients were back 20 s after a worker was killed")
            }
            try fleet.hold(seconds: 0.1)
        }
    }

    /// Replaces all workers, and waits until the clients are back.
    private func replaceWorkers() throws {
        let command = [Server.executable("megacomet"), "rolling", "-c", server.configuration ?? ""]
        let rolling = try ChildProcess(command, log: "/dev/null")
        guard rolling.hasEnded(within: 60) else {
            throw Fleet.Trouble(description: "a rolling restart took longer than 60 s")
        }
        let deadline = monotonicNanoseconds() + 20_000_000_000
        while fleet.counts.polling < settings.clients, monotonicNanoseconds() < deadline {
            try fleet.hold(seconds: 0.1)
        }
    }

    /// Publishes to a client that is not there until a manager answers.
    func waitForManager(probe: String, seconds: Double) throws {
        let deadline = monotonicNanoseconds() + UInt64(seconds * 1e9)
        while monotonicNanoseconds() < deadline {
            let app = try? AppClient(host: server.plan.publishHost, port: server.plan.publishPort)
            let body = "{\"client\":\"\(probe)\",\"message\":\"\"}"
            if let (status, _) = try? app?.request("POST", "/publish", body, seconds: seconds), status == 202 { return }
            usleep(2_000)
        }
        throw Fleet.Trouble(description: "the manager was not back after \(Measurement.plain(seconds)) s")
    }
}
