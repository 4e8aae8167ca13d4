/// What this machine knows of its cluster at one moment: the engine, and the machines. They are plain values, for
/// operators.
package struct ClusterLook: Equatable, Sendable {
    package struct Engine: Equatable, Sendable {
        /// The server that is asked, without its password.
        package var address = ""
        package var isUp = false
        /// For how long it has been up, or away.
        package var sinceMilliseconds: UInt64 = 0
        /// Why it is away, in words. Empty while it is up.
        package var why = ""
        /// `master`. Empty before the first connection; the last word stays while it is away.
        package var role = ""
        package var version = ""
        /// The server's memory, and its bound (`maxmemory`; 0: none).
        package var memoryBytes: UInt64 = 0
        package var memoryMostBytes: UInt64 = 0
        /// The time of an append, from sending to the answer: the last, and the longest of the last second.
        package var latencyMicroseconds: UInt64 = 0
        package var latencyMostMicroseconds: UInt64 = 0
        /// Bytes that wait for the engine.
        package var backlogBytes: UInt64 = 0
        /// How far the newest entry that was carried out here is behind.
        package var lagMilliseconds: UInt64 = 0
        package var appendsPerSecond: UInt64 = 0
        /// Replicas that must have a publish before its app is answered.
        package var replicas = 0
        package init() {}
    }
    /// A machine, by what it said last.
    package struct Node: Equatable, Sendable {
        package enum State: String, Sendable, CaseIterable {
            /// It speaks each second.
            case up
            /// It has been silent for some seconds.
            case late
            /// It was given up: its clients count as absent.
            case gone

            package init(silentMilliseconds: UInt64, isGone: Bool) {
                self = isGone ? .gone : silentMilliseconds >= ClusterLook.lateMilliseconds ? .late : .up
            }
        }
        package var name = ""
        /// It is this machine.
        package var isOwn = false
        package var state = State.up
        /// The time since its last word.
        package var ageMilliseconds: UInt64 = 0
        package var summary = NodeSummary()
        package init() {}
    }

    package var engine = Engine()
    /// By name.
    package var nodes: [Node] = []
    /// When this was looked at, in milliseconds of the manager's clock.
    package var time: UInt64 = 0

    package init() {}

    /// A machine speaks each second. One word may be late; three are not.
    package static let lateMilliseconds: UInt64 = 3000
}

/// What a machine says of itself each second, as one line of text: `version=1.2.0 clients=7 ..`. A field that a reader
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
