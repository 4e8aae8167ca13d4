import Glibc
import Histogram

/// A worker is killed, and all its clients come at once to the worker that others use.
extension Bench {
    /// The clients whose worker is killed. One more process holds the others.
    private var herd: Range<Int> { 0..<settings.processCount }
    private var others: Range<Int> { settings.processCount..<settings.processCount + 1 }

    /// How long the herd takes to be back, and what messages to the others wait for meanwhile.
    func herd(_ result: inout Measurement) throws {
        try connect(&result)
        try settleAndReset()
        phase("nothing else")
        try tellOthers(for: settings.seconds)
        result.add("others", settings.others)
        try addLatencies("quiet", &result)

        try fleet.carryOut(.reset, limit: 10)
        phase("herd")
        let before = fleet.counts
        let (user, victim) = (try process("worker-1").cpuSeconds, try process("worker-0").pid)
        fleet.begin(.steady(perSecond: settings.perSecond, seconds: 600, any: false), of: others)
        fleet.begin(.comeBack(seconds: settings.limitSeconds), of: herd)
        Glibc.kill(victim, SIGKILL)
        let seconds = try fleet.finish(of: herd, limit: settings.limitSeconds + 5, what: "herd")
        let used = try process("worker-1").cpuSeconds - user
        try settle(others)
        try addLatencies("herd", &result)
        result.add("back_seconds", seconds > 0 ? seconds : -1)
        result.add("back_per_second", seconds > 0 ? Double(settings.clients) / seconds : 0)
        result.add("worker_cpu_us_per_client", 1e6 * used / Double(settings.clients))
        let counts = fleet.counts
        result.add("back_with_ticket", counts.resumed - before.resumed)
        result.add("connects_failed", counts.failedConnects - before.failedConnects)
        if seconds == 0 {
            result.complaints.append("\(settings.clients + settings.others - counts.polling) clients did not come back")
        }
        // The herd is cut, and may be refused for a moment by a listener that is full.
        var judged = counts
        judged.cuts -= settings.clients
        judged.failedConnects = 0
        result.check(judged)
    }

    private func tellOthers(for seconds: Double) throws {
        fleet.begin(.steady(perSecond: settings.perSecond, seconds: seconds, any: false), of: others)
        _ = try fleet.finish(of: others, limit: seconds + settings.limitSeconds, what: "steady")
        try settle(others)
    }

    private func addLatencies(_ name: String, _ result: inout Measurement) throws {
        _ = try fleet.report()
        result.add("\(name)_messages", Int(fleet.latencies.totalCount))
        for (label, percentile) in [("p50", 50.0), ("p99", 99)] {
            result.add("\(name)_\(label)_ms", Double(fleet.latencies.valueAtPercentile(percentile)) / 1e6)
        }
        result.add("\(name)_max_ms", Double(fleet.latencies.max) / 1e6)
    }
}
