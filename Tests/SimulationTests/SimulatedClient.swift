import TestSupport

/// A browser. It polls one worker after the other, acknowledges or not, and checks everything that it gets.
final class SimulatedClient {
    let number: Int
    let acknowledges: Bool
    let name: String
    /// It has a cursor, and so a place in the logs that it shares with others.
    var hasBegun: Bool { cursor > 0 }
    private(set) var cursor: UInt64 = 0
    private(set) var received: Set<UInt64> = []
    private var acknowledged: UInt64 = 0
    /// Cursors of the answers that said `gap`.
    private(set) var gapCursors: [UInt64] = []
    private var connection: SimulatedWorker.Connection?
    private var isPolling = false
    private var bytes: [UInt8] = []

    init(number: Int, acknowledges: Bool, hasUser: Bool = false) {
        self.number = number
        name = hasUser ? "u\(number % 2 == 0 ? "a" : "b"):\(number)" : "client-\(number)"
        self.acknowledges = acknowledges
    }

    /// The client is gone at once. Answers on their way to it are lost.
    func vanish(in world: World) {
        connection?.isDead = true
        connection = nil
        isPolling = false
        bytes = []
    }

    func turn(in world: World) {
        if let connection, !connection.inbound.isEmpty {
            let count = world.random.below(connection.inbound.count) + 1
            bytes += connection.inbound[..<count]
            connection.inbound.removeFirst(count)
            while let body = takeAnswer() { answered(body, world) }
        }
        if let connection, connection.isClosedByWorker, connection.inbound.isEmpty {
            self.connection = nil
            isPolling = false
            bytes = []
        }
        if !isPolling, world.chance(700) { poll(world) }
    }

    private func poll(_ world: World) {
        // It mostly polls on its connection, and now and then in another tab elsewhere.
        if connection == nil || world.chance(50) {
            if let old = connection { old.isDead = world.chance(500) }
            bytes = []
            connection = world.workers[world.random.below(world.workers.count)].accept()
        }
        guard let connection else { return }
        if acknowledges { acknowledged = cursor }
        isPolling = true
        let query = acknowledges ? "?cursor=\(cursor)" : ""
        world.note(name, "poll \(query) on \(connection.worker.number)/\(connection.slot)")
        connection.worker.receive(connection, "GET /\(name).json\(query) HTTP/1.1\r\nHost: x\r\n\r\n")
    }

    /// The body of the next whole answer.
    private func takeAnswer() -> String? {
        guard bytes.count > 4,
            let end = (0..<bytes.count - 3).first(where: {
                bytes[$0] == 13 && bytes[$0 + 1] == 10 && bytes[$0 + 2] == 13
            })
        else { return nil }
        let head = String(decoding: bytes[..<end], as: UTF8.self)
        guard let line = head.split(separator: "\r\n").first(where: { $0.hasPrefix("Content-Length:") }),
            let length = Int(line.dropFirst(15).filter { $0 != " " }), bytes.count >= end + 4 + length
        else { return nil }
        let body = String(decoding: bytes[(end + 4)..<(end + 4 + length)], as: UTF8.self)
        bytes.removeFirst(end + 4 + length)
        return body
    }

    /// `{"messages":[{"id":1,"data":2},..],"cursor":3,"gap":true}`
    private func answered(_ body: String, _ world: World) {
        isPolling = false
        world.note(name, "got \(body)")
        if body.hasPrefix("{\"error\"") { return }  // replaced by its own other tab
        var last: UInt64 = 0
        let parts = body.split(separator: "]", maxSplits: 1)
        guard parts.count == 2, body.hasPrefix("{\"messages\":[") else { return world.problem("\(name) got \(body)") }
        for item in parts[0].dropFirst(13).split(separator: "}") {
            let numbers = item.split(whereSeparator: { !$0.isNumber }).compactMap { UInt64($0) }
            guard numbers.count == 2 else { return world.problem("\(name) got \(body)") }
            let id = numbers[0]
            guard let message = world.published[id] else {
                return world.problem("\(name) got \(id), which nobody published")
            }
            if !message.audience.contains(number) { world.problem("\(name) got \(id), which is not for it") }
            if UInt64(message.payload) != numbers[1] { world.problem("\(name) got \(id) with another's data") }
            if id <= last { world.problem("\(name) got \(id) behind \(last)") }
            if acknowledges ? id <= acknowledged : received.contains(id) { world.problem("\(name) got \(id) again") }
            last = id
            received.insert(id)
        }
        guard let cursorText = parts[1].split(separator: ":").dropFirst().first,
            let new = UInt64(cursorText.prefix(while: \.isNumber))
        else {
            return world.problem("\(name) got no cursor: \(body)")
        }
        if parts[1].contains("\"gap\":true") { gapCursors.append(new) }
        if acknowledges {
            if new < cursor { world.problem("\(name)'s cursor went back from \(cursor) to \(new)") }
            cursor = new
        }
    }
}
