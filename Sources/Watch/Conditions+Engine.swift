import Stats
import Supervision

// Conditions of the cluster: of the engine that its machines share, and of the other machines.
extension Model {
    func addEngine(_ manager: ProcessModel, to found: inout Conditions) {
        let own = manager.own
        guard let up = own.count(.engineUp) else { return }
        if up == 0 {
            let event = events.last { $0.kind == "ENGINE" && $0.isOf(.manager) }
            let why = event.map { $0.text + "; " } ?? ""
            found.add(.engineAway, .critical, "\(why)publishes are refused with 503, and clients that are held stay")
        }
        let used = own.value(.engineMemory), most = own.value(.engineMemoryMax)
        found.add(
            .engineFull, .share(.engineMemory, used, most),
            "\(Format.bytes(used ?? 0))B of \(Format.bytes(most ?? 0))B (maxmemory): raise it, or lower queue.ttl and "
                + "channels.max_messages; when it is full, publishes are refused")
        if let least = slowestAppends(own) {
            let level = Level(least, Metric[.engineLatencyMax].threshold)
            found.add(
                .engineSlow, level, certain: true,
                "an append takes \(Format.milliseconds((own.value(.engineLatencyMax) ?? 0) / 1000)) or more for ten "
                    + "seconds: look at the engine's processor, disk and network")
        }
        let lost = own.value(.nodesLost) ?? 0
        found.add(
            .nodeLost, lost > 0 ? .warning : .fine,
            "\(Format.whole(lost)) of \(Format.whole(own.value(.nodes) ?? 0)) machines said nothing for 10 s: their "
                + "clients count as absent until they come elsewhere")
    }
    /// The least of the longest times of an append in each of the last ten seconds. `nil` if there are not so many.
    private func slowestAppends(_ own: Series) -> Double? {
        let last = own.samples.suffix(Model.slowSamples).compactMap { $0.values[.engineLatencyMax] }
        return last.count < Model.slowSamples ? nil : last.min().map { Double($0) }
    }
    private static let slowSamples = 10
}
