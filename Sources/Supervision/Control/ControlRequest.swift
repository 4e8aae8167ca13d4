/// A question or an order: one line of JSON on the control socket. What an operation does not need is left out.
package struct ControlRequest: Codable, Sendable {
    package var op: String
    package var name: String?
    /// Frozen when the operator decided: where the process is another by now, nothing is done (`changed`).
    package var pid: Int32?
    package var boot: String?
    package var reason: String?
    /// The terminal and the program of who asks, for the events.
    package var tty: String?
    package var via: String?
    /// stop, restart: clients are not answered first.
    package var now: Bool?
    /// events: go on.
    package var follow: Bool?
    /// hold: false watches it again. rolling: false ends it after the worker that is under way.
    package var on: Bool?
    /// crashes: this one.
    package var id: String?

    package init(_ op: String, _ name: String? = nil) {
        self.op = op
        self.name = name
    }
}
