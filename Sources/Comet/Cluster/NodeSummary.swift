/// How a machine of the cluster is seen by another one.
package enum NodeState: String, Sendable, CaseIterable {
    /// It speaks each second.
    case up
    /// It has been silent for some seconds.
    case late
    /// It was given up: its clients count as absent.
    case gone

    package init(silentMilliseconds: UInt64, isGone: Bool) {
        self = isGone ? .gone : silentMilliseconds >= NodeState.lateMilliseconds ? .late : .up
    }
    /// A machine speaks each second. One word may be late; three are not.
    private static let lateMilliseconds: UInt64 = 3000
}

/// A machine's word on itself, each second, as one line of text: `version=1.2.0 clients=7 ..`. A field that a reader
/// does not know is passed over, and one that is missing is 0, so that machines of two versions understand each other.
package struct NodeSummary: Equatable, Sendable, CustomStringConvertible {
    package var version = ""
    /// Clients that are connected there.
    package var clients: UInt64 = 0
    /// Publishes that its apps made, in the last second.
    package var publishesPerSecond: UInt64 = 0
    /// Messages that wait for clients, as far as it has read. Those of channels are not among them.
    package var queued: UInt64 = 0
    /// How far it is behind in reading, in milliseconds.
    package var lagMilliseconds: UInt64 = 0
    /// How long its last append took, in microseconds.
    package var latencyMicroseconds: UInt64 = 0

    package init() {}

    private static let numbers: [(String, any WritableKeyPath<NodeSummary, UInt64> & Sendable)] = [
        ("clients", \.clients), ("publishes", \.publishesPerSecond), ("queued", \.queued), ("lag", \.lagMilliseconds),
        ("latency", \.latencyMicroseconds),
    ]

    package var description: String {
        let word = version.filter { !$0.isWhitespace && $0 != "=" }
        return (["version=\(word)"] + NodeSummary.numbers.map { "\($0.0)=\(self[keyPath: $0.1])" })
            .joined(separator: " ")
    }
    /// Reads a summary. What can't be read is left out.
    package init(_ text: String) {
        for field in text.split(separator: " ") {
            guard let equals = field.firstIndex(of: "=") else { continue }
            let (name, value) = (field[..<equals], field[field.index(after: equals)...])
            if name == "version" {
                version = String(value.prefix(32))
            } else if let path = NodeSummary.numbers.first(where: { $0.0 == name })?.1, let number = UInt64(value) {
                self[keyPath: path] = number
            }
        }
    }
}
