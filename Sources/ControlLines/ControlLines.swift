import FoundationEssentials
package import Stats
package import Supervision

// The language of the control socket as lines of JSON. It is apart from Supervision, whose decisions import no system.

extension ControlAnswer {
    /// Throws if the line is no such answer.
    package init(line: String) throws { self = try JSONDecoder().decode(Self.self, from: Data(line.utf8)) }
}

extension Event {
    /// A line that follows the answer to `events`, or the body of an EVENT datagram.
    package init(line: String) throws { self = try JSONDecoder().decode(Event.self, from: Data(line.utf8)) }
}

extension ControlRequest {
    package var line: String {
        (try? JSONEncoder().encode(self)).map { String(decoding: $0, as: UTF8.self) + "\n" } ?? "{}\n"
    }
    package init(line: String) throws { self = try JSONDecoder().decode(ControlRequest.self, from: Data(line.utf8)) }
}
