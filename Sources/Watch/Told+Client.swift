package import Wire

extension Told {
    /// One client, by the manager's answers.
    package struct Client: Equatable, Sendable {
        package let id: String
        /// The last answer. `nil` if none came yet.
        package private(set) var answer: ClientAnswer?
        /// The time of the last answer, in ns.
        package private(set) var time: UInt64?
        /// Why the last question has no answer. The answer is older then. Empty if the manager answered.
        package var problem = ""
        /// The time between two questions.
        package static let everySeconds = 2.0

        package init(id: String) { self.id = id }

        package mutating func take(_ answer: ClientAnswer, time: UInt64) {
            self.answer = answer
            self.time = time
            problem = ""
        }
        /// The freshness, by the usual rule. Questions are not more frequent than pictures.
        package func freshness(_ now: UInt64, interval: Double) -> Freshness {
            Freshness(answered: time, now, every: max(Client.everySeconds, interval))
        }
    }

    /// The events of a client, as the manager tells them. They are for the operator who looks, and are in no recording.
    ///
    ///     asking --does it--> following --manager gone--> lost --does it--> following
    ///       +--no manager--> lost    +--does not--> refused, until the operator asks again
    package struct Followed: Equatable, Sendable {
        package enum State: Equatable, Sendable {
            case asking
            /// Since this time, in milliseconds since 1970.
            case following(since: UInt64)
            /// No manager tells anything, for this reason. It is asked again each second.
            case lost(String)
            /// The manager does not do it, for this reason.
            case refused(String)
        }
        package enum Row: Equatable, Sendable {
            case event(FollowedEvent)
            /// A remark of megatop's own, with its time in milliseconds since 1970.
            case remark(String, time: UInt64, isBad: Bool)
        }
        package let client: String
        package private(set) var state = State.asking
        /// The oldest first, at most `most`.
        package private(set) var rows: [Row] = []
        /// The number of the first row that is kept, among all that there were.
        package private(set) var first = 0
        package static let most = 500
        private var wasFollowed = false

        package init(client: String) { self.client = client }

        /// The number of the newest row. It is less than `first` if there is none.
        package var last: Int { first + rows.count - 1 }
        /// The newest event of one of these kinds among those that are kept.
        package func newest(_ kinds: [String]) -> FollowedEvent? {
            for case .event(let event) in rows.reversed() where event.event.map(kinds.contains) == true { return event }
            return nil
        }
        package var isRefused: Bool { if case .refused = state { true } else { false } }

        package mutating func began(wall: UInt64) {
            if wasFollowed {
                add(.remark("followed again; what happened meanwhile is not known", time: wall, isBad: false))
            }
            wasFollowed = true
            state = .following(since: wall)
        }
        package mutating func take(_ event: FollowedEvent, wall: UInt64) {
            guard event.gap == true, event.event == nil else { return add(.event(event)) }
            add(.remark("something was left out: too much happens at once", time: wall, isBad: true))
        }
        package mutating func lost(_ why: String, wall: UInt64) {
            if case .following = state {
                add(.remark("nothing is known from here on: " + why, time: wall, isBad: true))
            }
            state = .lost(why)
        }
        package mutating func refused(_ why: String) { state = .refused(why) }
        package mutating func asks() { state = .asking }
        private mutating func add(_ row: Row) {
            if rows.count == Followed.most {
                rows.removeFirst()
                first += 1
            }
            rows.append(row)
        }
    }
}
