/// The answer to GET /metrics: all metrics that are known, in Prometheus' text format 0.0.4. Each family has HELP and
/// TYPE lines from the table of metrics.
///
/// With 64 workers there are about 6,000 samples, and messages wait while they are written. So the name and the text of
/// a family are looked up once, and a sample is a few pieces that are appended.
package struct PrometheusText {
    /// The process, or the machine, that a sample is about.
    private enum Owner: Int, CaseIterable { case worker, manager, webhook, supervisor, child, host }
    /// A metric's family, and the label by which it differs from the others of that family.
    private struct Place {
        var family: Int
        var label: String
    }
    private var families = PrometheusFamilies()
    private static let idsOfAnOwner = Int(MetricID.bound)
    /// The places by owner and metric id.
    private var places = [Place?](repeating: nil, count: Owner.allCases.count * PrometheusText.idsOfAnOwner)

    package init() {}

    /// Adds what one process reports. Values that are too old to be true are left out: no sample is better than a wrong
    /// one.
    package mutating func add(_ source: StatsSource, now: UInt64) {
        guard source.freshness(now: now) <= .stale, !source.saidGoodbye else { return }
        let role = source.header.role
        let owner: Owner =
            switch role {
            case .worker: .worker
            case .manager: .manager
            case .webhook: .webhook
            case .supervisor, .reader: .supervisor
            }
        let labels = role == .worker ? "worker=\"\(source.header.instance)\"" : ""
        for (id, value) in source.values.all {
            guard let metric = Metric.named(id), metric.kind != .bucket else { continue }
            add(metric, metric.scope == .host ? .host : owner, value, labels)
        }
        let start = families.place("megacomet_\(role)_start_time_seconds", "gauge") {
            "When the process started, since 1970."
        }
        families.add(start, labels, "", seconds(source.header.startTime, 1000))
        if role == .worker { addLatency(source, labels) }
        for (number, subject) in source.subjects.sorted(by: { $0.key < $1.key }) { add(subject, number, role) }
    }

    /// Adds the name of this machine in its cluster, so that a query can join it to all other samples of the machine.
    package mutating func add(node name: String) {
        let at = families.place("megacomet_node_info", "gauge") { "The name of this machine in its cluster. Always 1." }
        families.add(at, "node=\"\(name)\"", "", "1")
    }

    package var text: String { families.text }

    // MARK: samples

    private mutating func add(_ metric: Metric, _ owner: Owner, _ value: UInt64, _ labels: String) {
        let place = place(metric, owner)
        families.add(place.family, labels, place.label, String(value))
    }

    private mutating func add(_ subject: StatsSource.Subject, _ number: UInt16, _ role: StatsPacket.Role) {
        let labels =
            switch (role, number) {
            case (.manager, 0): "worker=\"none\""
            case (.manager, _): "worker=\"\(number - 1)\""
            case (_, 0): "process=\"manager\""
            case (_, MetricID.webhookSubject): "process=\"webhook\""
            default: "process=\"worker-\(number - 1)\",worker=\"\(number - 1)\""
            }
        for (id, value) in subject.values.all {
            guard let metric = Metric.named(id) else { continue }
            guard metric.id == .childState else {
                add(metric, role == .manager ? .worker : .child, value, labels)
                continue
            }
            let at = place(metric, .child).family
            for state in ProcessState.allCases {
                families.add(at, labels, "state=\"\(state.rawValue)\"", state.code == value ? "1" : "0")
            }
        }
    }

    /// A bucket on the wire holds its own messages only. Prometheus' buckets also hold those of the buckets below.
    private mutating func addLatency(_ source: StatsSource, _ labels: String) {
        guard let sum = source.values[.latencySum] else { return }
        let at = families.place("megacomet_delivery_seconds", "histogram") {
            "Messages by the time from the manager's turn that decided on them to the end of the write."
        }
        var count: UInt64 = 0
        for (id, bound) in zip(
            LatencyBuckets.ids, LatencyBuckets.boundsMilliseconds.map { seconds($0, 1000) } + ["+Inf"])
        {
            count += source.values[id] ?? 0
            families.add(at, labels, "le=\"\(bound)\"", "\(count)", suffix: "_bucket")
        }
        families.add(at, labels, "", seconds(sum, 1_000_000), suffix: "_sum")
        families.add(at, labels, "", "\(count)", suffix: "_count")
    }

    // MARK: families

    private mutating func place(_ metric: Metric, _ owner: Owner) -> Place {
        let at = owner.rawValue * PrometheusText.idsOfAnOwner + Int(metric.id.rawValue)
        if let place = places[at] { return place }
        let name = "megacomet_\(owner)_\(metric.label?.family ?? metric.name)"
        let found = families.place(name, metric.kind == .counter ? "counter" : "gauge") {
            // The text of a family with a label of its own describes all its members.
            guard let label = metric.label else { return metric.help }
            let members = Metric.all.filter { $0.label?.family == label.family && $0.scope == metric.scope }
            return "By \(label.key): " + members.map { "\($0.label?.value ?? ""): \($0.help)" }.joined(separator: " ")
        }
        let place = Place(family: found, label: metric.label.map { "\($0.key)=\"\($0.value)\"" } ?? "")
        places[at] = place
        return place
    }

    /// An exact decimal number without an exponent.
    private func seconds(_ value: UInt64, _ perSecond: UInt64) -> String {
        let rest = value % perSecond
        guard rest > 0 else { return "\(value / perSecond)" }
        var digits = "\(perSecond + rest)".dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(value / perSecond).\(digits)"
    }
}
