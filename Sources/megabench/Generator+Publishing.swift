import Glibc

/// Connects clients and proves that they are held. A client is proved by a message that reaches it, one client at a
/// time.
struct ConnectRun {
    /// Clients between two probes.
    static let stride = 128
    var window: Int
    var started: UInt64
    var next = 0
    var probesSent = 0
    var probesCame = 0
    /// One client in so many is probed; at the end as many clients as there are ports.
    mutating func probeCame(_ mark: Mark) { probesCame += 1 }
    var unproved: Int { (probesSent - probesCame) * Self.stride }
}

struct UnicastRun {
    var window: Int
    var started: UInt64
    var end: UInt64
    var left: Int
}

struct SteadyRun {
    var started: UInt64
    var end: UInt64
    var perSecond: Double
    var published = 0
    var any: Bool
    /// The time of the next message.
    var due: UInt64 { started + UInt64(Double(published) * 1e9 / perSecond) }
    /// The 64 processes of a million clients wake for their own few messages a second, and seldom for nothing.
    func wait(now: UInt64) -> UInt64 { due > now ? min(due - now, 20_000_000) : 0 }
}

struct QueueRun {
    var window: Int
    var started: UInt64
    var left: Int
    var next = 0
}

struct ComeBackRun {
    var started: UInt64
    var deadline: UInt64
    /// The cuts before.
    var cuts: Int
}

/// Publishing, and the end of orders.
extension Generator {
    func begin(_ wanted: LoadOrder) {
        let now = monotonicNanoseconds()
        if publishers.isEmpty, !connectPublishers() { return }
        switch wanted {
        case .connect(let window):
            order = .connect(ConnectRun(window: window, started: now))
        case .unicast(let window, let seconds, let count):
            order = .unicast(UnicastRun(window: window, started: now, end: now + UInt64(seconds * 1e9), left: count))
            ready = Ring(capacity: max(1024, clients.count))
            for index in 0..<clients.count {
                clients[index].isReady = clients[index].state == .waiting
                if clients[index].isReady { ready.push(UInt32(index)) }
            }
        case .steady(let perSecond, let seconds, let any):
            order = .steady(SteadyRun(started: now, end: now + UInt64(seconds * 1e9), perSecond: perSecond, any: any))
        case .queue(let window, let count): order = .queue(QueueRun(window: window, started: now, left: count))
        case .gather(let round, let seconds):
            counts.published += clients.count
            order = .gather(GatherRun(round: UInt32(round), deadline: now + UInt64(seconds * 1e9)))
        case .settle(let seconds): order = .settle(deadline: now + UInt64(seconds * 1e9))
        case .comeBack(let seconds):
            order = .comeBack(
                ComeBackRun(started: now, deadline: now + UInt64(seconds * 1e9), cuts: counts.cuts))
            hasMoved = plan.comeBackPort != 0
        case .handshakes(let connections, let seconds, let isResumed):
            shakeHands(connections: connections, seconds: seconds, isResumed: isResumed)
        case .drop, .reset, .report, .stop: break
        }
    }

    /// Carries the order on. Called once a turn of the loop.
    func advance(now: UInt64) {
        switch order {
        case .none: break
        case .connect(var run):
            advance(&run, now: now)
        case .unicast(var run):
            while counts.missing < run.window, run.left > 0, now < run.end, hasRoom, let index = ready.pop() {
                clients[Int(index)].isReady = false
                guard clients[Int(index)].state == .waiting else { continue }
                publish(Int(index), nanoseconds: now)
                run.left -= 1
            }
            order = .unicast(run)
            if now >= run.end || run.left <= 0 { done(nanoseconds: now - run.started) }
        case .steady(var run):
            advance(&run, now: now)
        case .queue(var run):
            // The run ends when the last message is answered.
            while run.left > 0, hasRoom, unanswered < run.window {
                publish(run.next, nanoseconds: now)
                run.next = run.next + 1 == clients.count ? 0 : run.next + 1
                run.left -= 1
            }
            order = .queue(run)
            if run.left <= 0, unanswered == 0 { done(nanoseconds: now - run.started) }
        case .gather(let run): advance(run, now: now)
        case .comeBack(let run):
            if counts.cuts - run.cuts >= clients.count, counts.polling == clients.count {
                done(nanoseconds: now - run.started)
            } else if now >= run.deadline {
                done(nanoseconds: 0)
            }
        case .settle(let deadline):
            let missing = ledger?.owed ?? counts.missing
            if now >= deadline || (unanswered == 0 && missing == 0) { done() }
        }
    }

    private func advance(_ run: inout ConnectRun, now: UInt64) {
        order = .connect(run)
        var burst = 64  // answers are read between bursts
        while run.next < clients.count, run.unproved < run.window, burst > 0 {
            if clients[run.next].state == .away { connect(run.next) }
            let isProbe =
                plan.channel.isEmpty
                && (run.next % ConnectRun.stride == ConnectRun.stride - 1 || run.next >= clients.count - plan.ports)
            if isProbe {
                publish(run.next, nanoseconds: now)
                run.probesSent += 1
            }
            run.next += 1
            burst -= 1
        }
        order = .connect(run)
        // A server that is gone is not waited for. A server whose listeners are full for a moment is.
        if counts.polling == 0, counts.failedConnects > 20 * clients.count + 1_000 {
            return fail("the server refuses connections" + (tls.map { ". TLS: " + $0.failure } ?? ""))
        }
        if run.next == clients.count, run.probesCame >= run.probesSent, counts.polling == clients.count {
            done(nanoseconds: now - run.started)
        }
    }

    private func advance(_ run: inout SteadyRun, now: UInt64) {
        if !brokenPublishers.isEmpty {  // what was due meanwhile is never published
            run.published = Int(Double(now - run.started) / 1e9 * run.perSecond) + 1
        }
        // All that was due before the end is published, however late this turn is.
        while run.due <= now, run.due < run.end, hasRoom {
            var index = random.next(below: clients.count)
            if !run.any {
                var tries = 64
                while clients[index].state != .waiting, tries > 0 {
                    index = index + 1 == clients.count ? 0 : index + 1
                    tries -= 1
                }
            }
            // A generator that is late does not hide it: the message carries the time at which it should have been
            // sent.
            let isLate = now - run.due > 1_000_000
            if isLate { counts.late += 1 }
            publish(index, nanoseconds: isLate ? run.due : now)
            run.published += 1
        }
        order = .steady(run)
        if now >= run.end { done(nanoseconds: now - run.started) }
    }

    private var unanswered: Int {
        var count = 0
        for publisher in publishers { count += publisher.unanswered.count }
        return count
    }

    private var hasRoom: Bool { publishers.allSatisfy(\.hasRoom) }

    /// A client's messages go over one connection, since messages of two connections have no order.
    private func publish(_ index: Int, nanoseconds: UInt64) {
        let mark = Mark(
            nanoseconds: nanoseconds, client: UInt32(plan.first + index), sequence: clients[index].published)
        clients[index].published &+= 1
        counts.published += 1
        ledger?.published(index)
        publishers[index % publishers.count].publish(mark, writer: writer)
    }

    private func connectPublishers() -> Bool {
        do {
            for index in 0..<plan.publishers {
                let publisher = try Publisher(plan: plan)
                publishers.append(publisher)
                poller.add(publisher.descriptor, Poller.readable, Kind.publisher | UInt64(index))
            }
            return true
        } catch {
            fail("publisher: \(error)")
            return false
        }
    }

    func publisherEvent(_ index: Int, _ what: UInt32) {
        let publisher = publishers[index]
        if !brokenPublishers.isEmpty, brokenPublishers.contains(index) { return }
        if what & Poller.writable != 0, !publisher.isBlocked || publisher.flush() {
            if !publisher.isBlocked {
                poller.modify(publisher.descriptor, Poller.readable, Kind.publisher | UInt64(index))
            }
        }
        guard what & ~Poller.writable != 0 else { return }
        let isOpen = publisher.receive { client, verdict in
            ledger?.answered(Int(client) - plan.first, isTaken: verdict != .refused)
            switch verdict {
            case .sent: counts.sent += 1
            case .queued: counts.queued += 1
            case .refused: refused(Int(client) - plan.first)
            }
        }
        if !isOpen { lost(index, "the server closed a publisher's connection") }
    }

    /// The limit loop keeps no messages: a probe that came before its client's poll is published again.
    private func refused(_ index: Int) {
        counts.refused += 1
        if case .connect = order { publish(index, nanoseconds: monotonicNanoseconds()) }
    }

    func flushPublishers() {
        for (index, publisher) in publishers.enumerated() where !publisher.isBlocked {
            if !brokenPublishers.isEmpty, brokenPublishers.contains(index) { continue }
            if !publisher.flush() { return lost(index, "a publisher's connection broke") }
            if publisher.isBlocked {
                poller.modify(publisher.descriptor, Poller.readable | Poller.writable, Kind.publisher | UInt64(index))
            }
        }
    }
}
