/// The ledger of losses: each way in which something that was published or connected is lost, with its count of today
/// (UTC) and the time of the last one.
///
///     {"day":"2026-11-27","rows":[{"way":"expired","today":17463,"last":1795442551042,"estimated":false},..]}
package struct LossesAnswer: Codable, Equatable, Sendable {
    package struct Row: Codable, Equatable, Sendable {
        package var way: LossWay
        package var today: UInt64
        /// Milliseconds since 1970. `nil` if there was none since the supervisor began to count.
        package var last: UInt64?
        /// A part of it is from the last report of a process that died, and may be some tenths of a second old.
        package var estimated = false

        package init(_ way: LossWay) {
            self.way = way
            today = 0
        }
    }
    /// The day that is counted.
    package var day: String
    package var rows: [Row]

    package init(day: String = "", rows: [Row] = LossWay.allCases.map(Row.init)) {
        self.day = day
        self.rows = rows
    }
    package subscript(way: LossWay) -> Row {
        get { rows.first { $0.way == way } ?? Row(way) }
        set {
            if let at = rows.firstIndex(where: { $0.way == way }) { rows[at] = newValue } else { rows.append(newValue) }
        }
    }
    /// Messages that were accepted and reached nobody.
    package var messagesToday: UInt64 { rows.filter(\.way.isMessages).reduce(0) { $0 &+ $1.today } }
    package var lastMessage: UInt64? { rows.filter(\.way.isMessages).compactMap(\.last).max() }

    /// Ways that a later version may know are left out.
    package init(from decoder: any Decoder) throws {
        struct Loose: Decodable {
            var way: String, today: UInt64, last: UInt64?, estimated: Bool?
        }
        enum Keys: String, CodingKey { case day, rows }
        let members = try decoder.container(keyedBy: Keys.self)
        day = try members.decode(String.self, forKey: .day)
        rows = try members.decode([Loose].self, forKey: .rows).compactMap { loose in
            guard let way = LossWay(rawValue: loose.way) else { return nil }
            var row = Row(way)
            (row.today, row.last, row.estimated) = (loose.today, loose.last, loose.estimated ?? false)
            return row
        }
    }
}

/// The ways in which something can be lost, in the order of the ledger.
package enum LossWay: String, Codable, CaseIterable, Sendable {
    case expired, dropped, died, damaged, channels = "channels_dropped", unread = "events_unread", refused, gaps, cut

    /// It counts messages that were accepted. The others count refusals, and clients.
    package var isMessages: Bool {
        switch self {
        case .expired, .dropped, .died: true
        case .damaged, .channels, .unread, .refused, .gaps, .cut: false
        }
    }
    /// Few words for the ledger's rows.
    package var words: String {
        switch self {
        case .expired: "expired"
        case .dropped: "dropped"
        case .died: "died"
        case .damaged: "damaged"
        case .channels: "channels"
        case .unread: "unread"
        case .refused: "refused"
        case .gaps: "gaps"
        case .cut: "cut"
        }
    }
    /// The meaning, in a sentence.
    package var help: String {
        switch self {
        case .expired: "Messages whose time to live was over before their client came."
        case .dropped: "Messages dropped, the oldest first, since their client had queue.max_per_client already."
        case .died: "Messages that waited in a manager that died, and that its journal did not bring back."
        case .damaged: "Segments or files of the journal that were set aside because they were damaged."
        case .channels: "Messages that left a channel's history before their time: channels.max_messages was reached."
        case .unread: "Events for apps that could not be kept, or that the webhook never posted."
        case .refused: "Publishes that were refused, since the queue, the journal or the memory was full."
        case .gaps: "Answers that told a client that messages before it were lost."
        case .cut: "Connections of clients that ended with a worker that nobody had told to end."
        }
    }
}
