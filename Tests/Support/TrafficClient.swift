import Glibc

/// A client of `Traffic`.
final class TrafficClient {
    unowned let traffic: Traffic
    let name: String
    let kind: Traffic.Kind
    var machine: Int
    var connection: TrafficConnection?
    private var hasHead = false
    private var worker = 0
    private var notBefore: UInt64 = 0
    var cursor = 0
    private var lastId = 0
    /// How often each message came, by its number.
    var got: [Int: Int] = [:]
    var gaps = 0
    var replaced = 0
    var cuts = 0
    var faults: [String] = []

    init(_ traffic: Traffic, name: String, _ kind: Traffic.Kind, machine: Int) {
        (self.traffic, self.name, self.kind, self.machine) = (traffic, name, kind, machine)
    }

    func goOn(_ now: UInt64) {
        guard connection == nil, now >= notBefore else { return }
        let ports = traffic.machines[machine].clientPorts
        worker += 1
        connection = TrafficConnection(port: ports[worker % ports.count])
        hasHead = false
        guard connection != nil else { return goElsewhere() }
        ask()
    }
    private func ask() {
        let form = kind == .stream ? "events" : "json"
        connection?.send(HTTP.text("GET", "/\(name).\(form)?cursor=\(cursor)"))
    }
    private func goElsewhere() {
        cuts += 1
        machine = (machine + 1) % traffic.machines.count
        again(afterMilliseconds: 50)
    }
    private func again(afterMilliseconds pause: UInt64) {
        connection = nil
        notBefore = monotonicNanoseconds() + pause * 1_000_000
    }

    func take() {
        guard let connection else { return }
        if kind == .stream { takeEvents(connection) } else { takeAnswers(connection) }
        if connection.isEnded, self.connection === connection { goElsewhere() }
    }
    private func takeAnswers(_ connection: TrafficConnection) {
        guard let response = Response.taken(from: &connection.input) else { return }
        guard response.status == 200, let envelope = try? Envelope(response.bodyBytes, response) else {
            if response.status != 503 { faults.append("\(name): \(response.status) \(response.body)") }
            return goElsewhere()
        }
        for message in envelope.messages { received(message.data.int, message.id) }
        cursor = envelope.cursor
        if envelope.gap { gaps += 1 }
        if let code = envelope.errorCode { told(code) }
        if let retry = envelope.retry {
            // The worker drains, or is full.
            return retry > 1000 ? goElsewhere() : again(afterMilliseconds: UInt64(retry))
        }
        if kind == .hopping {
            machine = (machine + 1) % traffic.machines.count
            again(afterMilliseconds: 0)
        } else if response["connection"] == "close" {
            again(afterMilliseconds: 0)
        } else {
            ask()
        }
    }
    private func told(_ code: String) {
        if code == "replaced" { replaced += 1 } else { faults.append("\(name) was told \(code)") }
    }
    private func received(_ number: Int?, _ id: Int) {
        guard let number else { return faults.append("\(name) got a message that is no number") }
        got[number, default: 0] += 1
        if id <= lastId {
            let at = "at machine \(machine) with cursor \(cursor), \(got.count) messages, \(gaps) gaps"
            faults.append("\(name) got \(number) with id \(id) after \(lastId), \(at)")
        }
        lastId = max(id, lastId)
    }

    private func takeEvents(_ connection: TrafficConnection) {
        if !hasHead {
            guard let end = connection.input.firstRange(of: [13, 10, 13, 10], from: 0) else { return }
            let status = String(decoding: connection.input[..<end].prefix(12), as: UTF8.self)
            if status != "HTTP/1.1 200" { faults.append("\(name): \(status)") }
            connection.input.removeFirst(end + 4)
            hasHead = true
        }
        while let line = connection.input.firstRange(of: [13, 10], from: 0) {
            let text = String(decoding: connection.input[..<line], as: UTF8.self)
            guard let length = Int(text, radix: 16) else { return faults.append("\(name): no chunk: \(text)") }
            guard connection.input.count >= line + 4 + length else { return }
            let chunk = String(decoding: connection.input[line + 2..<line + 2 + length], as: UTF8.self)
            connection.input.removeFirst(line + 4 + length)
            for event in chunk.split(separator: "\n\n") { happened(event.split(separator: "\n")) }
        }
    }
    private func happened(_ fields: [Substring]) {
        func field(_ name: String) -> String? {
            fields.first { $0.hasPrefix(name) }.map { String($0.dropFirst(name.count)) }
        }
        if let id = field("id:").flatMap({ Int($0) }) { cursor = id }
        let data = try? JSON.parse(field("data:") ?? "")
        switch field("event:") {
        case nil: received(data?.int, cursor)
        case "channel": received(data?["data"]?.int, cursor)
        case "gap": gaps += 1
        case "replaced": replaced += 1
        case "hello", "heartbeat", "retry": break
        case let other?: faults.append("\(name) was told \(other)")
        }
    }
}

/// An app of `Traffic`: one publish after the other, over HTTP.
final class TrafficApp {
    unowned let traffic: Traffic
    let machine: Int
    var connection: TrafficConnection?
    /// The message that has no answer yet.
    var number: Int?
    private var notBefore: UInt64 = 0

    init(_ traffic: Traffic, _ machine: Int) { (self.traffic, self.machine) = (traffic, machine) }

    func goOn(_ now: UInt64, publishes: Bool) {
        guard publishes, number == nil, now >= notBefore else { return }
        if connection == nil { connection = TrafficConnection(port: traffic.machines[machine].appPort) }
        guard let connection else { return notBefore = now + 100_000_000 }
        guard let next = traffic.next(now) else { return }
        number = next.number
        connection.send(HTTP.text("POST", "/publish", body: Array(next.body.utf8)))
    }
    func take() {
        guard let connection else { return }
        if let number, let response = Response.taken(from: &connection.input) {
            self.number = nil
            traffic.ended(number, machine, response)
            // Others publish meanwhile.
            if response.status >= 300 { notBefore = monotonicNanoseconds() + 100_000_000 }
            if response["connection"] == "close" { self.connection = nil }
        }
        guard connection.isEnded else { return }
        if let number { traffic.ended(number, machine, nil) }
        (self.connection, number) = (nil, nil)
    }
}

/// A connection that is read when poll(2) says so.
final class TrafficConnection {
    let descriptor: Int32
    var input: [UInt8] = []
    private(set) var isEnded = false

    /// `nil` if nobody listens.
    init?(port: Int) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, 4)
        // A listener whose queue is full would hold us.
        var time = timeval(tv_sec: 2, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        guard withAddress(port, { connect(descriptor, $0, $1) }) == 0 else {
            close(descriptor)
            return nil
        }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }
    deinit { close(descriptor) }

    /// Requests are small: the kernel takes them whole.
    func send(_ bytes: [UInt8]) {
        if Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) != bytes.count { isEnded = true }
    }
    func read() {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count > 0 { input += chunk[0..<count] } else if count == 0 || errno != EAGAIN { isEnded = true }
    }
}
