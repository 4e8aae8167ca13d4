/// The table of metrics. The ids on the wire, the list in the manual, Prometheus' HELP lines and megatop's explanations
/// are all made from it.
///
/// An id never changes its meaning and is never used again: readers and recordings of other versions rely on it.
package struct Metric: Sendable {
    package let id: MetricID
    /// The name in docs/metrics.txt and in batch output: "conns_open". Prometheus puts a prefix before it.
    package let name: String
    package let kind: Kind
    package let unit: Unit
    package let scope: Scope
    /// The meaning of the number, in a sentence.
    package let help: String
    /// Advice for the operator. Empty if there is nothing to do.
    package let advice: String
    package let threshold: Threshold?
    /// Metrics that are one family in Prometheus share `family` and differ in one label.
    package let label: Label?

    package enum Kind: UInt8, Sendable {
        /// A total that only grows within a boot and is never reset, in 64 bits. Readers compute rates from it.
        case counter = 67  // C
        case gauge = 71  // G
        /// The greatest value since the last report. A reader of several reports takes the greatest of them.
        case maximum = 77  // M
        /// A setting or a bound of the system.
        case limit = 76  // L
        /// A counter of one bucket of a histogram. It does not include the buckets below.
        case bucket = 72  // H
        /// Not a metric: it says which process the next metrics are about. See `MetricID.subject`.
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
        /// A number that stands for a word: `ProcessState`, `ExitKind`.
        case code = 7
    }
    /// The process that reports the metric, and the prefix that Prometheus gives it.
    package enum Scope: String, Sendable {
        /// A worker reports it about itself: megacomet_worker_NAME{worker="3"}.
        case worker
        /// The manager reports it about itself: megacomet_manager_NAME.
        case manager
        /// The manager reports it behind a subject, about the clients that were last on one worker:
        /// megacomet_worker_NAME{worker="3"}. Clients that were on no worker have {worker="none"}. Without a subject it
        /// is about all clients: megacomet_manager_NAME.
        case queue
        /// Every daemon and the supervisor report it: megacomet_worker_NAME{worker="3"}, megacomet_manager_NAME,
        /// megacomet_webhook_NAME, megacomet_supervisor_NAME.
        case process
        /// The webhook reports it about itself: megacomet_webhook_NAME.
        case webhook
        /// The supervisor reports it about each process: megacomet_child_NAME{process="worker-3",worker="3"}.
        case child
        /// The supervisor reports it about itself and its hub: megacomet_supervisor_NAME.
        case supervisor
        /// The supervisor reports it about the machine: megacomet_host_NAME.
        case host
    }
    package struct Label: Sendable, Equatable {
        package let family: String
        package let key: String
        package let value: String
    }
    /// The values from which on a metric is shown as a warning and as critical.
    package struct Threshold: Sendable, Equatable {
        package enum Measure: Sendable, Equatable {
            case value
            /// A share of another metric's value, from 0 to 1.
            case share(of: MetricID)
            /// The growth per second. If there is a `share`, it is a share of that metric's growth.
            case rate
            case rateShare(of: MetricID)
            /// A multiple of the report interval.
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

    /// A row for a plain number of things.
    init(
        _ id: MetricID, _ name: String, _ kind: Kind, _ scope: Scope, _ help: String,
        advice: String = "", label: Label? = nil, threshold: Threshold? = nil
    ) {
        self.init(id, name, kind, .count, scope, help, advice: advice, label: label, threshold: threshold)
    }

    /// The header's `schema`. It is raised when a metric is added.
    package static let schema: UInt16 = 2

    /// All metrics, ordered by id.
    package static let all: [Metric] =
        (worker + queue + process + manager + channels + events + journal + engine + webhook + child + supervisor + host
        + marks)
        .sorted { $0.id.rawValue < $1.id.rawValue }

    /// The metric with this id. `nil` for an id that this version does not know: readers show it as `#id`.
    package static func named(_ id: UInt16) -> Metric? { Int(id) < byID.count ? byID[Int(id)] : nil }
    package static subscript(_ id: MetricID) -> Metric {
        guard let metric = named(id.rawValue) else { preconditionFailure("metric \(id) has no row in the table") }
        return metric
    }
    /// Kind and unit of each id, as the wire has them. It is asked for every value of every report, and the rows are
    /// too slow for that.
    static let marksByID: [(kind: UInt8, unit: UInt8)] = {
        var result = [(kind: UInt8, unit: UInt8)](repeating: (0, 0), count: Int(MetricID.bound))
        for metric in all { result[Int(metric.id.rawValue)] = (metric.kind.rawValue, metric.unit.rawValue) }
        return result
    }()
    private static let byID: [Metric?] = {
        var result = [Metric?](repeating: nil, count: Int(MetricID.bound))
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

/// The buckets of delivery latency. Each ends below its bound in milliseconds; the last bucket has no bound.
package enum LatencyBuckets {
    package static let boundsMilliseconds: [UInt64] = [1, 2, 5, 10, 50, 100, 500]
    package static let ids: [MetricID] = [
        .latencyUnder1, .latencyUnder2, .latencyUnder5, .latencyUnder10, .latencyUnder50, .latencyUnder100,
        .latencyUnder500, .latencyOver500,
    ]
}

/// The state of a process in the supervisor's table. Its place here is its code in the metric `child_state`, and its
/// name the word in JSON.
package enum ProcessState: String, Codable, Sendable, CaseIterable {
    case stopped, starting, ready, suspect, draining, stopping, backoff, crashloop, held

    private static let all = allCases
    package var code: UInt64 { UInt64(ProcessState.all.firstIndex(of: self) ?? 0) }
    package init?(code: UInt64) {
        guard code < ProcessState.all.count else { return nil }
        self = ProcessState.all[Int(code)]
    }
    /// It has a living copy.
    package var isRunning: Bool {
        switch self {
        case .starting, .ready, .suspect, .draining, .stopping: true
        case .stopped, .backoff, .crashloop, .held: false
        }
    }
}

/// How a process ended, metric `child_last_exit_kind`.
package enum ExitKind: UInt64, Sendable {
    /// The process has not ended yet.
    case none = 0
    case code = 1
    case signal = 2
    /// The process was adopted, so the kernel told its exit to another process.
    case unknown = 3
}
