import Base
import Comet
import Wire

/// A worker whose sockets take everything.
private struct Sockets: ~Copyable {
    var worker = Worker(WorkerSettings(), extraBytes: 48, seed: 42)
    var answers = 0
    var now: UInt64 = 0

    init() {
        worker.linkOpened(pid: 1, token: Array(repeating: 0, count: 16))
        encode { Frame(op: .welcome, number: 0).write(to: &$0) }.withUnsafeBytes { takeUp($0) }
        worker.toManager.clear()
    }
    mutating func carryOut() {
        while let order = worker.next() {
            switch order {
            case .send(let slot, let bytes):
                answers += 1
                worker.wrote(slot, bytes.count, nanoseconds: now * 1_000_000)
            case .watch, .endOutput, .prepareStream: break
            case .close(let slot), .askAndClose(let slot): worker.closed(slot)
            }
        }
    }
    mutating func receive(_ slot: ConnectionSlot, _ request: UnsafeRawBufferPointer) {
        worker.received(slot, request, now: now)
        carryOut()
    }
    mutating func leave(_ slot: ConnectionSlot) {
        worker.broke(slot)
        carryOut()
    }
    mutating func takeUp(_ frames: UnsafeRawBufferPointer) {
        worker.fromManager.append(frames)
        while case .taken = worker.takeUpFrame() { carryOut() }
    }
    /// The manager takes the announcement of a poll, and answers it with a message.
    mutating func answer(_ number: Int, _ json: UnsafeRawBufferPointer) {
        guard case .frame(let poll, let bytes) = Frame.parse(worker.toManager.bytes) else { return }
        let answer = encode {
            Frame(
                op: .message, tag: poll.tag, slot: poll.slot, number: UInt64(number), client: poll.client, body: json
            ).write(to: &$0)
        }
        worker.toManager.consume(bytes)
        answer.withUnsafeBytes { takeUp($0) }
    }
    mutating func pass(_ milliseconds: UInt64) {
        now += milliseconds
        while worker.expireNext(now: now) { carryOut() }
    }
}
/// Holds them as the program does.
private final class Process { var sockets = Sockets() }

let workerPieces: [Piece] = [
    // A kept connection polls, its poll is announced, a message comes and is written.
    Piece(name: "poll-and-deliver") {
        { count in
            let process = Process()
            let slot = process.sockets.worker.opened(now: 0)
            browserRequest.withUnsafeBytes { request in
                withBytes(message) { json in
                    for number in 0..<count {
                        process.sockets.receive(slot, request)
                        process.sockets.answer(number + 1, json)
                    }
                }
            }
            return process.sockets.answers
        }
    },
    // A connection comes, polls, and leaves: slab, store, index, deadlines.
    Piece(name: "connect-poll-leave") {
        { count in
            let process = Process()
            browserRequest.withUnsafeBytes { request in
                for _ in 0..<count {
                    let slot = process.sockets.worker.opened(now: 0)
                    process.sockets.receive(slot, request)
                    process.sockets.leave(slot)
                    process.sockets.worker.toManager.clear()
                }
            }
            return Int(process.sockets.worker.counters.closesClient)
        }
    },
    // A poll that times out.
    Piece(name: "timeout") {
        { count in
            let process = Process()
            let slot = process.sockets.worker.opened(now: 0)
            browserRequest.withUnsafeBytes { request in
                for _ in 0..<count {
                    process.sockets.receive(slot, request)
                    process.sockets.pass(50_000)
                    process.sockets.worker.toManager.clear()
                }
            }
            return Int(process.sockets.worker.counters.pollsEmpty)
        }
    },
    // A message for an open event stream, and one for an open WebSocket.
    Piece(name: "stream-message") { { messages(to: "events", "", $0) } },
    Piece(name: "socket-message") { { messages(to: "ws", handshake, $0) } },
    // An idle event stream is sent a heartbeat.
    Piece(name: "heartbeat") {
        { count in
            let process = Process()
            _ = process.open("events", "")
            for _ in 0..<count { process.sockets.pass(25_000) }
            return Int(process.sockets.worker.counters.heartbeats)
        }
    },
]

private let handshake =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

extension Process {
    /// A receiver that stays has come and has begun. The result is the frame that announced it.
    fileprivate func open(_ form: String, _ headers: String) -> (tag: UInt16, slot: UInt32) {
        let slot = sockets.worker.opened(now: 0)
        let request = Array("GET /client-1.\(form)?cursor=1 HTTP/1.1\r\nHost: x\r\n\(headers)\r\n".utf8)
        request.withUnsafeBytes { sockets.receive(slot, $0) }
        guard case .frame(let connected, _) = Frame.parse(sockets.worker.toManager.bytes) else { return (0, 0) }
        let receiver = (connected.tag, connected.slot)
        sockets.worker.toManager.clear()
        withBytes("client-1") { client in
            encode { Frame(op: .message, tag: receiver.0, slot: receiver.1, number: 1, client: client).write(to: &$0) }
                .withUnsafeBytes { sockets.takeUp($0) }
        }
        return receiver
    }
}
private func messages(to form: String, _ headers: String, _ count: Int) -> Int {
    let process = Process()
    let receiver = process.open(form, headers)
    withBytes("client-1") { client in
        withBytes(message) { json in
            for number in 0..<count {
                let frame = encode {
                    Frame(
                        op: .message, tag: receiver.tag, slot: receiver.slot, number: UInt64(number + 2),
                        client: client,
                        body: json
                    ).write(to: &$0)
                }
                frame.withUnsafeBytes { process.sockets.takeUp($0) }
                process.sockets.worker.toManager.clear()
            }
        }
    }
    return Int(process.sockets.worker.counters.delivered)
}
