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
]
