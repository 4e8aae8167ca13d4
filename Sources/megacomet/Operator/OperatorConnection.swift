import Base
import Reactor
import Wire

/// A connection of the operator's port. It gathers requests and writes answers. The port decides which request is
/// answered when.
///
///     reading --bytes came--> waiting for its turn --answered--> writing --all is out--> waiting or reading
///                                                                           |
///                                                                           +--it was the last--> lingering --> closed
///
/// Nothing is read while it waits or writes, so it holds at most the bytes of one read.
final class OperatorConnection {
    /// Called when there may be a request to answer.
    var waits: () -> Void = {}
    var closed: () -> Void = {}
    /// It is in the port's queue.
    var isWaiting = false
    /// The time when it came, or was answered last, by the port's count of such things. The smallest has been quiet for
    /// longest.
    var lastUse: UInt64

    private let descriptor: Int32
    private var watcher: IOWatcher?
    private var idle: Timer?
    private let idleSeconds: Double
    private var input = Buffer()
    private var output = Buffer()
    private var isClosing = false
    /// Its last answer was written. Bytes that still come are thrown away, so that the answer can be read, until the
    /// peer closes or the time is over (RFC 9112, 9.6).
    private var isLingering = false
    private static let lingerSeconds = Double(Limits.appLingerSeconds)
    private static let readBytes = 16 * 1024

    init(_ loop: Loop, _ descriptor: Int32, idleSeconds: Double, lastUse: UInt64) {
        self.descriptor = descriptor
        self.idleSeconds = idleSeconds
        self.lastUse = lastUse
        watcher = IOWatcher(loop, descriptor, .read) { [unowned self] in handle($0) }
        idle = Timer(loop) { [unowned self] in close() }
        idle?.start(after: idleSeconds)
    }

    /// No request is being answered. Nobody loses anything if it is closed now.
    var isIdle: Bool { !isWaiting && output.isEmpty }
    /// The bytes that wait to be answered. They are valid until the next call.
    var unanswered: UnsafeRawBufferPointer { input.bytes }

    /// Answers the first `taken` bytes of the input.
    func answer(taken: Int, status: Int, type: String, body: String, keepAlive: Bool, isHead: Bool) {
        input.consume(taken)
        let head = ResponseHead(keepAlive: keepAlive)
        head.begin(status, to: &output)
        output.append(string: "Content-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n")
        output.append("Cache-Control: no-store\r\n")
        if status == 405 { output.append("Allow: GET, HEAD\r\n") }
        head.end(to: &output)
        if !isHead { output.append(string: body) }
        isClosing = isClosing || !keepAlive
        write()
    }
    /// There is no whole request yet.
    func readOn() { watcher?.watch(.read) }

    private func handle(_ ready: Interest) {
        if !output.isEmpty { return write() }
        let most = OperatorConnection.readBytes
        let room = UnsafeMutableRawBufferPointer(start: input.reserve(most), count: most)
        switch Sockets.read(descriptor, into: room) {
        case .wouldBlock: break
        case .end, .failed: close()
        case .bytes where isLingering: break
        case .bytes(let count):
            input.advance(by: count)
            watcher?.watch([])
            waits()
        }
    }

    private func write() {
        switch Sockets.write(descriptor, output.bytes) {
        case .bytes(let count): output.consume(count)
        case .wouldBlock: break
        case .end, .failed: return close()
        }
        idle?.start(after: idleSeconds)
        guard output.isEmpty else { return watcher?.watch(.write) ?? () }
        output.shrink(over: OperatorConnection.readBytes)
        if isClosing { return linger() }
        guard !input.isEmpty else { return readOn() }
        watcher?.watch([])
        waits()
    }

    private func linger() {
        isLingering = true
        Sockets.endOutput(descriptor)
        idle?.start(after: OperatorConnection.lingerSeconds)
        readOn()
    }
    func close() {
        guard let watcher else { return }
        watcher.stop()
        self.watcher = nil
        idle?.stop()
        Sockets.close(descriptor)
        closed()
    }
}
