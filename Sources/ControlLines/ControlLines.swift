import FoundationEssentials
package import Supervision

// What programs say to each other as lines of JSON, first of all over the control socket. It is apart from Supervision,
// whose decisions import no system.

extension Decodable {
    /// Takes JSON text: an answer or an event of the control socket or of the app port, or a line of our own files.
    /// Throws if the text is not of this shape.
    package init(json text: some StringProtocol) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(text.utf8))
    }
}

extension ControlRequest {
    package var line: String {
        (try? JSONEncoder().encode(self)).map { String(decoding: $0, as: UTF8.self) + "\n" } ?? "{}\n"
    }
}
