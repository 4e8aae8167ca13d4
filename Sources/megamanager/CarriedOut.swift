import Engine

/// Entries that were carried out here. If the engine has lost some of them, the machines that wrote them may not know
/// that they were ever taken, and send them again. Then nobody may carry them out a second time.
struct CarriedOut {
    /// The highest number of each life of a manager. Its entries come in the order of their numbers.
    private var newest: [UInt64: UInt64] = [:]
    /// The newest entries: the writer's epoch, the entry's number, and its ids.
    private var recent: [(epoch: UInt64, sequence: UInt64, ids: ClosedRange<UInt64>)] = []
    private var next = 0
    /// The entries of some seconds.
    private static let most = 16_384
    /// Managers that started since. Those of long ago write nothing more.
    private static let mostManagers = 4_096

    mutating func note(_ entry: EngineEntry) {
        if newest.count >= CarriedOut.mostManagers { newest = [:] }
        newest[entry.epoch] = entry.sequence
        let one = (entry.epoch, entry.sequence, entry.id...entry.end)
        if recent.count < CarriedOut.most { return recent.append(one) }
        recent[next] = one
        next = (next + 1) % CarriedOut.most
    }
    func contains(_ entry: EngineEntry) -> Bool { newest[entry.epoch].map { entry.sequence <= $0 } ?? false }
    /// The ids under which the entry was carried out. `nil` if that was long ago.
    func ids(of entry: EngineEntry) -> ClosedRange<UInt64>? {
        recent.first { $0.epoch == entry.epoch && $0.sequence == entry.sequence }?.ids
    }
}
