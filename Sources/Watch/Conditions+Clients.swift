import Stats
import Supervision

// Conditions of clients, of deliveries and of apps.
extension Model {
    /// Adds that connections run out, and that clients are refused.
    func addClients(_ totals: Totals, to found: inout Conditions) {
        let connections = totals.connections.value, most = totals.connectionLimit
        found.add(
            .conns, .share(.connsOpen, connections, most),
            "\(Format.grouped(connections ?? 0)) of \(Format.grouped(most ?? 0)): add workers, or raise "
                + "workers.max_connections")
        let seconds = Model.alertSeconds
        let full = totals.sumRate(.rejectedLimit, seconds: seconds).value ?? 0
        let address =
            (totals.sumRate(.refusedAddressConnections, seconds: seconds).value ?? 0)
            + (totals.sumRate(.refusedAddressAccepts, seconds: seconds).value ?? 0)
        let bad = totals.sumRate(.httpRefused, seconds: seconds).value ?? 0
        let tokens = totals.sumRate(.tokensRefused, seconds: seconds).value ?? 0
        let all = max(bad, full + tokens) + address
        var why: [String] = []
        if full > 0 { why.append("\(Format.rate(full))/s for want of room") }
        if address > 0 { why.append("\(Format.rate(address))/s by the bounds of an address") }
        if tokens > 0 { why.append("\(Format.rate(tokens))/s for their token") }
        found.add(
            .refused, Level.refusals(all),
            "\(Format.rate(all))/s" + (why.isEmpty ? " with a 4xx or 5xx" : ": " + why.joined(separator: ", ")))
        let verified = totals.sumRate(.tokensVerified, seconds: seconds).value ?? 0
        found.add(
            .tokens, tokens > verified ? Level.refusals(tokens) : .fine,
            "\(Format.rate(tokens))/s, and \(Format.rate(verified))/s are taken: does the app sign with a key of "
                + "tokens.keys?")
    }

    /// Adds that deliveries are slow, that WebSockets vanish without a word, or that streams don't keep up.
    func addDeliveries(_ totals: Totals, to found: inout Conditions) {
        var buckets = LatencyBuckets.ids.map { totals.sumRate($0, seconds: Model.alertSeconds).value ?? 0 }
        let all = buckets.reduce(0, +)
        let over500 = buckets.removeLast(), over100 = over500 + buckets.removeLast()
        // One in a hundred of a few says nothing.
        if all >= 10 {
            found.add(
                .latency, over500 >= all / 100 ? .critical : over100 >= all / 100 ? .warning : .fine,
                "\(Format.percent(over100 / all)) take 100 ms or more, \(Format.percent(over500 / all)) 500 ms: see "
                    + "LAG and CPU of the workers")
        }
        let missed = totals.sumRate(.heartbeatsMissed, seconds: Level.missedSeconds).value
        found.add(
            .heartbeats, totals.missedLevel,
            "\(Format.rate(missed ?? 0))/s WebSockets closed; a proxy or firewall on the way drops idle ones: raise "
                + "its timeout, or lower workers.heartbeat")
        let behind = totals.sum(.streamsBehind).value ?? 0, stays = totals.stays.value ?? 0
        found.add(
            .behind, totals.behindLevel,
            "\(Format.grouped(behind)) of \(Format.grouped(stays)); more is sent than their lines take: send less or "
                + "use latest; is the network full?")
    }

    /// Adds that apps are refused, or don't read their answers.
    func addApps(_ manager: ProcessModel, _ totals: Totals, to found: inout Conditions) {
        func rate(_ id: MetricID) -> Double { manager.own.rate(id, seconds: Model.alertSeconds) ?? 0 }
        let full = rate(.refusedFull)
        found.add(
            .full, Level(full, Metric[.refusedFull].threshold), counter: manager.own.value(.refusedFull),
            "\(Format.rate(full))/s: raise queue.max_messages or queue.max_bytes, or see who stays away (2)")
        let reasons: [(String, Double)] = [
            ("without a good key", rate(.rejectedAuth)), ("not of the form", rate(.rejectedJSON)),
            ("too long", rate(.rejectedSize)), ("no such path", rate(.rejectedRequest)),
        ]
        let all = reasons.reduce(0) { $0 + $1.1 }
        found.add(
            .rejected, Level.refusals(all),
            reasons.filter { $0.1 > 0 }.map { "\(Format.rate($0.1))/s \($0.0)" }.joined(separator: ", "))
        let backlog = manager.own.value(.appBacklogMax)
        found.add(
            .stalled, Level(backlog, Metric[.appBacklogMax].threshold),
            "\(Format.bytes(backlog ?? 0)) wait for one app to read; it is cut when they are too many (3 lists apps)")
    }
}

extension Level {
    /// Refusals per second. A few are a scanner; many are a client or an app that goes wrong.
    static func refusals(_ rate: Double) -> Level { rate >= 100 ? .critical : rate >= 1 ? .warning : .fine }
}
