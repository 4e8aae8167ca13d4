import Base
import Glibc
import Histogram

/// A client process: its clients, its publishers and one epoll loop. It carries out the coordinator's orders, which
/// come over a socket, and ends with it.
///
/// Clients and their publisher live in one process. So what was published and what came are counted in one place, and
/// publishing to a client that polls again wakes no third process on two cores.
final class Generator {
    let plan: LoadPlan
    let poller = Poller()
    let clients: ClientSlab
    let writer: RequestWriter
    /// `nil`: the connections are plain.
    let tls: SocketTLS?
    let wheel = Wheel()
    var publishers: [Publisher] = []
    var counts = LoadCounts()
    var latencies = Histogram<UInt32>(highestTrackableValue: 600_000_000_000, numberOfSignificantValueDigits: .three)
    /// The bytes of answers that have come in part, by client. They are rare, so a client has no room for them.
    var partial: [Int: [UInt8]] = [:]
    /// Milliseconds after which a client whose stream the server ends is to come back.
    var retries: [Int: UInt64] = [:]
    var output = Buffer()
    var scratch = Buffer()
    let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 512 * 1024, alignment: 64)
    /// Clients that poll and may be published to, oldest first. It is filled only while a unicast runs.
    var ready = Ring(capacity: 1024)
    /// The messages to all clients, once there was one.
    var broadcasts: BroadcastTally?
    /// Only if the plan asks for it.
    var ledger: Ledger?
    /// Publishers that the server closed, and when the next try to connect them is due.
    var brokenPublishers: [Int] = []
    var nextPublisherTry: UInt64 = 0
    var order = Order.none
    var random: Xorshift
    /// The next source address, counted from the plan's.
    var nextSource = 0
    /// Clients have left the port of the plan for that to which they come back.
    var hasMoved = false
    private let control: Control
    private var isStopped = false

    /// The order that is being carried out.
    enum Order {
        case none
        case connect(ConnectRun)
        case unicast(UnicastRun)
        case steady(SteadyRun)
        case queue(QueueRun)
        case gather(GatherRun)
        case settle(deadline: UInt64)
        case comeBack(ComeBackRun)
    }

    /// The kind of a descriptor, in the upper half of its epoll tag.
    enum Kind {
        static let client: UInt64 = 0
        static let publisher: UInt64 = 1 << 32
        static let control: UInt64 = 2 << 32
    }

    init(plan: LoadPlan, control: Int32) {
        self.plan = plan
        self.control = Control(descriptor: control)
        clients = ClientSlab(count: plan.clients, resumes: plan.dialect == .nchan)
        writer = RequestWriter(plan: plan)
        tls = plan.isTLS ? SocketTLS(clients: plan.clients, resumption: .onReturn) : nil
        precondition(!plan.isTLS || tls != nil, "OpenSSL makes no context for clients")
        ledger = plan.keepsLedger ? Ledger(clients: plan.clients) : nil
        random = Xorshift(seed: UInt64(plan.first + 1))
        poller.add(control, Poller.readable, Kind.control)
    }

    func run() {
        var nextProgress = monotonicNanoseconds()
        while !isStopped {
            let count = poller.wait(nanoseconds: patience())
            for index in 0..<count {
                let (tag, what) = poller.event(index)
                switch tag & ~0xFFFF_FFFF {
                case Kind.client: clientEvent(Int(tag), what)
                case Kind.publisher: publisherEvent(Int(tag & 0xFFFF_FFFF), what)
                default: readOrders()
                }
            }
            let now = monotonicNanoseconds()
            wheel.expire(now: now) { wake($0) }
            if !brokenPublishers.isEmpty { connectBroken(now: now) }
            advance(now: now)
            flushPublishers()
            if now >= nextProgress {
                nextProgress = now + 200_000_000
                control.send("p " + counts.line)
            }
        }
    }

    /// Nanoseconds that the loop may sleep.
    private func patience() -> UInt64 {
        switch order {
        case .steady(let run): return run.wait(now: monotonicNanoseconds())
        case .none: return wheel.isEmpty ? 200_000_000 : 20_000_000
        default: return 5_000_000
        }
    }

    private func readOrders() {
        guard let lines = control.receive() else {
            isStopped = true
            return
        }
        for line in lines {
            guard let order = LoadOrder(line: line) else { continue }
            switch order {
            case .stop: isStopped = true
            case .report:
                countLedger()
                control.send("r " + counts.line + " ; " + HistogramText.write(latencies))
            case .reset:
                latencies.reset()
                done()
            case .drop:
                for index in 0..<clients.count { hangUp(index) }
                done()
            default: begin(order)
            }
        }
    }

    /// The order is done. The coordinator is told how long it took.
    func done(nanoseconds: UInt64 = 0) {
        order = .none
        control.send("p " + counts.line)
        control.send("done \(nanoseconds)")
    }

    /// Something happened that makes the whole run meaningless.
    func fail(_ reason: String) {
        control.send("failed " + reason)
        isStopped = true
    }
}

/// The line connection to the coordinator.
final class Control {
    private let descriptor: Int32
    private var input: [UInt8] = []

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Blocks while the coordinator is slow. The coordinator reads all the time.
    func send(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress.map { $0 + offset }, bytes.count - offset, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return }
            offset += count
        }
    }

    /// The whole lines that have come. `nil` at the end of the connection.
    func receive() -> [String]? {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count <= 0 { return count < 0 && errno == EINTR ? [] : nil }
        input += chunk[0..<count]
        guard let last = input.lastIndex(of: 10) else { return [] }
        let lines = input[...last].split(separator: 10).map { String(decoding: $0, as: UTF8.self) }
        input.removeSubrange(...last)
        return lines
    }
}

/// A random generator that is small, fast and repeatable.
struct Xorshift {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next(below end: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(truncatingIfNeeded: (state >> 33) % UInt64(end))
    }
}
