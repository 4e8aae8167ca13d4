import Base
import Comet
import Wire

/// A worker with sockets that the test controls: what was written, what was closed, and how much the next write takes.
final class WorkerHarness: WorkerIO {
    private(set) var worker: Worker!
    /// The bytes that each open connection was sent.
    var sent: [UInt32: String] = [:]
    var closed: Set<UInt32> = []
    var ended: Set<UInt32> = []
    var paused: Set<UInt32> = []
    /// Connections whose machine has answered that nobody is there.
    var nobody: Set<UInt32> = []
    /// Bytes that a socket takes at once. `nil` means all; a negative number means that the connection is dead.
    var room: [UInt32: Int] = [:]
    var now: UInt64 = 1000

    init(_ change: (inout WorkerSettings) -> Void = { _ in }) {
        var settings = WorkerSettings()
        settings.number = 3
        change(&settings)
        worker = Worker(settings, io: self, extraBytes: 48, seed: 42)
    }

    func send(_ slot: UInt32, _ bytes: UnsafeRawBufferPointer) -> Int? {
        let taken = min(bytes.count, room[slot] ?? bytes.count)
        if taken < 0 { return nil }
        if room[slot] != nil { room[slot] = 0 }
        sent[slot, default: ""] += String(decoding: UnsafeRawBufferPointer(rebasing: bytes[..<taken]), as: UTF8.self)
        return taken
    }
    func endOutput(_ slot: UInt32) { ended.insert(slot) }
    func close(_ slot: UInt32) { closed.insert(slot) }
    func isTaken(_ slot: UInt32) -> Bool { !nobody.contains(slot) }
    func pauseReading(_ slot: UInt32) { paused.insert(slot) }
    func resumeReading(_ slot: UInt32) { paused.remove(slot) }
    func nanoseconds() -> UInt64 { now * 1_000_000 }

    // MARK: what happens

    func open() -> UInt32 {
        let slot = worker.opened(now: now)
        closed.remove(slot)
        sent[slot] = ""
        return slot
    }
    func receive(_ slot: UInt32, _ text: String) {
        Array(text.utf8).withUnsafeBytes { worker.received(slot, $0, now: now) }
    }
    func get(_ slot: UInt32, _ target: String, _ headers: String = "") {
        receive(slot, "GET \(target) HTTP/1.1\r\nHost: x\r\n\(headers)\r\n")
    }
    /// A new connection that polls.
    func poll(_ target: String, _ headers: String = "") -> UInt32 {
        let slot = open()
        get(slot, target, headers)
        return slot
    }
    /// Links the worker and forgets the hello.
    func link() {
        worker.linkOpened(pid: 1, token: Array(repeating: 0, count: 16))
        manager(.welcome)
        _ = frames()
    }
    func manager(
        _ op: Frame.Op, _ flags: Frame.Flags = [], tag: UInt16? = nil, _ number: UInt64 = 0, _ client: String = "",
        _ body: String = ""
    ) {
        _ = fromManager(encode(op, flags, tag: tag, number, client, body))
    }
    func fromManager(_ bytes: [UInt8]) -> Worker.LinkInput {
        bytes.withUnsafeBytes { worker.receivedFromManager($0, now: now) }
    }
    /// A frame for the receiver that the client announced last, or for one with another tag.
    func encode(
        _ op: Frame.Op, _ flags: Frame.Flags = [], tag: UInt16? = nil, _ number: UInt64 = 0, _ client: String = "",
        _ body: String = ""
    ) -> [UInt8] {
        let (tag, slot) = (tag ?? tags[client] ?? 0, slots[client] ?? 0)
        var (client, body) = (client, body)
        var out = Buffer()
        client.withUTF8 { client in
            body.withUTF8 {
                Frame(
                    op: op, flags: flags, tag: tag, slot: slot, number: number, client: .init(client), body: .init($0)
                ).write(to: &out)
            }
        }
        return Array(out.bytes)
    }

    /// The worker's frames for its manager since the last call: `op number client flags body`.
    func frames() -> [String] {
        var found: [String] = []
        func version() -> LinkVersion { worker.link.bytes.first == Frame.Op.hello.rawValue ? .one : .two }
        while case .frame(let frame, let bytes) = Frame.parse(worker.link.bytes, version()) {
            found.append(
                "\(frame.op) \(frame.number) \(String(decoding: frame.client, as: UTF8.self)) "
                    + "\(frame.flags.rawValue)"
                    + (frame.op == .undelivered ? " " + String(decoding: frame.body, as: UTF8.self) : ""))
            if frame.op == .connected {
                let client = String(decoding: frame.client, as: UTF8.self)
                (tags[client], slots[client]) = (frame.tag, frame.slot)
                announcements[client] = Announcement(body: frame.body)
            }
            worker.link.consume(bytes)
        }
        return found
    }
    /// The tag of each client's last poll, as the worker announced it.
    var tags: [String: UInt16] = [:]
    var slots: [String: UInt32] = [:]
    /// Everything else that it said.
    var announcements: [String: Announcement] = [:]
    /// The manager's answer to the client's last poll.
    func answer(_ client: String, _ messages: [(UInt64, String)], tag: UInt16? = nil) {
        var bytes: [UInt8] = []
        for (index, message) in messages.enumerated() {
            bytes += encode(
                .message, index < messages.count - 1 ? .more : [], tag: tag, message.0, client, message.1)
        }
        _ = fromManager(bytes)
    }
    func status(_ slot: UInt32) -> String { String((sent[slot] ?? "").split(separator: "\r\n").first ?? "") }
    func body(_ slot: UInt32) -> String {
        let bytes = Array((sent[slot] ?? "").utf8)
        guard let end = bytes.indices.last(where: { bytes[$0...].starts(with: [13, 10, 13, 10]) }) else { return "" }
        return String(decoding: bytes[(end + 4)...], as: UTF8.self)
    }
    func pass(_ milliseconds: UInt64) {
        now += milliseconds
        while worker.expire(now: now) {}
    }
}
