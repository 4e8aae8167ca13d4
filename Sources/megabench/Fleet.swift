import CEpoll
import Glibc
import Histogram

/// The client processes. An order is given to all of them, and is done when the last has done it.
final class Fleet {
    struct Trouble: Error, CustomStringConvertible {
        let description: String
    }

    private final class Member {
        let process: ChildProcess
        let descriptor: Int32
        let control: Control
        let number: Int
        var counts = LoadCounts()
        var isDone = false
        var hasReported = false
        var nanoseconds: UInt64 = 0

        init(plan: LoadPlan, number: Int) throws(Socket.Failure) {
            self.number = number
            let (ours, theirs) = try Socket.pair()
            defer { close(theirs) }
            descriptor = ours
            control = Control(descriptor: ours)
            process = try ChildProcess(["/proc/self/exe", "client-process"] + plan.words, descriptor: theirs)
        }
        deinit { close(descriptor) }
    }

    private let members: [Member]
    private let interrupt: Interrupt
    /// An app that reads events, and whose descriptor is watched with those of the processes.
    var receipts: ReceiptReader?
    private(set) var latencies = Histogram<UInt64>(
        highestTrackableValue: 600_000_000_000, numberOfSignificantValueDigits: .three)
    /// Called a few times a second while an order is carried out.
    var onProgress: (LoadCounts) -> Void = { _ in }

    init(plans: [LoadPlan], interrupt: Interrupt) throws {
        members = try plans.enumerated().map { try Member(plan: $1, number: $0) }
        self.interrupt = interrupt
    }

    var counts: LoadCounts { members.reduce(LoadCounts()) { $0 + $1.counts } }

    /// Gives an order to all and waits until all have done it.
    /// - Parameters:
    ///   - limit: seconds after which the order has failed.
    ///   - watch: called with the counts again and again meanwhile.
    /// - Returns: the seconds of the slowest process.
    @discardableResult
    func carryOut(_ order: LoadOrder, limit: Double) throws -> Double {
        try carryOut(Array(repeating: order, count: members.count), limit: limit)
    }

    @discardableResult
    func carryOut(_ orders: [LoadOrder], limit: Double, during watch: (LoadCounts) -> Void = { _ in }) throws -> Double
    {
        for (member, order) in zip(members, orders) {
            member.isDone = false
            member.control.send(order.line)
        }
        try wait(limit: limit, what: orders.first?.line ?? "nothing", during: watch) { $0.isDone }
        return Double(members.map(\.nanoseconds).max() ?? 0) / 1e9
    }

    /// Gives an order to some processes and doesn't wait for them.
    func begin(_ order: LoadOrder, of range: Range<Int>) {
        for member in members[range] {
            member.isDone = false
            member.control.send(order.line)
        }
    }

    /// Waits until these have done what they were told.
    /// - Returns: the seconds of the slowest process.
    func finish(of range: Range<Int>, limit: Double, what: String) throws -> Double {
        try wait(limit: limit, what: what) { !range.contains($0.number) || $0.isDone }
        return Double(members[range].map(\.nanoseconds).max() ?? 0) / 1e9
    }

    /// The present counts and latencies of all processes.
    func report() throws -> LoadCounts {
        latencies.reset()
        for member in members {
            member.hasReported = false
            member.control.send(LoadOrder.report.line)
        }
        try wait(limit: 30, what: "report") { $0.hasReported }
        return counts
    }

    /// Waits so many seconds and shows progress.
    func hold(seconds: Double) throws {
        let end = monotonicNanoseconds() + UInt64(seconds * 1e9)
        try wait(limit: seconds + 5, what: "hold") { _ in monotonicNanoseconds() >= end }
    }

    func stop() {
        for member in members { member.control.send(LoadOrder.stop.line) }
        for member in members { if !member.process.hasEnded(within: 5) { member.process.stop(patience: 1) } }
    }

    private func wait(
        limit: Double, what: String, during watch: (LoadCounts) -> Void = { _ in }, until isFinished: (Member) -> Bool
    ) throws {
        let deadline = monotonicNanoseconds() + UInt64(limit * 1e9)
        var nextProgress: UInt64 = 0
        var descriptors = members.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        descriptors.append(pollfd(fd: interrupt.descriptor, events: Int16(POLLIN), revents: 0))
        descriptors.append(pollfd(fd: receipts?.descriptor ?? -1, events: Int16(POLLIN), revents: 0))
        while !members.allSatisfy(isFinished) {
            let now = monotonicNanoseconds()
            if now >= deadline {
                throw Trouble(description: "`\(what)` took longer than \(limit) s: \(describe(counts))")
            }
            if now >= nextProgress {
                nextProgress = now + 500_000_000
                onProgress(counts)
            }
            watch(counts)
            _ = poll(&descriptors, nfds_t(descriptors.count), 100)
            if descriptors[members.count].revents != 0 { throw Trouble(description: "interrupted") }
            if descriptors[members.count + 1].revents != 0 { try receipts?.receive() }
            for (index, member) in members.enumerated() where descriptors[index].revents != 0 { try listen(to: member) }
        }
    }

    private func describe(_ counts: LoadCounts) -> String {
        zip(LoadCounts.names, LoadCounts.all).filter { counts[keyPath: $0.1] != 0 }.map {
            "\($0.0) \(counts[keyPath: $0.1])"
        }.joined(separator: ", ")
    }

    private func listen(to member: Member) throws {
        guard let lines = member.control.receive() else {
            throw Trouble(description: "client process \(member.process.pid) has died")
        }
        for line in lines {
            let words = line.split(separator: " ", maxSplits: 1)
            guard words.count == 2 else { continue }
            switch words[0] {
            case "p":
                if let counts = LoadCounts(line: words[1]) { member.counts = counts }
            case "done":
                member.isDone = true
                member.nanoseconds = UInt64(words[1]) ?? 0
            case "r":
                let parts = words[1].split(separator: ";", maxSplits: 1)
                if let counts = parts.first.flatMap({ LoadCounts(line: $0) }) { member.counts = counts }
                if parts.count == 2 { HistogramText.add(parts[1], to: &latencies) }
                member.hasReported = true
            default: throw Trouble(description: "client process \(member.process.pid): \(words[1])")
            }
        }
    }
}

/// SIGINT and SIGTERM as a descriptor, so that an interrupted run still stops its servers and removes its files.
final class Interrupt {
    let descriptor: Int32
    init() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        sigprocmask(SIG_BLOCK, &signals, nil)
        descriptor = signalfd(-1, &signals, Int32(SFD_NONBLOCK | SFD_CLOEXEC))
        Glibc.signal(SIGPIPE, SIG_IGN)
    }
    deinit { close(descriptor) }
    var hasCome: Bool {
        var one = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&one, 1, 0) > 0
    }
}
