import Wire

/// Tells whether clients come all at once: after a worker died, after a publish to everyone, at the start of a day.
/// Polls that begin together would end together a poll timeout later, and come again together, for as long as nothing
/// else happens. So the polls of a herd are held for less than the whole timeout, each for another time (`Deadlines`).
/// After the first round the herd is gone.
///
/// Polls are a herd if they come faster than those of an even load. Then each waiting client comes once in a poll
/// timeout.
struct Herd {
    /// The milliseconds in which polls are counted.
    private static let window: UInt32 = 1000
    private var windowBegan: UInt32 = 0
    private var count = 0
    private var most = 0

    /// A poll begins. True if it belongs to a herd.
    mutating func pollBegins(now: UInt32, timeout: UInt32, among deadlines: Deadlines) -> Bool {
        if now &- windowBegan >= Herd.window {
            let even = deadlines.count(.poll) * Int(Herd.window) / Int(timeout)
            (windowBegan, count, most) = (now, 0, Limits.evenPolls + even + even / 4)
        }
        count &+= 1
        return count > most
    }
}
