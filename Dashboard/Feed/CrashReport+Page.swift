import Supervision
import Watch

extension CrashReport {
    /// The report for people, as lines.
    var page: [String] {
        var page = [
            id, " how      " + text + (core ? ", core left" : ""), " when     \(at), after \(Format.span(uptime))",
            " pid      \(pid)  boot \(boot.prefix(8))  generation \(generation)"
                + (peakBytes.map { "  peak memory \(Format.bytes(Double($0)))" } ?? ""),
        ]
        // The last words say more than the counters do.
        page += [" last lines"] + lines.map { "   " + $0.text }
        if !lastReport.list.isEmpty {
            page.append(" last report")
            for (name, value) in lastReport.list {
                page.append("   " + Format.left(name, 30) + " " + Format.grouped(Double(value)))
            }
        }
        return page
    }
}
