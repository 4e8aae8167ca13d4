import TestSupport

// Answers and events out of the bytes of a connection.
extension SimulatedClient {
    /// The body of the next whole answer.
    func takeAnswer() -> String? {
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

    var ending: String {
        switch form {
        case .poll: "json"
        case .stream: "events"
        case .socket: "ws"
        }
    }

    // MARK: WebSockets

    var handshake: String {
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    }
    /// The opcode and the payload of the next whole frame.
    func takeFrame() -> (opcode: UInt8, payload: String)? {
        if !hasHead {
            guard let end = end(of: [13, 10, 13, 10]) else { return nil }
            bytes.removeFirst(end)
            hasHead = true
        }
        guard bytes.count >= 4 else { return nil }
        let isLong = bytes[1] == 126
        let length = isLong ? Int(bytes[2]) << 8 | Int(bytes[3]) : Int(bytes[1])
        let start = isLong ? 4 : 2
        guard bytes.count >= start + length else { return nil }
        let frame = (bytes[0] & 15, String(decoding: bytes[start..<(start + length)], as: UTF8.self))
        bytes.removeFirst(start + length)
        return frame
    }
    func happened(_ frame: (opcode: UInt8, payload: String), _ world: World) {
        if frame.opcode == 1 {
            guard frame.payload.contains("\"error\"") else { return answered(frame.payload, world) }
            refused(frame.payload, world)
        }
        guard frame.opcode == 9, let connection else { return }
        connection.worker.receive(connection, bytes: [0x8A, 0x80, 0, 0, 0, 0])
    }

    // MARK: event streams

    struct Event {
        var name = "message"
        var id: UInt64?
        var data = ""
    }
    /// The next whole event. Each write of the worker is a chunk, and has whole events.
    func takeEvent() -> Event? {
        if !hasHead {
            guard !isRefused, let end = end(of: [13, 10, 13, 10]) else { return nil }
            bytes.removeFirst(end)
            hasHead = true
        }
        while events.isEmpty {
            guard let line = end(of: [13, 10]),
                let length = Int(String(decoding: bytes[..<(line - 2)], as: UTF8.self), radix: 16),
                bytes.count >= line + length + 2
            else { return nil }
            let chunk = String(decoding: bytes[line..<(line + length)], as: UTF8.self)
            bytes.removeFirst(line + length + 2)
            events = chunk.split(separator: "\n\n").map(SimulatedClient.event)
            // A page that is told of a gap fetches its state anew, with all that was lost before this write.
            if events.contains(where: { $0.name == "gap" }) {
                gapCursors.append(events.compactMap(\.id).last ?? cursor)
            }
        }
        return events.removeFirst()
    }
    private func end(of mark: [UInt8]) -> Int? {
        guard bytes.count >= mark.count else { return nil }
        return (0...(bytes.count - mark.count)).first { bytes[$0...].starts(with: mark) }.map { $0 + mark.count }
    }
    private static func event(_ text: Substring) -> Event {
        var event = Event()
        for line in text.split(separator: "\n") {
            let value = line.drop { $0 != ":" }.dropFirst()
            switch line.prefix(while: { $0 != ":" }) {
            case "id": event.id = UInt64(value)
            case "event": event.name = String(value)
            case "data": event.data += value
            default: break
            }
        }
        return event
    }

    /// An event came over the stream.
    func happened(_ event: Event, _ world: World) {
        world.note(name, "event \(event)")
        if let id = event.id {
            if id < cursor { world.problem("\(name)'s cursor went back from \(cursor) to \(id)") }
        }
        switch event.name {
        case "message", "channel":
            guard let id = event.id else { return world.problem("\(name) got \(event)") }
            let numbers = event.data.split(whereSeparator: { !$0.isNumber }).compactMap { UInt64($0) }
            // A stream is never sent what its client has, acknowledged or not.
            got(id, numbers.last ?? 0, isAgain: id <= cursor, world)
        case "gap", "hello", "heartbeat", "retry", "replaced": break
        case "disconnected": return hangUp()
        case "token":
            refused(event.data, world)
            return hangUp()
        default: world.problem("\(name) got \(event)")
        }
        if let id = event.id { cursor = id }
    }
    /// Acknowledges over a connection of its own, by any worker.
    func sayAcknowledged(_ world: World) {
        acknowledged = cursor
        let query = (["cursor=\(cursor)"] + fields(pickToken(world))).joined(separator: "&")
        guard let connection = world.worker(for: self)?.accept() else { return }
        connection.worker.receive(
            connection, "POST /\(name).ack?\(query) HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        connection.isDead = true
    }
}
