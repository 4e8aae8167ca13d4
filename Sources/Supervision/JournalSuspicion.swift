import Stats

/// Whether the manager dies of the memory that it is given (`queue.journal`). Two early deaths in a row are enough. One
/// is enough if the manager says that it can't take the memory, since another version wrote it.
///
/// A death is early if the manager was never ready, or was younger than `patience`. Deaths that come from outside say
/// nothing: whoever kills the manager again and again must not get its messages thrown away. But a copy that is killed
/// before it was ever ready may have taken too much memory, so its death counts.
struct JournalSuspicion: Equatable, Sendable {
    private static let deathsThatAreEnough = 2
    static let patience: Milliseconds = 10_000
    /// SIGHUP, SIGINT, SIGKILL and SIGTERM: orders of somebody else.
    private static let orders: Set<Int> = [1, 2, 9, 15]
    /// EX_OK, EX_USAGE, EX_UNAVAILABLE (a port), EX_NOPERM and EX_CONFIG. The program says itself what it is.
    private static let explained: Set<Int> = [0, 64, 69, 77, 78]

    /// EX_DATAERR: the manager can't take the memory.
    static let refused = 65

    private var deaths = 0

    /// A copy of the manager ended. True if the next copy must not get the same memory.
    mutating func ended(_ copy: Copy, _ ending: Ending, uptime: Milliseconds) -> Bool {
        let wasReady = copy.readyAt != nil
        if wasReady, uptime >= JournalSuspicion.patience {
            deaths = 0
            return false
        }
        guard copy.hasJournal, !copy.isPlanned, JournalSuspicion.mayBeOfMemory(copy, ending, wasReady) else {
            return false
        }
        deaths += 1
        guard deaths == JournalSuspicion.deathsThatAreEnough || ending.code == JournalSuspicion.refused else {
            return false
        }
        deaths = 0
        return true
    }
    private static func mayBeOfMemory(_ copy: Copy, _ ending: Ending, _ wasReady: Bool) -> Bool {
        if let code = ending.code { return !explained.contains(code) || copy.isHung }
        guard wasReady, !copy.isHung else { return true }
        return ending.signal.map { !orders.contains($0) } ?? false
    }
}

extension Fleet {
    mutating func judgeJournal(_ gone: Copy, _ ending: Ending, uptime: Milliseconds) {
        guard journalSuspicion.ended(gone, ending, uptime: uptime) else { return }
        let patience = Fleet.seconds(JournalSuspicion.patience)
        let why =
            ending.code == JournalSuspicion.refused
            ? "the manager can't take it" : "the manager died twice within \(patience) of its start"
        tell(
            .critical, .manager, .journalSetAside,
            "\(why): the next one begins with an empty journal, and this one is kept as it is. `megacomet journal` "
                + "shows what is in it")
        actions.append(.setJournalAside)
    }
}
