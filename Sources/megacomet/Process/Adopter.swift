import Configuration
import Reactor
import Stats
import Supervision

/// The supervisor, as those see it that bring it processes of an earlier one.
protocol Adopter: AnyObject {
    var loop: Loop { get }
    var folder: RunFolder { get }
    var settings: Settings { get }
    var children: Children { get }
    var listeners: Listeners { get }
    var token: TokenFile { get }
    var events: EventLog { get }

    /// What an earlier supervisor knew of a process: how far its generations had come, and whether it was stopped.
    func recall(_ name: ProcessName, generation: Int, isDown: Bool)
    func adopt(_ child: Child, _ state: ProcessState)
    /// A line on the lifeline.
    func said(_ child: Child, _ line: String)
    /// A line of its output.
    func wrote(_ child: Child, _ line: String)
    func ended(_ child: Child, _ ending: Ending)
}
