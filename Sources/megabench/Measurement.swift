import Base
import Histogram

/// The results of one run of a scenario: numbers by name, in the order in which they are printed. docs/measurements.txt
/// explains each.
struct Measurement: Equatable {
    var scenario: String
    var server: String
    var clients: Int
    /// The numbers. A name ends in its unit.
    private(set) var numbers: [(name: String, value: Double)] = []
    /// Everything that was wrong. It is empty after a good run.
    var complaints: [String] = []

    init(scenario: String, server: String, clients: Int) {
        self.scenario = scenario
        self.server = server
        self.clients = clients
    }

    static func == (left: Measurement, right: Measurement) -> Bool { left.json == right.json }

    subscript(name: String) -> Double? { numbers.first { $0.name == name }?.value }

    mutating func add(_ name: String, _ value: Double) { numbers.append((name, value)) }
    mutating func add(_ name: String, _ value: Int) { numbers.append((name, Double(value))) }

    /// Adds latencies from publish to delivery.
    mutating func add(latencies: Histogram<UInt64>) {
        add("messages_measured", Double(latencies.totalCount))
        guard latencies.totalCount > 0 else { return }
        for (name, percentile) in [("p50", 50.0), ("p90", 90), ("p99", 99), ("p999", 99.9)] {
            add("latency_\(name)_ms", Double(latencies.valueAtPercentile(percentile)) / 1e6)
        }
        add("latency_max_ms", Double(latencies.max) / 1e6)
    }

    /// Adds the handshakes of TLS, if clients speak it.
    mutating func add(handshakesOf counts: LoadCounts) {
        guard counts.handshakes > 0 else { return }
        add("tls_handshakes", counts.handshakes)
        add("tls_resumed", counts.resumed)
    }

    /// Adds the counts that must be 0. They are printed only if they are not.
    mutating func check(_ counts: LoadCounts, lossIsFault: Bool = true) {
        add("lost", counts.missing)
        add(handshakesOf: counts)
        let faults: [(String, Int)] = [
            ("messages lost", lossIsFault ? counts.missing : 0), ("messages twice", counts.doubles),
            ("messages out of order", counts.disorder),
            ("messages of others", counts.strays), ("answers not understood", counts.errors),
            ("gaps told", counts.gaps),
            ("connections cut", counts.cuts), ("connects failed", counts.failedConnects),
        ]
        for (what, count) in faults where count != 0 { complaints.append("\(count) \(what)") }
    }

    var text: String {
        let width = numbers.map(\.name.count).max() ?? 0
        var lines = ["\(scenario) against \(server), \(clients) clients"]
        for (name, value) in numbers {
            lines.append("  " + name.leftAligned(width + 2) + Self.plain(value))
        }
        for complaint in complaints { lines.append("  NOT RIGHT: " + complaint) }
        return lines.joined(separator: "\n")
    }

    var json: String {
        let fields = numbers.map { "\"\($0.name)\":\(Self.plain($0.value))" }.joined(separator: ",")
        let wrong = complaints.map { "\"\($0)\"" }.joined(separator: ",")
        return
            "{\"scenario\":\"\(scenario)\",\"server\":\"\(server)\",\"clients\":\(clients),\"numbers\":{\(fields)},"
            + "\"complaints\":[\(wrong)]}"
    }

    /// A whole number from 100 on, and with three digits after the point below 100.
    static func plain(_ value: Double) -> String {
        guard value.isFinite else { return "0" }
        if value == value.rounded() || abs(value) >= 100 { return String(Int(value.rounded())) }
        let thousandths = Int((abs(value) * 1000).rounded())
        let digits = String(thousandths % 1000)
        return (value < 0 ? "-" : "") + "\(thousandths / 1000)." + String(repeating: "0", count: 3 - digits.count)
            + digits
    }
}
