import Base
import Comet
import Wire

/// Sockets that take everything.
private final class Sockets: WorkerIO {
    var answers = 0
    func send(_ slot: UInt32, _ bytes: UnsafeRawBufferPointer) -> Int? {
        answers += 1
        return bytes.count
    }
    func endOutput(_ slot: UInt32) {}
    func close(_ slot: UInt32) {}
    func pauseReading(_ slot: UInt32) {}
    func resumeReading(_ slot: UInt32) {}
    func nanoseconds() -> UInt64 { 0 }
}

private func linkedWorker(_ sockets: Sockets) -> Worker {
    let worker = Worker(WorkerSettings(), io: sockets, extraBytes: 48, seed: 42)
    worker.linkOpened(pid: 1, token: Array(repeating: 0, count: 16))
    _ = encode { Frame(op: .welcome, number: 0).write(to: &$0) }.withUnsafeBytes {
        worker.receivedFromManager($0, now: 0)
    }
    worker.link.clear()
    return worker
}

let workerPieces: [Piece] = [
    // A kept connection polls, its poll is announced, a message comes and is written.
    Piece(name: "poll-and-deliver") {
        { count in
            let sockets = Sockets()
            let worker = linkedWorker(sockets)
            let slot = worker.opened(now: 0)
            browserRequest.withUnsafeBytes { request in
                withBytes(message) { json in
                    for number in 0..<count {
                        worker.received(slot, request, now: 0)
                        guard case .frame(let poll, let bytes) = Frame.parse(worker.link.bytes) else { return }
                        let answer = encode {
                            Frame(
                                op: .message, tag: poll.tag, slot: poll.slot, number: UInt64(number + 1),
                                client: poll.client, body: json
                            ).write(to: &$0)
                        }
                        worker.link.consume(bytes)
                        _ = answer.withUnsafeBytes { worker.receivedFromManager($0, now: 0) }
                    }
                }
            }
            return sockets.answers
        }
    },
    // A connection comes, polls, and leaves: slab, store, index, deadlines.
    Piece(name: "connect-poll-leave") {
        { count in
            let sockets = Sockets()
            let worker = linkedWorker(sockets)
            browserRequest.withUnsafeBytes { request in
                for _ in 0..<count {
                    let slot = worker.opened(now: 0)
                    worker.received(slot, request, now: 0)
                    worker.closed(slot, now: 0)
                    worker.link.clear()
                }
            }
            return Int(worker.counters.closedByClient)
        }
    },
    // A poll that times out.
    Piece(name: "timeout") {
        { count in
            let sockets = Sockets()
            let worker = linkedWorker(sockets)
            let slot = worker.opened(now: 0)
            var now: UInt64 = 0
            browserRequest.withUnsafeBytes { request in
                for _ in 0..<count {
                    worker.received(slot, request, now: now)
                    now += 50_000
                    _ = worker.expire(now: now)
                    worker.link.clear()
                }
            }
            return Int(worker.counters.pollsEmpty)
        }
    },
]
