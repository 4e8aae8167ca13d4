/// An event of a client that is followed (docs/events.txt, FOLLOWING A CLIENT), from a line of the app port. The
/// contents of a message are not among these members. `megacomet follow` and megatop decode them.
package struct FollowedEvent: Codable, Equatable, Sendable {
    /// The name of the event. `nil` if the line tells something else: lines that were left out.
    package var event: String?
    package var message: UInt64?
    package var bytes: Int?
    package var channel: String?
    package var user: String?
    package var everyone: Bool?
    /// How the receiver waits: `poll` or `stream`.
    package var form: String?
    package var worker: Int?
    package var cursor: UInt64?
    package var why: String?
    /// The number of the app's connection that published the message, as GET /apps has it. `nil` if the event is not
    /// about a message that is just being published.
    package var app: UInt64?
    /// Milliseconds since 1970.
    package var time: UInt64?
    /// Lines were left out, since they were not read fast enough.
    package var gap: Bool?

    package init(_ event: String?, time: UInt64? = nil) {
        self.event = event
        self.time = time
    }
    enum CodingKeys: String, CodingKey {
        case event, message, bytes, channel, user, everyone, form, worker, cursor, why, app, time, gap
    }

    /// The event in words for people, without its name and time: `12 bytes`, `channel room:7`. `worker` is what stands
    /// before a worker's number. `hidesUser` leaves out the user's name, and says only that there is one.
    package func words(worker prefix: String = "worker-", hidesUser: Bool = false) -> [String] {
        var words: [String] = []
        if let message { words.append("\(message)") }
        if let bytes { words.append(bytes == 1 ? "1 byte" : "\(bytes) bytes") }
        if let channel { words.append("channel \(channel)") }
        if let user { words.append(hidesUser ? "its user" : "user \(user)") }
        if everyone == true { words.append("everyone") }
        if let form { words.append(form) }
        if let worker { words.append("on \(prefix)\(worker)") }
        if let cursor { words.append(event == "acknowledged" ? "up to \(cursor)" : "cursor \(cursor)") }
        if let why { words.append(why) }
        if let app { words.append("by app \(app)") }
        return words
    }
}
