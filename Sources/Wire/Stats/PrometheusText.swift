/// GET /metrics: all that is known, in Prometheus' text format 0.0.4, each family with HELP and TYPE from the table of metrics.
package struct PrometheusText {
    private struct Family {
        let help: String
        let type: String
        var samples: [String] = []
    }
    private var families: [String: Family] = [:]
    private var order: [String] = []

    package init() {}

    /// What one process reports. What is too old to be true is left out: no sample is better than a wrong one.
    package mutating func add(_ source: StatsSource, now: UInt64) {
        guard source.freshness(now: now) <= .stale, !source.saidGoodbye else { return }
        let role = source.header.role
        let labels = role == .worker ? ["worker=\"\(source.header.instance)\""] : []
        for (id, value) in source.values.all {
            guard let metric = Metric.named(id), metric.kind != .bucket else { continue }
            add(metric, prefix(metric.scope, role), value, labels)
        }
        put("megacomet_\(role)_start_time_seconds", "When the process started, since 1970.", "gauge", labels, seconds(source.header.startTime, 1000))
        if role == .worker { addLatency(source, labels) }
        for (number, subject) in source.subjects.sorted(by: { $0.key < $1.key }) { add(subject, number, role) }
    }

    package var text: String {
        var text = ""
        for name in order {
            guard let family = families[name] else { continue }
            text += "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.type)\n" + family.samples.joined()
        }
        return text
    }

    // MARK: samples

    private mutating func add(_ metric: Metric, _ prefix: String, _ value: UInt64, _ labels: [String]) {
        let labels = labels + (metric.label.map { ["\($0.key)=\"\($0.value)\""] } ?? [])
        // Families with a label of their own speak of all their members.
        let help = metric.label.map { label in "By \(label.key): " + Metric.all.filter { $0.label?.family == label.family && $0.scope == metric.scope }.map { "\($0.label?.value ?? ""): \($0.help)" }.joined(separator: " ") }
        put(prefix + (metric.label?.family ?? metric.name), help ?? metric.help, metric.kind == .counter ? "counter" : "gauge", labels, "\(value)")
    }

    private mutating func add(_ subject: StatsSource.Subject, _ number: UInt16, _ role: StatsPacket.Role) {
        let worker = number > 0 ? "\(number - 1)" : nil
        for (id, value) in subject.values.all {
            guard let metric = Metric.named(id) else { continue }
            if role == .manager {
                add(metric, "megacomet_worker_", value, ["worker=\"\(worker ?? "none")\""])
            } else {
                let labels = worker.map { ["process=\"worker-\($0)\"", "worker=\"\($0)\""] } ?? ["process=\"manager\""]
                if metric.id == .childState {
                    for state in ProcessStateCode.allCases {
                        put("megacomet_child_state", metric.help, "gauge", labels + ["state=\"\(state.word)\""], state.rawValue == value ? "1" : "0")
                    }
                } else {
                    add(metric, "megacomet_child_", value, labels)
                }
            }
        }
    }

    /// The buckets of the wire hold their own messages only; Prometheus' hold those below as well.
    private mutating func addLatency(_ source: StatsSource, _ labels: [String]) {
        guard let sum = source.values[.latencySum] else { return }
        let name = "megacomet_delivery_seconds"
        let help = "Messages by the time from the manager's turn that decided on them to the end of the write."
        var count: UInt64 = 0
        for (id, bound) in zip(LatencyBuckets.ids, LatencyBuckets.boundsMilliseconds.map { seconds($0, 1000) } + ["+Inf"]) {
            count += source.values[id] ?? 0
            put(name, help, "histogram", labels + ["le=\"\(bound)\""], "\(count)", suffix: "_bucket")
        }
        put(name, help, "histogram", labels, seconds(sum, 1_000_000), suffix: "_sum")
        put(name, help, "histogram", labels, "\(count)", suffix: "_count")
    }

    private mutating func put(_ name: String, _ help: String, _ type: String, _ labels: [String], _ value: String, suffix: String = "") {
        if families[name] == nil {
            families[name] = Family(help: help, type: type)
            order.append(name)
        }
        families[name]?.samples.append(name + suffix + (labels.isEmpty ? "" : "{" + labels.joined(separator: ",") + "}") + " \(value)\n")
    }

    private func prefix(_ scope: Metric.Scope, _ role: StatsPacket.Role) -> String { scope == .host ? "megacomet_host_" : "megacomet_\(role)_" }

    /// A decimal number without exponent, exact.
    private func seconds(_ value: UInt64, _ perSecond: UInt64) -> String {
        let rest = value % perSecond
        guard rest > 0 else { return "\(value / perSecond)" }
        var digits = "\(perSecond + rest)".dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(value / perSecond).\(digits)"
    }
}
