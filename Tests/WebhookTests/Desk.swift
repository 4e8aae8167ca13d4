@testable import Webhook

/// A hook under a made-up clock. The test is its manager and its app.
struct Desk {
    var hook: Hook
    var now: UInt64 = 1_000_000
    /// The lines that the hook has said to the manager.
    var said: [String] = []
    /// The bodies that were posted.
    var posted: [String] = []
    var told: [Hook.Notice] = []
    var connects = 0, disconnects = 0
    var isFinished = false

    init(token: String = "", node: String = "") { hook = Hook(token: token, node: node, now: 1_000_000) }

    mutating func perform(_ actions: [Hook.Action]) {
        for action in actions {
            switch action {
            case .connect: connects += 1
            case .disconnect: disconnects += 1
            case .send(let text): said += text.split(separator: "\n").map(String.init)
            case .post(let batch): posted.append(String(decoding: batch.body, as: UTF8.self))
            case .tell(let notice): told.append(notice)
            case .finished: isFinished = true
            }
        }
    }
    /// Time goes on by so many milliseconds, from one deadline to the next.
    mutating func wait(_ milliseconds: UInt64) {
        let end = now + milliseconds
        while let next = hook.nextDeadline, next <= end, !isFinished {
            now = max(now, next)
            perform(hook.ticked(jitter: 0, now: now))
        }
        now = end
    }
    mutating func connect() {
        wait(0)
        perform(hook.connected(now: now))
    }
    /// Lines that come together.
    mutating func receive(_ lines: String...) { receive(lines) }
    mutating func receive(_ lines: [String]) {
        for line in lines {
            let bytes = Array(line.utf8)
            perform(bytes.withUnsafeBytes { hook.received($0, jitter: 0, now: now) })
        }
        perform(hook.inputEnded(now: now))
    }
    mutating func answer(_ status: Int) { perform(hook.answered(status, jitter: 0, now: now)) }
    mutating func fail(_ reason: String = "Couldn't connect to server") {
        perform(hook.failed(reason, jitter: 0, now: now))
    }
    mutating func lose(_ reason: String = "the manager closed the connection") {
        perform(hook.disconnected(reason, jitter: 0, now: now))
    }

    /// A hook that reads, from this cursor on.
    static func reading(from cursor: UInt64 = 0) -> Desk {
        var desk = Desk()
        desk.connect()
        desk.receive("{\"status\":\"events\",\"cursor\":\(cursor)}")
        desk.said = []
        return desk
    }
    static func event(_ id: UInt64) -> String {
        "{\"id\":\(id),\"event\":\"acknowledged\",\"message\":\(id * 10),\"client\":\"c1\",\"time\":1764400000000}"
    }
    static func body(_ ids: [UInt64], gap: Bool = false) -> String {
        "{\"events\":[" + ids.map(event).joined(separator: ",") + "],\"cursor\":\(ids.last ?? 0)"
            + (gap ? ",\"gap\":true" : "") + "}"
    }
}
