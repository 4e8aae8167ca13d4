import Glibc

/// The manager is killed under load, again and again. Each publish that was answered must have come once.
extension Bench {
    func killManager(_ result: inout Measurement) throws {
        try connect(&result)
        try settleAndReset()
        phase("kill")
        let all = 0..<settings.processCount
        let seconds = Double(settings.kills) * 12 + 10
        fleet.begin(.steady(perSecond: settings.perSecond / Double(all.count), seconds: seconds, any: true), of: all)
        var random = SystemRandomNumberGenerator()
        var back: [Double] = []
        for number in 0..<settings.kills {
            try fleet.hold(seconds: Double.random(in: 0.3...1.5, using: &random))
            guard let manager = server.usage().first(where: { $0.name == "megamanager" }) else {
                throw Fleet.Trouble(description: "no manager was found among the server's processes")
            }
            let killedAt = monotonicNanoseconds()
            Glibc.kill(manager.pid, SIGKILL)
            try waitForManager(probe: "\(tag)probe\(number)", seconds: 10)
            back.append(Double(monotonicNanoseconds() - killedAt) / 1e9)
        }
        try fleet.hold(seconds: 0.5)
        try fleet.carryOut(.settle(seconds: 10), limit: 20)
        let counts = try fleet.report()
        result.add("kills", settings.kills)
        result.add("published", counts.published)
        result.add("answered", counts.sent + counts.queued)
        result.add("delivered", counts.delivered)
        result.add("answered_and_lost", counts.owed)
        result.add("twice", counts.doubles)
        result.add("out_of_order", counts.disorder)
        result.add("without_answer", counts.unknown)
        result.add("without_answer_but_seen", counts.unknownSeen)
        result.add("gaps", counts.gaps)
        result.add("polls_cut", counts.cuts)
        result.add("answers_not_understood", counts.errors)
        result.add("back_p50_seconds", Comparison.Row.median(back) ?? 0)
        result.add("back_most_seconds", back.max() ?? 0)
        for (index, seconds) in back.enumerated() { result.add("back_\(index + 1)_seconds", seconds) }
        let faults = [
            ("answered messages lost", counts.owed), ("messages twice", counts.doubles),
            ("messages of others", counts.strays), ("gaps told", counts.gaps),
        ]
        for (what, count) in faults where count != 0 { result.complaints.append("\(count) \(what)") }
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
