import Glibc
import Reactor
import Stats
import Supervision

/// A living copy: its pid followed by a pidfd, its lifeline, its output. Its own or adopted.
final class Child {
    let copy: CopyName
    let pid: Int32
    /// When it was started, in milliseconds since 1970: for people.
    let startedWall: Int64
    /// Random at its start, from its reports or from its own words: 16 hex characters; empty as long as it said
    /// nothing.
    var boot = ""
    /// Its last report on the stats channel. `nil`: none came.
    var lastReport: LastReport?
    /// How it ended and what it had used, as far as the kernel told it to us.
    private(set) var exit: ProcessExit?
    let isAdopted: Bool
    /// Replaced when an adopted copy calls again.
    var lifeline: LineStream?
    private(set) var output: LineStream?
    /// What it says again and again is told once.
    var repeats = RepeatedLines()
    private let loop: Loop
    private let follower: Int32
    private let ended: (Child, Ending) -> Void
    private var watcher: IOWatcher?

    /// `ended`: the process is gone, and all that it wrote was read.
    init(
        _ loop: Loop, _ copy: CopyName, pid: Int32, isAdopted: Bool, startedWall: Int64,
        ended: @escaping (Child, Ending) -> Void
    ) throws {
        self.loop = loop
        self.copy = copy
        self.pid = pid
        self.isAdopted = isAdopted
        self.startedWall = startedWall
        self.ended = ended
        follower = try Processes.follow(pid)
        watcher = IOWatcher(loop, follower, .read) { [unowned self] _ in
            switch Processes.reap(pid) {
            case .running: return
            case .ended(let exit): finish(exit)
            case .notOurs: finish(ProcessTable.exit(pid, follower))
            }
        }
    }
    deinit {
        watcher = nil
        Sockets.close(follower)
    }

    /// Owns the descriptor: the reading end of what it writes. One that has an output already keeps it.
    func takeOutput(_ reader: Int32, wrote: @escaping (Child, String) -> Void) {
        guard output == nil, Processes.isPipe(reader) else { return Sockets.close(reader) }
        output = LineStream(loop, reader, isPipe: true, received: { [unowned self] in wrote(self, $0) }, ended: {})
    }
    /// A copy of a descriptor of its own, where the kernel allows that.
    func copy(descriptor: Int32) -> Int32? { try? Processes.copy(descriptor: descriptor, of: follower) }

    private func finish(_ exit: ProcessExit?) {
        watcher = nil
        // What it still said before it ended.
        lifeline?.readWaiting()
        output?.readWaiting()
        lifeline?.close()
        output?.close()
        self.exit = exit
        ended(self, exit.map(Ending.init) ?? Ending())
    }

    func drain(seconds: Double) { if lifeline?.send("drain \(seconds)\n") != true { Processes.signal(pid, SIGTERM) } }
    /// The word for those who read it, the signal for those who don't.
    func stop() {
        lifeline?.send("stop\n")
        Processes.signal(pid, SIGTERM)
    }
    func abort() {
        Processes.signal(pid, SIGABRT)
        Processes.signal(pid, SIGCONT)
    }
    /// Its group with it: what it may have started goes too.
    func kill() { if !Processes.signal(pid, SIGKILL, group: true) { Processes.signal(pid, SIGKILL) } }
}

extension Ending {
    init(_ exit: ProcessExit) { self.init(code: exit.code.map(Int.init), signal: exit.signal.map(Int.init)) }
}

/// A report as it is shown in the status and in a crash report.
struct LastReport {
    var at: Milliseconds
    var metrics: MetricValues
    /// `nil` for processes that hold no connections.
    var connections: UInt64? { metrics[.connsOpen] }
    var values: [(name: String, value: UInt64)] {
        metrics.all.map { (Metric.named($0.id)?.name ?? "#\($0.id)", $0.value) }
    }
}
