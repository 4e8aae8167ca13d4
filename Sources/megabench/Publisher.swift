import Base
import Glibc

/// One connection that publishes. It keeps the bytes that are not written yet, and knows which answers must still come.
final class Publisher {
    enum Verdict { case sent, queued, refused }

    private(set) var descriptor: Int32
    /// The clients whose publish is not answered yet, oldest first.
    private(set) var unanswered = Ring(capacity: 1024)
    private var output = Buffer()
    private var input = Buffer()
    private var scratch = Buffer()
    private let isLines: Bool
    /// The kernel took only a part of the bytes: wait until the socket can be written.
    private(set) var isBlocked = false

    /// Bytes that may wait here before publishing pauses. The server then reads too slowly.
    static let outputBytes = 1 << 20

    init(plan: LoadPlan) throws(Socket.Failure) {
        descriptor = try Socket.connect(to: plan.publishHost, port: plan.publishPort)
        Socket.set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        isLines = plan.dialect == .comet && plan.publishForm == .lines
        if isLines, !plan.key.isEmpty { output.append(string: "{\"key\":\"\(plan.key)\"}\n") }
    }
    deinit { hangUp() }

    func hangUp() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    /// The client of the oldest publish whose answer will not come any more.
    func takeUnanswered() -> UInt32? { unanswered.pop() }

    var hasRoom: Bool { output.count < Self.outputBytes }

    func publish(_ mark: Mark, writer: RequestWriter) {
        writer.publish(mark, scratch: &scratch, to: &output)
        unanswered.push(mark.client)
    }

    /// Writes as much as the kernel takes. False if the connection is broken.
    func flush() -> Bool {
        while !output.isEmpty {
            let written = write(descriptor, output.bytes.baseAddress, output.count)
            if written < 0 {
                isBlocked = errno == EAGAIN || errno == ENOTCONN
                return isBlocked
            }
            output.consume(written)
        }
        isBlocked = false
        return true
    }

    /// Reads answers, and tells for each its client. False if the connection is broken.
    func receive(_ answered: (UInt32, Verdict) -> Void) -> Bool {
        let room = input.reserve(64 * 1024)
        let count = read(descriptor, room, 64 * 1024)
        if count < 0 { return errno == EAGAIN }
        if count == 0 { return false }
        input.advance(by: count)
        let bytes = input.bytes
        var consumed = 0
        while consumed < bytes.count {
            let rest = bytes.part(consumed, bytes.count - consumed)
            guard let (length, verdict) = isLines ? Self.line(rest) : Self.answer(rest) else { break }
            consumed += length
            guard length > 0, let client = unanswered.pop() else { return false }
            answered(client, verdict)
        }
        input.consume(consumed)
        return true
    }

    /// `{"id":7291,"status":"sent"}` and a line feed. The letter after `status":"` decides.
    private static func line(_ bytes: UnsafeRawBufferPointer) -> (Int, Verdict)? {
        guard let start = bytes.baseAddress, let end = memchr(start, 10, bytes.count) else { return nil }
        let length = UnsafeRawPointer(end) - start
        return (length + 1, status(bytes.part(0, length)))
    }

    private static func answer(_ bytes: UnsafeRawBufferPointer) -> (Int, Verdict)? {
        switch Answer.parse(bytes) {
        case .incomplete: return nil
        case .malformed: return (0, .refused)
        case .answer(let answer):
            // nchan answers 201 with subscribers and 202 without. MegaComet answers 200 for sent and 202 for queued.
            let verdict: Verdict =
                answer.status == 200 || answer.status == 201 ? .sent : answer.status == 202 ? .queued : .refused
            return (answer.body.upperBound, verdict)
        }
    }

    private static func status(_ line: UnsafeRawBufferPointer) -> Verdict {
        var at = line.count - 1
        while at > 1, line[at] != UInt8(ascii: ":") { at -= 1 }
        guard at > 8, at + 2 < line.count, line[at - 2] == UInt8(ascii: "s") else { return .refused }
        switch line[at + 2] {
        case UInt8(ascii: "s"): return .sent
        case UInt8(ascii: "q"): return .queued
        default: return .refused
        }
    }
}

/// A queue of client numbers in an array that doubles when it is full.
struct Ring {
    private var items: [UInt32]
    private var head = 0
    private(set) var count = 0

    init(capacity: Int) { items = Array(repeating: 0, count: capacity) }

    mutating func push(_ item: UInt32) {
        if count == items.count {
            items = (0..<count).map { items[(head + $0) % items.count] } + Array(repeating: 0, count: max(1, count))
            head = 0
        }
        var at = head + count
        if at >= items.count { at -= items.count }
        items[at] = item
        count += 1
    }

    mutating func pop() -> UInt32? {
        guard count > 0 else { return nil }
        let item = items[head]
        head += 1
        if head == items.count { head = 0 }
        count -= 1
        return item
    }
}
