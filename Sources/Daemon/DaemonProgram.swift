package import Base
package import Stats

/// The program of a daemon, as far as the daemon has to ask it: worker, manager and webhook are one each.
package protocol DaemonProgram: AnyObject {
    /// Sets the program's own metrics in a report.
    func fill(_ report: inout StatsWriter)
    /// How many sockets of clients are open. The count of descriptors needs it.
    var socketCount: Int { get }
    /// How full the process is. The state OVERLOADED depends on it.
    var load: Overload.Load { get }
    /// Reads again what may change while it runs.
    func reload()
    /// The keys of session tickets, the newest first.
    func useTicketKeys(_ keys: [[UInt8]])
    /// The addresses of clients that hold most, the busiest first.
    var busiestAddresses: [BusyAddress] { get }
    /// Ends the program's work over so many seconds, and calls `done` when that is done.
    func drain(seconds: Double, done: @escaping () -> Void)
}

extension DaemonProgram {
    /// A program without clients has none.
    package var busiestAddresses: [BusyAddress] { [] }
    package func useTicketKeys(_ keys: [[UInt8]]) {}
}
