/// The connections of apps as the manager told of them, and how fast each publishes. An answer has counters; what they
/// grew by since the one before makes a rate, over the manager's own clock: that of a recording is the same.
extension Told {
    package struct Apps: Equatable, Sendable {
        /// The connections, those that published most first.
        package private(set) var rows: [Row] = []
        /// Connections beyond these rows.
        package private(set) var more = 0.0
        /// When the last answer came, and the one before, in ns. `nil`: it did not come yet.
        package private(set) var time: UInt64?
        package private(set) var previousTime: UInt64?
        /// Why the last question has no answer; the rows are older then.
        package var problem = ""

        /// Between two questions, where the picture is not drawn less often.
        package static let everySeconds = 2.0
        /// A rate over a longer time tells nothing of now: twice the slowest refresh.
        private static let longestSeconds = 120.0

        package init() {}

        package struct Row: Equatable, Sendable {
            /// Address and port: who it is, from one answer to the next.
            package var peer: String
            /// `lines` or `http`; nil: it has said nothing yet.
            package var form: String?
            package var connectedSeconds: Double
            package var publishes: Double
            package var bytes: Double
            package var errors: Double
            package var idleSeconds: Double
            package var backlogBytes: Double
            /// A second, since the answer before; nil: it was not in that.
            package fileprivate(set) var rates: Rates?

            package init(
                peer: String, form: String?, connectedSeconds: Double, publishes: Double, bytes: Double, errors: Double,
                idleSeconds: Double, backlogBytes: Double
            ) {
                self.peer = peer
                self.form = form
                self.connectedSeconds = connectedSeconds
                self.publishes = publishes
                self.bytes = bytes
                self.errors = errors
                self.idleSeconds = idleSeconds
                self.backlogBytes = backlogBytes
            }
            /// Nil where this is no later look at the same connection: it is younger, or a counter went back.
            fileprivate func rates(since old: Row) -> Rates? {
                let seconds = connectedSeconds - old.connectedSeconds
                guard seconds > 0, seconds < Apps.longestSeconds, publishes >= old.publishes, bytes >= old.bytes,
                    errors >= old.errors
                else { return nil }
                return Rates(
                    publishes: (publishes - old.publishes) / seconds, bytes: (bytes - old.bytes) / seconds,
                    errors: (errors - old.errors) / seconds)
            }
        }
        package struct Rates: Equatable, Sendable {
            package var publishes: Double
            package var bytes: Double
            package var errors: Double
            package init(publishes: Double, bytes: Double, errors: Double) {
                self.publishes = publishes
                self.bytes = bytes
                self.errors = errors
            }
        }

        package var count: Double { Double(rows.count) + more }

        package mutating func take(_ told: [Row], more: Double, time: UInt64) {
            let before = Dictionary(rows.map { ($0.peer, $0) }) { first, _ in first }
            rows = told.map { row in
                var row = row
                row.rates = before[row.peer].flatMap { row.rates(since: $0) }
                return row
            }
            self.more = more
            previousTime = self.time
            self.time = time
            problem = ""
        }
        /// By the usual rule. `interval`: of the pictures, in seconds; it is not asked more often than they are drawn.
        package func freshness(_ now: UInt64, interval: Double) -> Freshness {
            guard let time else { return .old }
            return Freshness(age: now > time ? Double(now - time) / 1e9 : 0, interval: max(Apps.everySeconds, interval))
        }
    }
}
