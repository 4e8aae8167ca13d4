package import Base
import Glibc

/// Asks the manager's app port over HTTP, as apps do, without waiting. It has one request at a time, on a connection of
/// its own.
package final class AppPortClient {
    package struct Reply: Equatable {
        /// The HTTP status. 0 if the head has none.
        package let status: Int
        package let body: String
    }
    package enum Failure: Error, Equatable {
        /// The port could not be asked. The text says why.
        case unreachable(String)
        /// The port did not answer in time.
        case silent
        /// The port closed the connection before its answer was complete.
        case cut
        /// The answer is over `mostBytes`.
        case tooMuch
    }

    /// The most bytes of an answer with all its rows.
    private static let mostBytes = 256 << 10

    /// The address that is asked. An app port that listens on every address is asked over loopback.
    package let endpoint: Endpoint
    private let loop: Loop
    private let key: String
    private let patienceSeconds: Double
    private var descriptor: Int32 = -1
    private var watcher: IOWatcher?
    private var timer: Timer?
    /// Bytes of the request that are not sent yet.
    private var request: ArraySlice<UInt8> = []
    private var received: [UInt8] = []
    private var done: ((Result<Reply, Failure>) -> Void)?

    /// `key` is empty if the port has none. `patienceSeconds` is the time for a whole request.
    package init(_ loop: Loop, _ endpoint: Endpoint, key: String, patienceSeconds: Double) {
        self.loop = loop
        self.endpoint = endpoint.onThisMachine
        self.key = key
        self.patienceSeconds = patienceSeconds
        timer = Timer(loop) { [unowned self] in end(.failure(.silent)) }
    }
    deinit { close() }

    package var isBusy: Bool { done != nil }

    /// Asks, unless a request is under way. `body` is JSON, or empty for none.
    package func ask(
        _ method: String, _ target: String, body: String = "", _ done: @escaping (Result<Reply, Failure>) -> Void
    ) {
        precondition(!isBusy, "one request at a time")
        do { descriptor = try Sockets.connect(endpoint) } catch {
            return done(.failure(.unreachable(String(cString: strerror(error.code)))))
        }
        self.done = done
        var head = "\(method) \(target) HTTP/1.1\r\nHost: \(endpoint)\r\nConnection: close\r\n"
        if !key.isEmpty { head += "Authorization: Bearer \(key)\r\n" }
        if !body.isEmpty { head += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n" }
        request = Array((head + "\r\n" + body).utf8)[...]
        received = []
        timer?.start(after: patienceSeconds)
        watcher = IOWatcher(loop, descriptor, .write) { [unowned self] in
            if $0.contains(.write) { write() } else { read() }
        }
    }
    private func write() {
        func unreachable(_ code: Int32) { end(.failure(.unreachable(String(cString: strerror(code))))) }
        let error = Sockets.pendingError(descriptor)
        guard error == 0 else { return unreachable(error) }
        switch request.withUnsafeBytes({ Sockets.write(descriptor, $0) }) {
        case .bytes(let count): request = request.dropFirst(count)
        case .wouldBlock: break
        case .end: unreachable(EPIPE)
        case .failed(let code): unreachable(code)
        }
        if isBusy, request.isEmpty { watcher?.watch(.read) }
    }
    private func read() {
        var room = [UInt8](repeating: 0, count: 16_384)
        while true {
            switch room.withUnsafeMutableBytes({ Sockets.read(descriptor, into: $0) }) {
            case .bytes(let count):
                received += room[..<count]
                if received.count > AppPortClient.mostBytes { return end(.failure(.tooMuch)) }
            case .wouldBlock: return
            case .end, .failed: return end(reply())
            }
        }
    }
    private func reply() -> Result<Reply, Failure> {
        guard let gap = received.indices.first(where: { received[$0...].starts(with: [13, 10, 13, 10]) }) else {
            return .failure(.cut)
        }
        let status = received[..<gap].split(separator: UInt8(ascii: " "), maxSplits: 2).dropFirst().first
        return .success(
            Reply(
                status: status.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0,
                body: String(decoding: received[(gap + 4)...], as: UTF8.self)))
    }
    private func end(_ result: Result<Reply, Failure>) {
        close()
        let done = done
        self.done = nil
        done?(result)
    }
    private func close() {
        timer?.stop()
        watcher = nil
        if descriptor >= 0 { Sockets.close(descriptor) }
        descriptor = -1
    }
}
