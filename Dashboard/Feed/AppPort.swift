import Glibc
package import Reactor

/// The manager's app port, asked by HTTP without waiting: which clients have most messages waiting, and which apps
/// publish. One request at a time.
package final class AppPort {
    /// What an answer with all its rows can take.
    private static let mostBytes = 256 << 10
    private static let patienceSeconds = 3.0

    private let loop: Loop
    private let endpoint: Endpoint
    private let key: String
    private var descriptor: Int32 = -1
    private var watcher: IOWatcher?
    private var timer: Reactor.Timer?
    private var request = ""
    private var received: [UInt8] = []
    private var done: ((Result<String, Failure>) -> Void)?
    package struct Failure: Error { package let description: String }

    /// `key`: empty where the port has none.
    package init(_ loop: Loop, _ endpoint: Endpoint, key: String) {
        self.loop = loop
        // One that listens on all interfaces is asked on this machine.
        self.endpoint = endpoint.address == "0.0.0.0" ? Endpoint("127.0.0.1", endpoint.port) : endpoint
        self.key = key
        timer = Timer(loop) { [unowned self] in end(.failure(Failure(description: "\(self.endpoint) does not answer")))
        }
    }
    deinit { close() }

    package var isBusy: Bool { done != nil }

    /// JSON, or why not. Not while it is busy.
    package func ask(_ target: String, _ done: @escaping (Result<String, Failure>) -> Void) {
        precondition(!isBusy, "one request at a time")
        do { descriptor = try Sockets.connect(endpoint) } catch {
            return done(.failure(Failure(description: "\(error)")))
        }
        self.done = done
        request =
            "GET \(target) HTTP/1.1\r\nHost: \(endpoint)\r\nConnection: close\r\n"
            + (key.isEmpty ? "" : "Authorization: Bearer \(key)\r\n") + "\r\n"
        received = []
        timer?.start(after: AppPort.patienceSeconds)
        watcher = IOWatcher(loop, descriptor, .write) { [unowned self] in ready($0) }
    }
    private func ready(_ events: Interest) {
        if events.contains(.write) {
            let error = Sockets.pendingError(descriptor)
            guard error == 0 else {
                return end(.failure(Failure(description: "\(endpoint): \(String(cString: strerror(error)))")))
            }
            // Under what any socket's buffer takes at once.
            guard Array(request.utf8).withUnsafeBytes({ Sockets.write(descriptor, $0) }) == .bytes(request.utf8.count)
            else {
                return end(.failure(Failure(description: "\(endpoint) takes no request")))
            }
            watcher?.watch(.read)
        } else {
            read()
        }
    }
    private func read() {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            switch chunk.withUnsafeMutableBytes({ Sockets.read(descriptor, into: $0) }) {
            case .bytes(let count):
                received += chunk[..<count]
                if received.count > AppPort.mostBytes {
                    return end(.failure(Failure(description: "\(endpoint) answers too much")))
                }
            case .wouldBlock: return
            case .end, .failed: return end(body())
            }
        }
    }
    private func body() -> Result<String, Failure> {
        guard
            let gap = received.indices.dropLast(3).first(where: {
                received[$0..<$0 + 4].elementsEqual([13, 10, 13, 10])
            })
        else {
            return .failure(Failure(description: "\(endpoint) closed without an answer"))
        }
        return .success(String(decoding: received[(gap + 4)...], as: UTF8.self))
    }
    private func end(_ result: Result<String, Failure>) {
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
