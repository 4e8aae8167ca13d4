package import Wire

/// The connections of apps, by the manager's answers, and the rate of each. An answer has counters. Their growth since
/// the answer before makes a rate, by the manager's clock, so a recording shows the same rates.
extension Told {
    package struct Apps: Equatable, Sendable {
        /// The connections. Those that published most come first.
        package private(set) var rows: [Row] = []
        /// The number of connections that have no row here.
        package private(set) var more = 0.0
        /// The keys of apps, in the order of the settings.
        package private(set) var keys: [AppsAnswer.Key] = []
        /// The time of the last answer, in ns. `nil` if none came yet.
        package private(set) var time: UInt64?
        package private(set) var previousTime: UInt64?
        /// Why the last question has no answer. The rows are older then.
        package var problem = ""

        /// The time between two questions, unless the picture is drawn less often.
        package static let everySeconds = 2.0
        /// A rate over a longer time says nothing about now. This is twice the slowest refresh.
        private static let longestSeconds = 120.0

        package init() {}

        /// A connection as the manager has it, with its rates. Its peer names it from one answer to the next.
        @dynamicMemberLookup
        package struct Row: Equatable, Sendable {
            fileprivate let told: AppsAnswer.Row
            /// What came before, the oldest first, at most `Apps.kept`: an answer without rates has `nil`.
            package fileprivate(set) var history: [Moment] = []
            /// The rates per second since the answer before. `nil` if the connection was not in that answer.
            package fileprivate(set) var rates: Rates?

            package subscript<Value>(dynamicMember member: KeyPath<AppsAnswer.Row, Value>) -> Value {
                told[keyPath: member]
            }
            /// The name that the app has given, or else that of its key. `nil` if it has neither.
            package var ownName: String? { told.name ?? told.key }
            /// The rates since an earlier look. `nil` if that was another connection: this one is younger, or a counter
            /// went back.
            fileprivate func rates(since old: Row) -> Rates? {
                let (now, old) = (told, old.told)
                let seconds = now.connectedSeconds - old.connectedSeconds
                guard seconds > 0, seconds < Apps.longestSeconds, now.publishes >= old.publishes,
                    now.bytes >= old.bytes, now.errors >= old.errors
                else { return nil }
                let events = now.events.flatMap { now in old.events.map { now - $0 } }
                return Rates(
                    publishes: (now.publishes - old.publishes) / seconds, bytes: (now.bytes - old.bytes) / seconds,
                    errors: (now.errors - old.errors) / seconds, events: events.map { $0 / seconds })
            }
        }
        /// An answer about a connection, for the lines over time.
        package struct Moment: Equatable, Sendable {
            package let rates: Rates?
            package let backlogBytes: Double
        }
        /// Answers that are kept for each connection: five minutes, at one every two seconds.
        package static let kept = 150
        package struct Rates: Equatable, Sendable {
            package var publishes: Double
            package var bytes: Double
            package var errors: Double
            /// `nil` if the manager does not count them.
            package var events: Double?
            package init(publishes: Double, bytes: Double, errors: Double, events: Double? = nil) {
                self.publishes = publishes
                self.bytes = bytes
                self.errors = errors
                self.events = events
            }
        }

        /// The connection of this number. `nil` if it is not among the rows.
        package func row(number: UInt64) -> Row? { rows.first { $0.number == Double(number) } }
        package var count: Double { Double(rows.count) + more }

        package mutating func take(
            _ told: [AppsAnswer.Row], more: Double, keys: [AppsAnswer.Key] = [], time: UInt64
        ) {
            let before = Dictionary(rows.map { ($0.peer, $0) }) { first, _ in first }
            rows = told.map {
                var row = Row(told: $0)
                guard let old = before[row.peer], row.connectedSeconds >= old.connectedSeconds else { return row }
                row.rates = row.rates(since: old)
                row.history = old.history.suffix(Apps.kept - 1)
                row.history.append(Moment(rates: row.rates, backlogBytes: row.backlogBytes))
                return row
            }
            self.more = more
            self.keys = keys
            previousTime = self.time
            self.time = time
            problem = ""
        }
        /// The freshness, by the usual rule. `interval` is the time between pictures in seconds. Questions are not more
        /// frequent than pictures.
        package func freshness(_ now: UInt64, interval: Double) -> Freshness {
            Freshness(answered: time, now, every: max(Apps.everySeconds, interval))
        }
    }
}
