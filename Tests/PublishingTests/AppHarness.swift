import Base
import Comet
import Store
import Testing
import Wire

@testable import Publishing

/// The app port with one connection, and a worker on which clients wait.
final class App {
    static let firstId: UInt64 = 1_000_000
    /// Ports that are made meanwhile are of a cluster of two machines. In the end both must know the same, unless the
    /// test changes one of them by hand.
    @TaskLocal static var cluster: Cluster?
    enum Cluster { case alike, unlike }
    /// The other machine. `nil` outside of a cluster.
    let twin: Twin?
    private let endsAlike: Bool
    /// What was shipped stays at the engine until the test says what becomes of it.
    var holdsShipments = false
    var shipped: [Shipped] = []
    struct Shipped {
        let number: UInt64
        let record: [UInt8]
        let ids: Int
    }
    var port: AppPort
    var board: Switchboard
    var session: AppSession
    var now: UInt64 = 9_000_000
    private var worker: LinkSlot

    var isClosing: Bool { session.isClosing }
    var wantsInput: Bool { session.wantsInput }
    var inputBytes: Int { session.input.count }
    var outputBytes: Int { session.output.count }
    var claimedBytes: Int { session.claimedBytes }
    var isHalf: Bool { session.isHalf }
    var isBetween: Bool { session.isBetween }
    var isTrusted: Bool { session.isTrusted }
    var queued: Int { board.queue.depth }

    init(
        key: String = "", keys: [AppKey] = [], takesTokens: Bool = false, maxWaits: Int = 10_000,
        arena: consuming Arena = Arena(),
        _ change: (inout QueueSettings) -> Void = { _ in }
    ) {
        var settings = QueueSettings()
        change(&settings)
        board = Switchboard(settings, arena, wallMicroseconds: App.firstId, now: now, seed: 3)
        port = AppPort(
            maxMessage: settings.maxMessage,
            keys: key.isEmpty ? keys : [AppKey(name: "app", rights: .all, secret: Array(key.utf8))], hosts: ["a"],
            takesTokens: takesTokens, maxWaits: maxWaits, isClustered: App.cluster != nil)
        endsAlike = App.cluster == .alike
        twin = App.cluster == nil ? nil : Twin(settings, now: now, takesTokens: takesTokens)
        session = port.accepted(peer: nil, now: now)
        worker = board.accepted(mayBeSeed: false)
        var hello = Buffer()
        Hello(pid: 1, token: Array(repeating: 0, count: 16)).write(number: 0, to: &hello)
        _ = board.received(worker, hello.bytes, now: now)
        twin?.receive(hello.bytes, now: now)
    }
    deinit {
        guard let twin, endsAlike else { return }
        let (here, there) = (board.picture(now: now), twin.board.picture(now: now))
        #expect(here == there)
    }

    // MARK: the engine of the cluster

    /// What was shipped comes back, here and at the other machine.
    func pump() {
        guard twin != nil, !holdsShipments else { return }
        repeat {
            takeShipments()
            for one in exchange(&shipped, with: []) { comeBack(one) }
        } while port.hasShipments
    }
    func takeShipments() {
        var taken: [Shipped] = []
        port.takeShipments { taken.append(Shipped(number: $0.number, record: Array($0.record), ids: $0.ids)) }
        shipped += taken
    }
    func comeBack(_ one: Shipped) {
        let before = board.cursor
        let isRead = one.record.withUnsafeBytes { port.returned(one.number, $0, &board, now: now) }
        let isReadThere = twin?.apply(one.record, now: now)
        #expect(isRead && isReadThere == true)
        #expect(board.cursor - before <= UInt64(one.ids), "it took more ids than it asked for")
    }

    /// The client polls. `issuedAt` is the second in which its token was made.
    func poll(_ client: String, issuedAt: UInt32 = 0) {
        var frame = Buffer()
        var body = Buffer()
        Announcement(credit: UInt32(Limits.answerBytes), print: 0, acknowledged: 0).withBytes { body.append($0) }
        if issuedAt > 0 { body.append(bigEndian: issuedAt) }
        Array(client.utf8).withUnsafeBytes {
            Frame(op: .connected, number: 0, client: $0, body: body.bytes).write(to: &frame)
        }
        _ = board.received(worker, frame.bytes, now: now)
        twin?.receive(frame.bytes, now: now)
    }
    /// The bodies of the messages that went to the worker.
    func delivered() -> [String] { frames { $0.op == .message ? String(decoding: $0.body, as: UTF8.self) : nil } }
    /// The clients whose receivers were ended since their tokens were revoked.
    func revoked() -> [String] {
        frames {
            $0.op == .disconnect && $0.flags.contains(.revoked) ? String(decoding: $0.client, as: UTF8.self) : nil
        }
    }
    private func frames(_ pick: (Frame) -> String?) -> [String] {
        twin?.write(now: now)
        var found: [String] = []
        while let link = board.nextToWrite(now: now) {
            var bytes = board.unsent(link)
            while case .frame(let frame, let used) = Frame.parse(bytes) {
                if let text = pick(frame) { found.append(text) }
                bytes = bytes.part(used, bytes.count - used)
            }
            board.written(link, board.unsent(link).count)
        }
        return found
    }

    /// The turn of the loop ends: what was told meanwhile is in the session's output.
    func turn() -> String {
        port.tellWaiting(&board, now: now)
        pump()
        return take()
    }
    /// The same, so many milliseconds later.
    func later(_ milliseconds: UInt64) -> String {
        for _ in 0..<milliseconds / 100 {
            now += 100
            board.tick(now: now)
            twin?.board.tick(now: now)
            port.tick(&board, now: now)
            port.tellWaiting(&board, now: now)
            pump()
        }
        return take()
    }
    func replace(keys: [AppKey]) { port.replace(keys: keys, &board, now: now) }
    /// Another connection; the ones before stay open.
    func connect(_ peer: String? = nil) { session = port.accepted(peer: peer, now: now) }
    /// Bytes come, and are taken up.
    func receive(_ bytes: [UInt8]) {
        let room = UnsafeMutableRawBufferPointer(start: session.input.reserve(bytes.count), count: bytes.count)
        room.copyBytes(from: bytes)
        session.received(bytes.count, now: now)
        port.process(session, &board, now: now)
        pump()
    }
    func receive(_ text: String) { receive(Array(text.utf8)) }
    /// Takes the output of the port, as an app that reads it.
    func take() -> String {
        defer { session.output.clear() }
        return String(decoding: session.output.bytes, as: UTF8.self)
    }
    /// Gives the app port these bytes. Returns the answers, which the app reads at once.
    func send(_ bytes: [UInt8]) -> String {
        receive(bytes)
        var answer = ""
        while true {
            let before = session.input.count
            answer += String(decoding: session.output.bytes, as: UTF8.self)
            session.output.clear()
            port.process(session, &board, now: now)
            pump()
            if session.input.count == before || session.isClosing {
                answer += String(decoding: session.output.bytes, as: UTF8.self)
                session.output.clear()
                return answer
            }
        }
    }
    func send(_ text: String) -> String { send(Array(text.utf8)) }
    func byteByByte(_ text: String) -> String { text.utf8.reduce(into: "") { $0 += send([$1]) } }

    static func post(_ body: String, _ headers: String = "", path: String = "/publish") -> String {
        "POST \(path) HTTP/1.1\r\nHost: a\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
    /// A request with a body in these chunks.
    static func chunked(_ chunks: [String], _ headers: String = "", path: String = "/publish") -> String {
        let head = "POST \(path) HTTP/1.1\r\nHost: a\r\n\(headers)Transfer-Encoding: chunked\r\n\r\n"
        return head + chunks.map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }.joined() + "0\r\n\r\n"
    }
    static func get(_ path: String, _ headers: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: a\r\n\(headers)\r\n"
    }
}

/// Status and body of the only answer in this text.
func answer(_ text: String) -> (status: Int, body: String) {
    let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
    return (Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0, parts.count > 1 ? String(parts[1]) : "")
}
