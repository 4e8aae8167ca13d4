import Glibc

/// A connection of the coordinator to the app port, for its own few requests. It waits for each answer.
final class AppClient {
    private let descriptor: Int32

    init(host: UInt32, port: UInt16) throws(Socket.Failure) {
        descriptor = try Socket.connect(to: host, port: port)
        Socket.set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    }
    deinit { close(descriptor) }

    /// Sends one request, and returns the answer's status and body.
    func request(_ method: String, _ path: String, _ body: String = "", seconds: Double = 30) throws -> (Int, String) {
        let head = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
        let deadline = monotonicNanoseconds() + UInt64(seconds * 1e9)
        try send(Array((head + body).utf8), deadline)
        var input: [UInt8] = []
        while true {
            try receive(&input, deadline)
            switch input.withUnsafeBytes({ Answer.parse($0) }) {
            case .incomplete: continue
            case .malformed: throw Fleet.Trouble(description: "\(method) \(path): an answer that is not HTTP")
            case .answer(let answer): return (answer.status, String(decoding: input[answer.body], as: UTF8.self))
            }
        }
    }

    /// Sends one line, and returns the line that answers it.
    func line(_ text: String, seconds: Double = 30) throws -> String {
        let deadline = monotonicNanoseconds() + UInt64(seconds * 1e9)
        try send(Array((text + "\n").utf8), deadline)
        var input: [UInt8] = []
        while input.last != 10 { try receive(&input, deadline) }
        return String(decoding: input.dropLast(), as: UTF8.self)
    }

    private func send(_ bytes: [UInt8], _ deadline: UInt64) throws {
        var offset = 0
        while offset < bytes.count {
            try wait(for: POLLOUT, deadline)
            let count = bytes[offset...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno != EAGAIN { throw Socket.Failure(call: "send to the app port", code: errno) }
            offset += max(0, count)
        }
    }

    private func receive(_ input: inout [UInt8], _ deadline: UInt64) throws {
        try wait(for: POLLIN, deadline)
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = read(descriptor, &chunk, chunk.count)
        if count == 0 { throw Socket.Failure(call: "read from the app port", code: ECONNRESET) }
        if count < 0, errno != EAGAIN { throw Socket.Failure(call: "read from the app port", code: errno) }
        input += chunk[0..<max(0, count)]
    }

    private func wait(for what: Int32, _ deadline: UInt64) throws {
        let now = monotonicNanoseconds()
        var event = pollfd(fd: descriptor, events: Int16(what), revents: 0)
        guard now < deadline, poll(&event, 1, Int32((deadline - now) / 1_000_000) + 1) > 0 else {
            throw Socket.Failure(call: "wait for the app port", code: ETIMEDOUT)
        }
    }
}
