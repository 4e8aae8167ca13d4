import Wire

/// Whether clients come all at once: after a worker died, after a publish to everyone, at the start of a day. Polls
/// that begin together would end together a poll timeout later, come again together, and so on for as long as nothing
/// else happens. So those of a herd are each held for less than the whole timeout, one for this long and the next for
/// that (`Deadlines`), and the herd is gone after the first round.
///
/// A herd is what comes faster than an even load of the clients that wait here: they come once in a poll timeout each.
struct Herd {
    /// Milliseconds over which polls are counted.
    private static let window: UInt32 = 1000
    private var windowBegan: UInt32 = 0
    private var count = 0
    private var most = 0

    /// A poll begins, among those that wait already. True: it is one of a herd.
    mutating func pollBegins(now: UInt32, timeout: UInt32, among deadlines: Deadlines) -> Bool {
        if now &- windowBegan >= Herd.window {
            let even = deadlines.count(.poll) * Int(Herd.window) / Int(timeout)
            (windowBegan, count, most) = (now, 0, Limits.evenPolls + even + even / 4)
        }
        count &+= 1
        return count > most
    }
}
