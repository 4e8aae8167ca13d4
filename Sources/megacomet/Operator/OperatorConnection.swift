import Reactor
import Wire

/// A connection of the operator's port: gathers a request, writes an answer, goes on or closes.
final class OperatorConnection {
    /// Takes what is whole at the start of the input: how many bytes it was.
    var received: (UnsafeRawBufferPointer) -> Int = { $0.count }
    var closed: () -> Void = {}

    private let descriptor: Int32
    private var watcher: IOWatcher?
    private var idle: Timer?
    private let idleSeconds: Double
    private var input = Buffer()
    private var output = Buffer()
    private var isClosing = false
    private static let readBytes = 16 * 1024

    init(_ loop: Loop, _ descriptor: Int32, idleSeconds: Double) {
        self.descriptor = descriptor
        self.idleSeconds = idleSeconds
        watcher = IOWatcher(loop, descriptor, .read) { [unowned self] in handle($0) }
        idle = Timer(loop) { [unowned self] in close() }
        idle?.start(after: idleSeconds)
    }

    func send(status: Int, type: String, body: String, keepAlive: Bool, isHead: Bool) {
        let reason = [200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"][status] ?? "Bad Request"
        output.append(string: "HTTP/1.1 \(status) \(reason)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\nCache-Control: no-store\r\n")
        if status == 405 { output.append("Allow: GET, HEAD\r\n") }
        output.append(keepAlive ? "\r\n" : "Connection: close\r\n\r\n")
        if !isHead { output.append(string: body) }
        isClosing = isClosing || !keepAlive
    }

    private func handle(_ ready: Interest) {
        if ready.contains(.read), !isClosing, output.isEmpty {
            let room = UnsafeMutableRawBufferPointer(start: input.reserve(OperatorConnection.readBytes), count: OperatorConnection.readBytes)
            switch Sockets.read(descriptor, into: room) {
            case .wouldBlock: break
            case .end, .failed: return close()
            case .bytes(let count): input.advance(by: count)
            }
        }
        work()
    }

    /// One answer at a time: the next request is looked at when the last answer is out.
    private func work() {
        while true {
            if !output.isEmpty {
                switch Sockets.write(descriptor, output.bytes) {
                case .bytes(let count): output.consume(count)
                case .wouldBlock: break
                case .end, .failed: return close()
                }
                idle?.start(after: idleSeconds)
            }
            guard output.isEmpty else { break }
            if isClosing { return close() }
            let taken = input.isEmpty ? 0 : received(input.bytes)
            input.consume(taken)
            if taken == 0 { break }
        }
        watcher?.watch(output.isEmpty ? .read : .write)
    }

    private func close() {
        guard let watcher else { return }
        watcher.stop()
        self.watcher = nil
        idle?.stop()
        Sockets.close(descriptor)
        closed()
    }
}
