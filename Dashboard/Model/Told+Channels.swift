/// The channels with the most subscribers, by the manager's answers.
extension Told {
    package struct Channels: Equatable, Sendable {
        package var rows: [Row] = []
        /// The time of the last answer, in ns. `nil` if none came yet.
        package private(set) var time: UInt64?
        /// Why the last question has no answer. The rows are older then. Empty if the manager answered.
        package var problem = ""
        /// The time between two questions: the manager looks at every channel for an answer.
        package static let everySeconds = 5.0

        package init() {}

        package struct Row: Equatable, Sendable {
            package var channel: String
            package var subscribers: Double
            package var connected: Double
            package var messages: Double
            package var bytes: Double
            package init(channel: String, subscribers: Double, connected: Double, messages: Double, bytes: Double) {
                self.channel = channel
                self.subscribers = subscribers
                self.connected = connected
                self.messages = messages
                self.bytes = bytes
            }
        }

        package mutating func take(_ rows: [Row], time: UInt64) {
            self.rows = rows
            self.time = time
            problem = ""
        }
        /// The freshness, by the usual rule. Questions are not more frequent than pictures.
        package func freshness(_ now: UInt64, interval: Double) -> Freshness {
            guard let time else { return .old }
            return Freshness(
                age: now > time ? Double(now - time) / 1e9 : 0, interval: max(Channels.everySeconds, interval))
        }
    }
}
