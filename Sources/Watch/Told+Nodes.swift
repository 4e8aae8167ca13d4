package import Wire

/// The cluster that the appliance is in, by the manager's answers.
extension Told {
    package struct Nodes: Equatable, Sendable {
        /// `nil` if none came yet. An answer without an engine is that of one machine alone.
        package private(set) var answer: NodesAnswer?
        /// The time of the last answer, in ns.
        package private(set) var time: UInt64?
        /// Why the last question has no answer. The rows are older then.
        package var problem = ""
        /// The time between two questions. Machines speak once a second.
        package static let everySeconds = 1.0

        package init() {}

        package mutating func take(_ answer: NodesAnswer, time: UInt64) {
            self.answer = answer
            self.time = time
            problem = ""
        }
        /// The freshness, by the usual rule. Questions are not more frequent than pictures.
        package func freshness(_ now: UInt64, interval: Double) -> Freshness {
            Freshness(answered: time, now, every: max(Nodes.everySeconds, interval))
        }
    }
}
