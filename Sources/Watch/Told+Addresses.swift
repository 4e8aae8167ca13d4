package import Supervision

/// The busiest addresses of clients, by the answers of the supervisor, which asks all workers.
extension Told {
    package struct Addresses: Equatable, Sendable {
        /// The busiest first.
        package private(set) var rows: [Row] = []
        /// Workers that did not answer: their connections are in no row.
        package private(set) var silent: [String] = []
        /// There is a bound by address. Without one nothing is counted.
        package private(set) var areCounted = true
        /// The time of the last answer, in ns. `nil` if none came yet.
        package private(set) var time: UInt64?
        /// Why the last question has no answer. The rows are older then.
        package var problem = ""
        /// The time between two questions: each worker looks at all its addresses for an answer.
        package static let everySeconds = 5.0

        package init() {}

        @dynamicMemberLookup
        package struct Row: Equatable, Sendable {
            fileprivate let told: AddressesAnswer.Row
            /// More of it was refused than in the answer before.
            package fileprivate(set) var isRefused = false

            package subscript<Value>(dynamicMember member: KeyPath<AddressesAnswer.Row, Value>) -> Value {
                told[keyPath: member]
            }
        }

        package mutating func take(_ answer: AddressesAnswer, time: UInt64) {
            let before = Dictionary(rows.map { ($0.address, $0.refused) }) { first, _ in first }
            rows = answer.addresses.map { row in
                Row(told: row, isRefused: before[row.address].map { row.refused > $0 } ?? false)
            }
            silent = answer.silent
            areCounted = answer.counted
            self.time = time
            problem = ""
        }
        /// The freshness, by the usual rule. Questions are not more frequent than pictures.
        package func freshness(_ now: UInt64, interval: Double) -> Freshness {
            Freshness(answered: time, now, every: max(Addresses.everySeconds, interval))
        }
    }
}
