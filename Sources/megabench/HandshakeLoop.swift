import Base
import CEpoll
import Glibc
import Histogram

/// Connections that shake hands, send one small request, read the answer and close, again and again: so many at a time
/// as there are seats. It blocks the process that runs it, for the seconds that it is told.
final class HandshakeLoop {
    private let plan: LoadPlan
    private let tls: SocketTLS
    private let poller = Poller()
    private var seats: [Seat]
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 64)
    private var nextSource = 0
    /// Answers that came, and connections that broke before.
    private(set) var answered = 0
    private(set) var broken = 0
    /// Called with the nanoseconds from the connect until the answer was there.
    var onAnswer: (UInt64) -> Void = { _ in }

    private struct Seat {
        var descriptor: Int32 = -1
        var startedAt: UInt64 = 0
        var hasBegun = false
        var hasAsked = false
        var answer: [UInt8] = []
    }
    static let request = Array("GET /_/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)

    /// `nil`: OpenSSL makes no context.
    init?(plan: LoadPlan, connections: Int, isResumed: Bool) {
        guard let tls = SocketTLS(clients: connections, resumption: isResumed ? .always : .never) else { return nil }
        (self.plan, self.tls) = (plan, tls)
        seats = Array(repeating: Seat(), count: connections)
    }
    deinit {
        for seat in seats where seat.descriptor >= 0 { close(seat.descriptor) }
        room.deallocate()
    }

    var handshakes: (all: Int, resumed: Int) { tls.handshakes }
    var failure: String { tls.failure }

    /// One connection after another until there is a ticket. False: none has come.
    func getTicket(seconds: Double) -> Bool {
        run(seats: 1, seconds: seconds) { self.tls.ticket != nil }
        return tls.ticket != nil
    }
    /// It goes on until one was answered, if that takes longer, for half a minute at most.
    func run(seconds: Double) {
        let before = answered
        run(seats: seats.count, seconds: seconds) { false }
        if answered == before { run(seats: seats.count, seconds: 30) { self.answered > before } }
    }

    private func run(seats count: Int, seconds: Double, until isDone: () -> Bool) {
        let end = monotonicNanoseconds() + UInt64(seconds * 1e9)
        for seat in 0..<count { connect(seat) }
        while monotonicNanoseconds() < end, !isDone() {
            for index in 0..<poller.wait(nanoseconds: 50_000_000) { event(Int(poller.event(index).tag)) }
            for seat in 0..<count where seats[seat].descriptor < 0 { connect(seat) }
        }
        for seat in 0..<count { hangUp(seat) }
    }

    private func connect(_ seat: Int) {
        let source = plan.source + UInt32(nextSource)
        nextSource = nextSource + 1 == plan.sources ? 0 : nextSource + 1
        let port = plan.port + UInt16(seat % plan.ports)
        guard let descriptor = try? Socket.connect(to: plan.host, port: port, from: source) else {
            broken += 1
            return
        }
        seats[seat] = Seat(descriptor: descriptor, startedAt: monotonicNanoseconds())
        seats[seat].hasBegun = tls.begin(seat, descriptor)
        poller.add(descriptor, seats[seat].hasBegun ? Poller.readable : Poller.writable, UInt64(seat))
    }

    private func event(_ seat: Int) {
        let descriptor = seats[seat].descriptor
        guard descriptor >= 0 else { return }
        guard seats[seat].hasBegun else {
            guard tls.begin(seat, descriptor) else { return lost(seat) }
            seats[seat].hasBegun = true
            return poller.modify(descriptor, Poller.readable, UInt64(seat))
        }
        let count = tls.read(seat, descriptor, room)
        if count > 0 {
            seats[seat].answer += room[..<count]
            read(seat)
        } else if count == 0 || errno != EAGAIN {
            lost(seat)
        } else if !seats[seat].hasAsked, !tls.isShaking(seat) {
            seats[seat].hasAsked = true
            if !Self.request.withUnsafeBytes({ tls.write(seat, descriptor, $0) }) { lost(seat) }
        }
    }

    private func read(_ seat: Int) {
        switch seats[seat].answer.withUnsafeBytes({ Answer.parse($0) }) {
        case .incomplete: break
        case .answer(let answer) where answer.status == 200:
            answered += 1
            onAnswer(monotonicNanoseconds() - seats[seat].startedAt)
            hangUp(seat)
        case .answer, .malformed: lost(seat)
        }
    }
    private func lost(_ seat: Int) {
        broken += 1
        hangUp(seat)
    }
    private func hangUp(_ seat: Int) {
        let descriptor = seats[seat].descriptor
        guard descriptor >= 0 else { return }
        tls.end(seat, descriptor)
        close(descriptor)
        seats[seat].descriptor = -1
    }
}

extension Generator {
    /// Carries out a whole order at once. The coordinator only waits for it.
    func shakeHands(connections: Int, seconds: Double, isResumed: Bool) {
        guard let loop = HandshakeLoop(plan: plan, connections: connections, isResumed: isResumed) else {
            return fail("OpenSSL makes no context for clients")
        }
        if isResumed, !loop.getTicket(seconds: 30) { return fail("the server gives no ticket. " + loop.failure) }
        let (before, started) = (loop.handshakes, monotonicNanoseconds())
        let answered = loop.answered
        loop.onAnswer = { self.latencies.record($0) }
        loop.run(seconds: seconds)
        counts.handshakes += loop.handshakes.all - before.all
        counts.resumed += loop.handshakes.resumed - before.resumed
        counts.delivered += loop.answered - answered
        counts.published += loop.answered - answered
        counts.failedConnects += loop.broken
        done(nanoseconds: monotonicNanoseconds() - started)
    }
}
