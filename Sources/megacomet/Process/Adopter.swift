import Configuration
import Reactor
import Stats
import Supervision

/// The interface by which the adoption hands processes to the supervisor.
protocol Adopter: AnyObject {
    var loop: Loop { get }
    var folder: RunFolder { get }
    var settings: Settings { get }
    var children: Children { get }
    var listeners: Listeners { get }
    var journal: JournalMemory { get }
    var token: TokenFile { get }
    var events: EventLog { get }

    /// An earlier supervisor's memory of a process: its last generation, and whether it was stopped.
    func recall(_ name: ProcessName, generation: Int, isDown: Bool)
    func adopt(_ child: Child, _ state: ProcessState)
    /// A line came on the lifeline.
    func said(_ child: Child, _ line: String)
    /// A line of its output came.
    func wrote(_ child: Child, _ line: String)
    /// It has its lifeline, and it is known whether it serves TLS.
    func tellTickets(_ child: Child)
    func ended(_ child: Child, _ ending: Ending)
}
