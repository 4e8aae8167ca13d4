/// A question or an order: one line of JSON on the control socket. Members that an operation does not need are left
/// out.
package struct ControlRequest: Codable, Sendable {
    package var op: String
    package var name: String?
    /// The pid when the operator decided. If the process has another pid by now, nothing is done (`changed`).
    package var pid: Int32?
    package var boot: String?
    package var reason: String?
    /// The operator's terminal and program, for the events.
    package var tty: String?
    package var via: String?
    /// stop, restart: do not answer the clients first.
    package var now: Bool?
    /// events: go on with each new event.
    package var follow: Bool?
    /// hold: false watches the process again. rolling: false ends it after the present worker.
    package var on: Bool?
    /// crashes: the id of one report.
    package var id: String?

    package init(_ op: String, _ name: String? = nil) {
        self.op = op
        self.name = name
    }
}
