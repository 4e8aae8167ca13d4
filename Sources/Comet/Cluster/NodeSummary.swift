/// What a machine says of itself once a second, for operators: words of the form `name=number`. A name that a program
/// does not know is skipped, and one that is missing is unknown.
package struct NodeSummary: Equatable, Sendable {
    /// The program's version.
    package var version = ""
    /// Receivers that are held, and clients that are connected, on this machine.
    package var receivers: UInt64?
    package var clients: UInt64?
    package var workers: UInt64?
    /// Since the manager started: publishes of its own apps, and messages handed to receivers.
    package var publishes: UInt64?
    package var handed: UInt64?
    /// Messages that are kept.
    package var messages: UInt64?
    /// Milliseconds by which the newest entry that it has carried out was late.
    package var lag: UInt64?
    /// Microseconds of the last entry's way to the engine and back.
    package var latency: UInt64?

    package init() {}

    private static var fields: [(name: String, field: WritableKeyPath<NodeSummary, UInt64?>)] {
        [
            ("receivers", \.receivers), ("clients", \.clients), ("workers", \.workers), ("publishes", \.publishes),
            ("handed", \.handed), ("messages", \.messages), ("lag", \.lag), ("latency", \.latency),
        ]
    }
    package var text: String {
        let words = NodeSummary.fields.compactMap { name, field in self[keyPath: field].map { "\(name)=\($0)" } }
        return (["version=\(version)"] + words).joined(separator: " ")
    }
    package init(parsing text: String) {
        for word in text.split(separator: " ") {
            let parts = word.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            if parts[0] == "version" { version = String(parts[1].prefix(32)) }
            for (name, field) in NodeSummary.fields where parts[0] == name { self[keyPath: field] = UInt64(parts[1]) }
        }
    }
}
