/// The table of metrics: the one source of the ids on the wire, the manual's list, Prometheus' HELP lines and megatop's
/// explanations.
///
/// An id that was given is never changed and never given again: readers and recordings of other versions rely on it.
package struct Metric: Sendable {
    package let id: MetricID
    /// As in docs/metrics.txt, batch output and Prometheus, without its prefix: "conns_open".
    package let name: String
    package let kind: Kind
    package let unit: Unit
    package let scope: Scope
    /// What it is, in a sentence.
    package let help: String
    /// What an operator does about it; empty where there is nothing to do.
    package let advice: String
    package let threshold: Threshold?
    /// Metrics that are one family in Prometheus share `family` and differ in one label.
    package let label: Label?

    package enum Kind: UInt8, Sendable {
        /// Only grows within a boot; a reader makes rates of it. 64 bits, never reset.
        case counter = 67  // C
        case gauge = 71  // G
        /// The greatest since the last report; a reader takes the greatest of those it has.
        case maximum = 77  // M
        /// A setting or a bound of the system.
        case limit = 76  // L
        /// A counter of a histogram: of its own bucket only, not of those below.
        case bucket = 72  // H
        /// No metric: the metrics after it, up to the next subject, are of this process. See `MetricID.subject`.
        case subject = 83  // S
    }
    package enum Unit: UInt8, Sendable {
        case count = 0
        case bytes = 1
        case milliseconds = 2
        case microseconds = 3
        case seconds = 4
        /// Pages of memory, 4,096 bytes each.
        case pages = 5
        /// 0 or 1.
        case truth = 6
        /// A number that stands for a word: `ProcessStateCode`, `ExitKind`.
        case code = 7
    }
    /// Whose report holds it, and under which prefix Prometheus has it.
    package enum Scope: String, Sendable {
        /// The worker's own: megacomet_worker_NAME{worker="3"}.
        case worker
        /// The manager's own: megacomet_manager_NAME.
        case manager
        /// The manager's, behind a subject: what waits for the clients that were last on that worker. Without a
        /// subject: of all. megacomet_worker_NAME{worker="3"}, {worker="none"} for clients that were on none,
        /// megacomet_manager_NAME for all.
        case queue
        /// Every daemon has it, the supervisor too: megacomet_worker_NAME{worker="3"}, megacomet_manager_NAME,
        /// megacomet_supervisor_NAME.
        case process
        /// The supervisor's, behind a subject, on each process: megacomet_child_NAME{process="worker-3",worker="3"}.
        case child
        /// The supervisor's, on itself and its hub: megacomet_supervisor_NAME.
        case supervisor
        /// The supervisor's, on the machine: megacomet_host_NAME.
        case host
    }
    package struct Label: Sendable, Equatable {
        package let family: String
        package let key: String
        package let value: String
    }
    /// From where on it is a warning, and from where on critical.
    package struct Threshold: Sendable, Equatable {
        package enum Measure: Sendable, Equatable {
            case value
            /// A share of that metric's value, 0 to 1.
            case share(of: MetricID)
            /// By the second; `share` of that metric's rate where there is one.
            case rate
            case rateShare(of: MetricID)
            /// Times the report interval.
            case intervals
        }
        package let measure: Measure
        package let warning: Double
        package let critical: Double
    }

    init(
        _ id: MetricID, _ name: String, _ kind: Kind, _ unit: Unit, _ scope: Scope, _ help: String,
        advice: String = "", label: Label? = nil, threshold: Threshold? = nil
    ) {
        self.id = id
        self.name = name
        self.kind = kind
        self.unit = unit
        self.scope = scope
        self.help = help
        self.advice = advice
        self.label = label
        self.threshold = threshold
    }

    /// A plain number of things.
    init(
        _ id: MetricID, _ name: String, _ kind: Kind, _ scope: Scope, _ help: String,
        advice: String = "", label: Label? = nil, threshold: Threshold? = nil
    ) {
        self.init(id, name, kind, .count, scope, help, advice: advice, label: label, threshold: threshold)
    }

    /// Raised when a metric is added: the header's `schema`.
    package static let schema: UInt16 = 1

    /// In the order of ids.
    package static let all: [Metric] = (worker + queue + process + manager + child + supervisor + host + marks).sorted {
        $0.id.rawValue < $1.id.rawValue
    }

    /// By id; nil for one that this version does not know: readers show it as `#id`.
    package static func named(_ id: UInt16) -> Metric? { Int(id) < byID.count ? byID[Int(id)] : nil }
    package static subscript(_ id: MetricID) -> Metric {
        guard let metric = named(id.rawValue) else { preconditionFailure("metric \(id) has no row in the table") }
        return metric
    }
    /// Kind and unit of each id as the wire has them, without touching the rows: for what is done for every value of
    /// every report.
    static let marksByID: [(kind: UInt8, unit: UInt8)] = {
        var result = [(kind: UInt8, unit: UInt8)](repeating: (0, 0), count: 256)
        for metric in all { result[Int(metric.id.rawValue)] = (metric.kind.rawValue, metric.unit.rawValue) }
        return result
    }()
    private static let byID: [Metric?] = {
        var result = [Metric?](repeating: nil, count: 256)
        for metric in all { result[Int(metric.id.rawValue)] = metric }
        return result
    }()
}

extension Metric.Threshold {
    static func value(_ warning: Double, _ critical: Double) -> Metric.Threshold {
        .init(measure: .value, warning: warning, critical: critical)
    }
    static func share(of id: MetricID, _ warning: Double, _ critical: Double) -> Metric.Threshold {
        .init(measure: .share(of: id), warning: warning, critical: critical)
    }
    static func rate(_ warning: Double, _ critical: Double) -> Metric.Threshold {
        .init(measure: .rate, warning: warning, critical: critical)
    }
    static func rateShare(of id: MetricID, _ warning: Double, _ critical: Double) -> Metric.Threshold {
        .init(measure: .rateShare(of: id), warning: warning, critical: critical)
    }
}

/// The buckets of delivery latency: below each of these bounds, in milliseconds; the last bucket has none.
package enum LatencyBuckets {
    package static let boundsMilliseconds: [UInt64] = [1, 2, 5, 10, 50, 100, 500]
    package static let ids: [MetricID] = [
        .latencyUnder1, .latencyUnder2, .latencyUnder5, .latencyUnder10, .latencyUnder50, .latencyUnder100,
        .latencyUnder500, .latencyOver500,
    ]
}

/// States of a process in the supervisor's table, metric `child_state`.
package enum ProcessStateCode: UInt64, Sendable, CaseIterable {
    case stopped = 0, starting, ready, suspect, draining, stopping, backoff, crashloop, held
    package var word: String { "\(self)" }
}

/// How a process ended, metric `child_last_exit_kind`.
package enum ExitKind: UInt64, Sendable {
    /// It has not ended yet.
    case none = 0
    case code = 1
    case signal = 2
    /// It was adopted, and the kernel told its exit to another process.
    case unknown = 3
}
