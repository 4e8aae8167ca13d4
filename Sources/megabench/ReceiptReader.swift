import Base
import Glibc

/// An app that reads what becomes of a run's messages, over a stream of events. It is in the coordinator's process,
/// which has little else to do, so it takes nothing from the clients' loops.
final class ReceiptReader {
    let descriptor: Int32
    private(set) var tally: ReceiptTally
    private var input = Buffer()
    /// The manager sends 256 KiB before it waits for them to be read.
    private static let readBytes = 256 * 1024
    private static let kinds = "\"delivered\",\"acknowledged\",\"handed\",\"expired\",\"dropped\",\"replaced\""

    /// Returns when the stream has begun, so that no event of what is published from now on is missed.
    init(plan: LoadPlan) throws {
        let app = try AppClient(host: plan.publishHost, port: plan.publishPort)
        let (status, answer) = try app.request("GET", "/cursor")
        let digits = answer.split { !$0.isNumber }.first.flatMap { UInt64($0) }
        guard status == 200, let before = digits else { throw Lacks(what: "events (GET /cursor: \(status) \(answer))") }
        tally = ReceiptTally(tag: plan.tag, before: before)
        descriptor = try Socket.connect(to: plan.publishHost, port: plan.publishPort)
        let request = "{\"op\":\"events\",\"kinds\":[\(Self.kinds)]}\n"
        guard isReady(POLLOUT), write(descriptor, request, request.utf8.count) == request.utf8.count else {
            throw Socket.Failure(call: "ask for events", code: errno)
        }
        guard isReady(POLLIN) else { throw Fleet.Trouble(description: "no stream of events began within 30 s") }
        try receive()
        if tally.errors > 0 { throw Lacks(what: "events") }
    }
    deinit { close(descriptor) }

    private func isReady(_ what: Int32) -> Bool {
        var event = pollfd(fd: descriptor, events: Int16(what), revents: 0)
        return poll(&event, 1, 30_000) == 1
    }

    /// Takes what has come.
    func receive() throws {
        let count = read(descriptor, input.reserve(Self.readBytes), Self.readBytes)
        if count < 0, errno == EAGAIN { return }
        guard count > 0 else { throw Fleet.Trouble(description: "the manager has ended the stream of events") }
        input.advance(by: count)
        let bytes = input.bytes
        var offset = 0
        while let start = bytes.baseAddress, offset < bytes.count,
            let end = memchr(start + offset, 10, bytes.count - offset)
        {
            let length = UnsafeRawPointer(end) - start - offset
            tally.take(bytes.part(offset, length))
            offset += length + 1
        }
        input.consume(offset)
    }
}
