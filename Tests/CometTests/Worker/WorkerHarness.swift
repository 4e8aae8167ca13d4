import Base
import Comet
import Tokens
import Wire

/// A worker with sockets that the test controls: what was written, what was closed, and how much the next write takes.
final class WorkerHarness {
    private(set) var worker: Worker
    /// The bytes that each open connection was sent.
    var sent: [ConnectionSlot: String] = [:]
    /// The same as bytes.
    var raw: [ConnectionSlot: [UInt8]] = [:]
    var closed: Set<ConnectionSlot> = []
    var ended: Set<ConnectionSlot> = []
    /// Connections whose sockets were told that they stay.
    var prepared: Set<ConnectionSlot> = []
    /// Connections that are not watched for what they send, and those that are watched for room to write.
    var paused: Set<ConnectionSlot> = []
    var blocked: Set<ConnectionSlot> = []
    /// Connections whose machine has answered that nobody is there.
    var nobody: Set<ConnectionSlot> = []
    /// Bytes that a socket takes at once. `nil` means all; a negative number means that the connection is dead.
    var room: [ConnectionSlot: Int] = [:]
    var now: UInt64 = 1000 { didSet { worker.wallSeconds = wall } }
    /// The time of the calendar, in seconds. A test begins at 1,800,000,000.
    var wall: UInt64 { 1_799_999_999 + now / 1000 }

    init(_ change: (inout WorkerSettings) -> Void = { _ in }) {
        var settings = WorkerSettings()
        settings.number = 3
        change(&settings)
        worker = Worker(settings, extraBytes: 48, seed: 42)
        worker.wallSeconds = wall
    }

    /// Carries out what the worker wants done.
    func carryOut() {
        while let order = worker.next() {
            switch order {
            case .send(let slot, let bytes): send(slot, bytes)
            case .watch(let slot, let input, let output):
                if input { paused.remove(slot) } else { paused.insert(slot) }
                if output { blocked.insert(slot) } else { blocked.remove(slot) }
            case .endOutput(let slot): ended.insert(slot)
            case .prepareStream(let slot): prepared.insert(slot)
            case .close(let slot): close(slot, isTaken: false)
            case .askAndClose(let slot): close(slot, isTaken: !nobody.contains(slot))
            }
        }
    }
    private func close(_ slot: ConnectionSlot, isTaken: Bool) {
        closed.insert(slot)
        worker.closed(slot, isTaken: isTaken)
    }
    private func send(_ slot: ConnectionSlot, _ bytes: UnsafeRawBufferPointer) {
        let taken = min(bytes.count, room[slot] ?? bytes.count)
        if taken < 0 { return worker.failed(slot) }
        if room[slot] != nil { room[slot] = 0 }
        sent[slot, default: ""] += String(decoding: UnsafeRawBufferPointer(rebasing: bytes[..<taken]), as: UTF8.self)
        raw[slot, default: []] += bytes[..<taken]
        worker.wrote(slot, taken, nanoseconds: now * 1_000_000)
    }

    // MARK: what happens

    func open() -> ConnectionSlot { begun(worker.opened(now: now)) }
    /// A connection from this address. `nil` if it is turned away at once.
    func open(from peer: String) -> ConnectionSlot? {
        IPAddress(peer).flatMap { worker.opened(from: $0, now: now) }.map { begun($0) }
    }
    private func begun(_ slot: ConnectionSlot) -> ConnectionSlot {
        closed.remove(slot)
        paused.remove(slot)
        blocked.remove(slot)
        sent[slot] = ""
        raw[slot] = []
        return slot
    }
    func receive(_ slot: ConnectionSlot, _ text: String) { receive(slot, bytes: Array(text.utf8)) }
    func receive(_ slot: ConnectionSlot, bytes: [UInt8]) {
        bytes.withUnsafeBytes { worker.received(slot, $0, now: now) }
        carryOut()
        resume()
    }
    func writable(_ slot: ConnectionSlot) {
        worker.writable(slot)
        carryOut()
    }
    func inputEnded(_ slot: ConnectionSlot) {
        worker.inputEnded(slot, now: now)
        carryOut()
    }
    func broke(_ slot: ConnectionSlot) {
        worker.broke(slot)
        carryOut()
    }
    /// The turn of the loop ends.
    func resume() { while worker.resumeNext(now: now) { carryOut() } }
    func startDrain(seconds: Double) { worker.startDrain(seconds: seconds) }
    func abandonAnswers() { while worker.abandonNext() { carryOut() } }
    /// A step of the drain: whether it is over.
    func drainStep() -> Bool {
        for _ in 0..<worker.drain.perStep {
            guard worker.drainNext(now: now) else { break }
            carryOut()
        }
        return worker.isDrained(now: now)
    }
    func get(_ slot: ConnectionSlot, _ target: String, _ headers: String = "") {
        receive(slot, "GET \(target) HTTP/1.1\r\nHost: x\r\n\(headers)\r\n")
    }
    /// A new connection that polls.
    func poll(_ target: String, _ headers: String = "") -> ConnectionSlot {
        let slot = open()
        get(slot, target, headers)
        return slot
    }
    func linkOpened() { worker.linkOpened(pid: 1, token: Array(repeating: 0, count: 16)) }
    func linkClosed() { worker.linkClosed() }
    /// Links the worker and forgets the hello.
    func link() {
        linkOpened()
        manager(.welcome)
        _ = frames()
    }
    func manager(
        _ op: Frame.Op, _ flags: Frame.Flags = [], tag: UInt16? = nil, _ number: UInt64 = 0, _ client: String = "",
        _ body: String = ""
    ) {
        _ = fromManager(encode(op, flags, tag: tag, number, client, body))
    }
    /// Bytes of the link came: nil, or why the worker gives it up.
    func fromManager(_ bytes: [UInt8]) -> String? {
        bytes.withUnsafeBytes { worker.fromManager.append($0) }
        while true {
            switch worker.takeUpFrame() {
            case .taken: carryOut()
            case .incomplete: return nil
            case .broken(let why): return why
            }
        }
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

    /// A message with one body for the receivers that these clients announced last.
    func shared(_ number: UInt64, _ clients: [String], _ body: String) {
        var receivers = Buffer()
        var out = Buffer()
        var body = body
        for client in clients {
            receivers.append(bigEndian: slots[client] ?? 0)
            receivers.append(bigEndian: tags[client] ?? 0)
        }
        body.withUTF8 {
            Frame(op: .message, number: number, body: .init($0)).write(to: &out, receivers: receivers.bytes)
        }
        _ = fromManager(Array(out.bytes))
    }
    /// So many receivers have their turn. True if more are left.
    @discardableResult func fanOut(most: Int = .max) -> Bool {
        var left = most
        while left > 0, worker.fanOutNext() {
            carryOut()
            left -= 1
        }
        return worker.hasFanOut
    }
    /// The manager answers a question: nothing up to `id` waits, and cursors below `since` are from before its time.
    func settled(_ id: UInt64, stamp: UInt64, since: UInt64 = 1) {
        var body = Buffer()
        var out = Buffer()
        body.append(bigEndian: stamp)
        body.append(bigEndian: since)
        Frame(op: .settled, number: id, body: body.bytes).write(to: &out)
        _ = fromManager(Array(out.bytes))
    }
    func askSettled() { worker.askSettled(now: now) }
    /// The link takes so many bytes.
    func wroteToManager(_ count: Int) { worker.wroteToManager(count) }

    /// The worker's frames for its manager since the last call: `op number client flags body`.
    func frames() -> [String] {
        var found: [String] = []
        func version() -> LinkVersion { worker.toManager.bytes.first == Frame.Op.hello.rawValue ? .one : .two }
        while case .frame(let frame, let bytes) = Frame.parse(worker.toManager.bytes, version()) {
            found.append(
                "\(frame.op) \(frame.number) \(String(decoding: frame.client, as: UTF8.self)) "
                    + "\(frame.flags.rawValue)"
                    + (frame.op == .undelivered ? " " + String(decoding: frame.body, as: UTF8.self) : ""))
            if frame.op == .connected {
                let client = String(decoding: frame.client, as: UTF8.self)
                (tags[client], slots[client]) = (frame.tag, frame.slot)
                announcements[client] = Announcement(body: frame.body, number: frame.number)
                note(Grant(body: frame.body, after: Announcement.bytes), of: client)
            }
            if frame.op == .acknowledged || frame.op == .leave {
                note(
                    Grant(body: frame.body, after: frame.op == .leave ? 4 : 0),
                    of: String(decoding: frame.client, as: UTF8.self))
            }
            worker.toManager.consume(bytes)
        }
        return found
    }
    private func note(_ grant: Grant, of client: String) {
        grants[client] = grant.issuedAt == 0 ? nil : grant.issuedAt
        channels[client] = ChannelNames(grant.channels).map { String(decoding: $0, as: UTF8.self) }
    }
    /// When the token of the client's last frame was made, and its channels.
    var grants: [String: UInt32] = [:]
    var channels: [String: [String]] = [:]
    func changeTokens(_ verifier: TokenVerifier?) { worker.changeTokens(verifier) }
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
    func status(_ slot: ConnectionSlot) -> String { String((sent[slot] ?? "").split(separator: "\r\n").first ?? "") }
    func body(_ slot: ConnectionSlot) -> String {
        let bytes = Array((sent[slot] ?? "").utf8)
        guard let end = bytes.indices.last(where: { bytes[$0...].starts(with: [13, 10, 13, 10]) }) else { return "" }
        return String(decoding: bytes[(end + 4)...], as: UTF8.self)
    }
    func pass(_ milliseconds: UInt64) {
        now += milliseconds
        while worker.expireNext(now: now) { carryOut() }
    }
}
