import CEpoll
import Glibc

/// An app of a crowd. It publishes to its part of the clients in turn, so the order for each client is known.
final class CrowdPublisher {
    private let number: Int
    private unowned let crowd: Crowd
    private let port: Int
    private var descriptor: Int32 = -1
    private var isConnected = false
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private var turn = 0
    /// Publishes that are sent and not answered.
    private var open = 0
    /// Publishes that must still be made, and clients that must be published to once more.
    var due = 0
    var urgent: [Int] = []

    init(_ number: Int, _ crowd: Crowd, _ port: Int) { (self.number, self.crowd, self.port) = (number, crowd, port) }

    var isIdle: Bool { due == 0 && urgent.isEmpty && open == 0 }

    func release() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }
    func disconnect() {
        release()
        isConnected = false
        input = []
        output = []
        crowd.unanswered(open)
        open = 0
    }

    private func nextClient() -> Int {
        if let client = urgent.popLast() { return client }
        due -= 1
        defer { turn += 1 }
        let own = (crowd.plan.clients - number + crowd.plan.publishers - 1) / crowd.plan.publishers
        return number + (turn % own) * crowd.plan.publishers
    }

    func publish() {
        guard due > 0 || !urgent.isEmpty else { return }
        if descriptor < 0 { descriptor = crowd.connected(to: port, as: crowd.plan.clients + number) }
        guard isConnected else { return }
        switch crowd.plan.publishing {
        case .lines:
            while due > 0 || !urgent.isEmpty, open < 200 {
                output += Array((crowd.body(for: nextClient()) + "\n").utf8)
                open += 1
            }
        case .http, .httpClose:
            guard open == 0 else { return }
            let headers = crowd.plan.publishing == .httpClose ? ["Connection: close"] : []
            output += HTTP.text("POST", "/publish", headers, body: Array(crowd.body(for: nextClient()).utf8))
            open = 1
        }
        flush()
    }
    private func flush() {
        guard !output.isEmpty else { return }
        let count = output.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if count > 0 { output.removeFirst(count) }
        crowd.watch(
            descriptor, crowd.plan.clients + number, EPOLLIN.rawValue | (output.isEmpty ? 0 : EPOLLOUT.rawValue),
            EPOLL_CTL_MOD)
    }

    func handle(_ events: UInt32) {
        if events & EPOLLOUT.rawValue != 0 {
            if !isConnected {
                let error = crowd.connectError(descriptor)
                guard error == 0 else {
                    crowd.countRefusal(error)
                    return disconnect()
                }
                isConnected = true
                crowd.watch(descriptor, crowd.plan.clients + number, EPOLLIN.rawValue, EPOLL_CTL_MOD)
                return publish()
            }
            flush()
        }
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else {
            if count == 0 || errno != EAGAIN { disconnect() }
            return
        }
        input += chunk[0..<count]
        if crowd.plan.publishing == .lines {
            while let end = input.firstIndex(of: 10) {
                crowd.receipt(Array(input[0..<end]))
                input.removeFirst(end + 1)
                open -= 1
            }
        } else {
            while let response = Response.taken(from: &input) {
                crowd.receipt(response.bodyBytes)
                open -= 1
                if crowd.plan.publishing == .httpClose { return disconnect() }
            }
        }
        publish()
    }
}
