package import Wire

/// The channels with the most subscribers, by the manager's answers.
extension Told {
    package struct Channels: Equatable, Sendable {
        package var rows: [ChannelsAnswer.Row] = []
        /// The time of the last answer, in ns. `nil` if none came yet.
        package private(set) var time: UInt64?
        /// Why the last question has no answer. The rows are older then. Empty if the manager answered.
        package var problem = ""
        /// The time between two questions: the manager looks at every channel for an answer.
        package static let everySeconds = 5.0

        package init() {}

        package mutating func take(_ rows: [ChannelsAnswer.Row], time: UInt64) {
            self.rows = rows
            self.time = time
            problem = ""
        }
        /// The freshness, by the usual rule. Questions are not more frequent than pictures.
        package func freshness(_ now: UInt64, interval: Double) -> Freshness {
            Freshness(answered: time, now, every: max(Channels.everySeconds, interval))
        }
    }
}
