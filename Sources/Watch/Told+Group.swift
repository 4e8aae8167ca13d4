package import Wire

extension Told {
    /// Some clients that belong together: those of a user, or subscribers of a channel.
    package struct Group: Equatable, Sendable {
        package enum Name: Hashable, Sendable {
            case user(String), channel(String)

            package var text: String {
                switch self {
                case .user(let name), .channel(let name): name
                }
            }
        }
        /// A client. Of a subscriber only the first two are known.
        package struct Row: Equatable, Sendable {
            package var client: String
            package var connected: Bool?
            package var worker: Int?
            package var queued: Double?
            package var bytes: Double?
            package var oldestSeconds: Double?

            package init(_ row: ClientsAnswer.Row) {
                client = row.client
                connected = row.connected
                worker = row.worker
                (queued, bytes, oldestSeconds) = (row.queued, row.bytes, row.oldestSeconds)
            }
            package init(_ row: ChannelFacts.Client) {
                client = row.client
                connected = row.connected
            }
        }
        package let name: Name
        package private(set) var rows: [Row] = []
        /// The whole group, and how many of it are connected. `nil` if the manager has not answered yet.
        package private(set) var count: Double?
        package private(set) var connected: Double?
        /// A channel's own facts.
        package private(set) var channel: ChannelFacts?
        /// The time of the last answer, in ns.
        package private(set) var time: UInt64?
        /// Why the last question has no answer. The rows are older then. Empty if the manager answered.
        package var problem = ""
        package static let everySeconds = 2.0

        package init(name: Name) { self.name = name }

        package mutating func take(_ answer: ClientsAnswer, time: UInt64) {
            rows = answer.clients.map { Row($0) }
            (count, connected) = (answer.count, answer.connected)
            self.time = time
            problem = ""
        }
        package mutating func take(_ facts: ChannelFacts, time: UInt64) {
            rows = facts.clients.map { Row($0) }
            (count, connected, channel) = (facts.subscribers, facts.connected, facts)
            self.time = time
            problem = ""
        }
        /// The freshness, by the usual rule. Questions are not more frequent than pictures.
        package func freshness(_ now: UInt64, interval: Double) -> Freshness {
            Freshness(answered: time, now, every: max(Group.everySeconds, interval))
        }
    }
}
