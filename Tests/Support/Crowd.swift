import CEpoll
import Glibc

/// Many clients that poll, and a few apps that publish to them, on one epoll loop. Each message has its client and its
/// number in that client's row, so lost, doubled, disordered and misdirected messages are seen.
public final class Crowd {
    public struct Plan: Sendable {
        public enum Publishing: Sendable { case lines, http, httpClose }
        public var clients = 200
        /// Publishes a second, of all apps together.
        public var rate = 500.0
        public var seconds = 3.0
        public var publishing = Publishing.lines
        public var publishers = 4
        public var keepAlive = true
        public var cursors = true
        public var form = Poller.Form.json
        /// The clients keep event streams and do not poll.
        public var streams = false
        /// Each publish asks for a receipt.
        public var receipts = false
        public init() {}
    }
    public struct Tally: Sendable, CustomStringConvertible {
        public var published = 0, delivered = 0, sent = 0, queued = 0
        /// Publishes that were refused, and publishes whose answer was lost with their connection.
        public var refused = 0, unanswered = 0
        public var doubled = 0, disordered = 0, lost = 0, misdelivered = 0
        /// Client connections that ended before an answer, and refused connects of clients and apps.
        public var cuts = 0, refusedConnects = 0
        public var errors: [String: Int] = [:]
        public var gaps = 0
        /// The ids of the publishes with a receipt that were answered.
        public var ids: [Int] = []
        /// Milliseconds from publish to delivery of some of the messages.
        public var latencies: [Double] = []
        public func latency(_ part: Double) -> Double {
            let sorted = latencies.sorted()
            return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
        }
        public var description: String {
            "published \(published) (sent \(sent), queued \(queued), refused \(refused), unanswered \(unanswered)), "
                + "delivered \(delivered), lost \(lost), doubled \(doubled), "
                + "disordered \(disordered), misdelivered \(misdelivered), cuts \(cuts), refused connects "
                + "\(refusedConnects), gaps \(gaps), errors \(errors), "
                + "ms p50 \(latency(0.5)), p99 \(latency(0.99)), most \(latencies.max() ?? 0)"
        }
    }

    final class Client {
        let number: Int
        var port: Int
        var descriptor: Int32 = -1
        var input: [UInt8] = []
        /// The stream's head was read; its last chunk was.
        var (hasHead, hasEnded) = (false, false)
        var cursor = 0
        /// The number of the next message in its row: to be published, and to be received.
        var nextPublished = 0
        var nextExpected = 0
        init(_ number: Int, _ port: Int) { (self.number, self.port) = (number, port) }
    }

    public let plan: Plan
    public internal(set) var tally = Tally()
    /// Actions on the programs, each called once, so many seconds after the start.
    public var events: [(second: Double, action: () throws -> Void)] = []
    /// Messages may be lost, as when the manager's queue dies with it. Then only the order counts, and the last message
    /// of each client.
    public var allowsLoss = false
    let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    var clients: [Client] = []
    private var publishers: [CrowdPublisher] = []
    private let prefix = "u\(UInt32.random(in: 0 ... .max))-"
    /// Publishes that were accepted and are not delivered yet, and publishes that are not answered yet.
    private var outstanding: Int { clients.reduce(0) { $0 + $1.nextPublished - $1.nextExpected } }

    public init(_ plan: Plan, ports: [Int], appPort: Int) {
        self.plan = plan
        clients = (0..<plan.clients).map { Client($0, ports[$0 % ports.count]) }
        publishers = (0..<plan.publishers).map { CrowdPublisher($0, self, appPort) }
    }
    deinit {
        for client in clients where client.descriptor >= 0 { close(client.descriptor) }
        publishers.forEach { $0.release() }
        close(epoll)
    }
    func name(_ client: Int) -> String { prefix + String(client) }

    /// Runs the plan until everything that was published has arrived.
    public func run(settleSeconds: Double = 60) throws -> Tally {
        try allowDescriptors(plan.clients + plan.publishers + 200)
        for client in clients { connect(client) }
        let start = monotonicNanoseconds()
        var pending = events.sorted { $0.second < $1.second }
        var last: UInt64?
        var isFinalRound = false
        var ordered = 0
        while true {
            let elapsed = Double(monotonicNanoseconds() - start) / 1e9
            while let event = pending.first, event.second <= elapsed {
                pending.removeFirst()
                try event.action()
            }
            let target = min(Int(elapsed * plan.rate), Int(plan.seconds * plan.rate))
            while ordered < target {
                publishers[ordered % publishers.count].due += 1
                ordered += 1
            }
            if elapsed >= plan.seconds, pending.isEmpty, publishers.allSatisfy(\.isIdle) {
                if allowsLoss, !isFinalRound {
                    isFinalRound = true
                    for client in clients { publishers[client.number % publishers.count].urgent.append(client.number) }
                }
                if publishers.allSatisfy(\.isIdle), outstanding == 0 { break }
            }
            for publisher in publishers { publisher.publish() }
            if elapsed > plan.seconds {
                last = last ?? monotonicNanoseconds()
                if Double(monotonicNanoseconds() - last!) / 1e9 > settleSeconds { break }
            }
            wait()
        }
        tally.lost += outstanding
        return tally
    }

    private func allowDescriptors(_ count: Int) throws {
        _ = descriptorsRaised
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard limit.rlim_cur >= count else {
            throw Failure("\(count) descriptors are needed, and a process may open \(limit.rlim_cur) here")
        }
    }
    private func wait() {
        var ready = [epoll_event](repeating: epoll_event(), count: 256)
        let count = epoll_wait(epoll, &ready, 256, 5)
        guard count > 0 else { return }
        for event in ready[0..<Int(count)] {
            let number = Int(event.data.u64)
            if number < clients.count {
                handle(clients[number], event.events)
            } else {
                publishers[number - clients.count].handle(event.events)
            }
        }
    }

    // MARK: clients

    /// Starts to connect a descriptor to a port, and watches it under a number. It is writable when it is connected.
    func connected(to port: Int, as number: Int) -> Int32 {
        let descriptor = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        precondition(descriptor >= 0, "no descriptor: \(errno)")
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, 4)
        _ = withAddress(port) { Glibc.connect(descriptor, $0, $1) }
        watch(descriptor, number, EPOLLIN.rawValue | EPOLLOUT.rawValue, EPOLL_CTL_ADD)
        return descriptor
    }
    func watch(_ descriptor: Int32, _ number: Int, _ events: UInt32, _ operation: Int32) {
        var event = epoll_event()
        event.events = events
        event.data.u64 = UInt64(number)
        epoll_ctl(epoll, operation, descriptor, &event)
    }
    /// The reason why a connect failed; 0 if it did not.
    func connectError(_ descriptor: Int32) -> Int32 {
        var error: Int32 = 0
        var length = socklen_t(4)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length)
        return error
    }
    func countRefusal(_ error: Int32) { if error == ECONNREFUSED { tally.refusedConnects += 1 } }

    private func connect(_ client: Client) { client.descriptor = connected(to: client.port, as: client.number) }
    private func again(_ client: Client) {
        close(client.descriptor)
        client.input = []
        (client.hasHead, client.hasEnded) = (false, false)
        connect(client)
    }
    private func ask(_ client: Client) {
        let cursor = plan.cursors ? "cursor=\(client.cursor)" : "c=1"
        let name = name(client.number)
        let target =
            plan.streams
            ? "/\(name).events?\(cursor)"
            : plan.form == .jsonp ? "/\(name).js?callback=f&\(cursor)" : "/\(name).json?\(cursor)"
        let request = HTTP.text("GET", target, plan.keepAlive ? [] : ["Connection: close"])
        _ = request.withUnsafeBytes { send(client.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }
    private func handle(_ client: Client, _ events: UInt32) {
        if events & EPOLLOUT.rawValue != 0 {
            let error = connectError(client.descriptor)
            guard error == 0 else {
                countRefusal(error)
                return again(client)
            }
            watch(client.descriptor, client.number, EPOLLIN.rawValue, EPOLL_CTL_MOD)
            return ask(client)
        }
        var chunk = [UInt8](repeating: 0, count: 16384)
        let count = recv(client.descriptor, &chunk, chunk.count, 0)
        guard count > 0 else {
            guard count == 0 || errno != EAGAIN else { return }
            let error = count < 0 ? errno : 0
            if error == ECONNREFUSED { countRefusal(error) } else if !client.hasEnded { tally.cuts += 1 }
            return again(client)
        }
        client.input += chunk[0..<count]
        if plan.streams { return takeEvents(client) }
        while let response = Response.taken(from: &client.input) {
            answered(client, response)
            if !plan.keepAlive || response["connection"] == "close" { return again(client) }
            ask(client)
        }
    }
    private func answered(_ client: Client, _ response: Response) {
        var body = response.bodyBytes
        if plan.form == .jsonp, response.status == 200 { body = Array(body.dropFirst("/**/f(".utf8.count).dropLast(2)) }
        guard response.status == 200, let envelope = try? Envelope(body, response) else {
            tally.errors["\(response.status) \(response.errorCode ?? response.body)", default: 0] += 1
            return
        }
        if let code = envelope.errorCode { tally.errors[code, default: 0] += 1 }
        if envelope.gap { tally.gaps += 1 }
        client.cursor = envelope.cursor
        for message in envelope.messages { received(message.data, client) }
    }
    func received(_ data: JSON, _ client: Client) {
        guard data["to"]?.string == name(client.number), let number = data["n"]?.int else {
            tally.misdelivered += 1
            return
        }
        tally.delivered += 1
        if number < client.nextExpected {
            tally.doubled += 1
        } else {
            if number > client.nextExpected {
                if allowsLoss { tally.lost += number - client.nextExpected } else { tally.disordered += 1 }
            }
            client.nextExpected = number + 1
        }
        if let at = data["at"]?.int {
            tally.latencies.append(Double(monotonicNanoseconds() - UInt64(at)) / 1e6)
        }
    }

    // MARK: for the publishers

    func body(for number: Int) -> String {
        let client = clients[number]
        defer { client.nextPublished += 1 }
        tally.published += 1
        let time = tally.published % 16 == 0 ? ",\"at\":\(monotonicNanoseconds())" : ""
        return
            "{\"client\":\"\(name(number))\",\"message\":{\"to\":\"\(name(number))\",\"n\":\(client.nextPublished)"
            + "\(time)}\(plan.receipts ? ",\"receipt\":true" : "")}"
    }
    func receipt(_ text: [UInt8]) {
        guard let receipt = (try? JSON.parse(text)).flatMap({ try? Receipt($0) }) else {
            tally.errors["receipt " + String(decoding: text.prefix(80), as: UTF8.self), default: 0] += 1
            return
        }
        if plan.receipts, let id = receipt.id { tally.ids.append(id) }
        switch receipt.status {
        case "sent": tally.sent += 1
        case "queued": tally.queued += 1
        default:
            tally.refused += 1
            tally.errors[receipt.errorCode ?? "", default: 0] += 1
        }
    }
    func unanswered(_ count: Int) { tally.unanswered += count }
}
