import Glibc
import Reactor
import Stats
import Supervision

/// A living copy, started here or adopted. It has the pid, which a pidfd follows, the lifeline and the output.
final class Child {
    let copy: CopyName
    let pid: Int32
    /// The time of its start, in milliseconds since 1970, for people.
    let startedWall: Int64
    /// A random number that the copy draws at its start, as 16 hex characters. Empty until the copy has told it.
    var boot = ""
    /// Its last report on the stats channel. `nil` if there was none.
    var lastReport: LastReport?
    /// How it ended and the resources that it used, as far as the kernel told us.
    private(set) var exit: ProcessExit?
    let isAdopted: Bool
    /// It is a worker that has a listener for clients over TLS.
    var servesTLS = false
    /// It is replaced when an adopted copy calls again.
    var lifeline: LineStream?
    private(set) var output: LineStream?
    /// Counts lines that it repeats, so that each is told once.
    var repeats = RepeatedLines()
    private let loop: Loop
    private let follower: Int32
    private let ended: (Child, Ending) -> Void
    private var watcher: IOWatcher?

    /// `ended` is called when the process is gone and its whole output was read.
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

    /// Takes the reading end of its output, and owns the descriptor. A child that has an output already keeps it.
    func takeOutput(_ reader: Int32, wrote: @escaping (Child, String) -> Void) {
        guard output == nil, Processes.isPipe(reader) else { return Sockets.close(reader) }
        output = LineStream(loop, reader, isPipe: true, received: { [unowned self] in wrote(self, $0) }, ended: {})
    }
    /// A copy of one of its descriptors, if the kernel allows that.
    func copy(descriptor: Int32) -> Int32? { try? Processes.copy(descriptor: descriptor, of: follower) }

    private func finish(_ exit: ProcessExit?) {
        watcher = nil
        // It may have written more before it ended.
        lifeline?.readWaiting()
        output?.readWaiting()
        lifeline?.close()
        output?.close()
        self.exit = exit
        ended(self, exit.map(Ending.init) ?? Ending())
    }

    /// Tells it to read again what may change while it runs.
    func reload() { _ = lifeline?.send("reload\n") }
    func drain(seconds: Double) { if lifeline?.send("drain \(seconds)\n") != true { Processes.signal(pid, SIGTERM) } }
    /// Sends the word on the lifeline, and a signal for programs that do not read it.
    func stop() {
        lifeline?.send("stop\n")
        Processes.signal(pid, SIGTERM)
    }
    func abort() {
        Processes.signal(pid, SIGABRT)
        Processes.signal(pid, SIGCONT)
    }
    /// Kills its process group, too, since it may have started others.
    func kill() { if !Processes.signal(pid, SIGKILL, group: true) { Processes.signal(pid, SIGKILL) } }
}

extension Ending {
    init(_ exit: ProcessExit) { self.init(code: exit.code.map(Int.init), signal: exit.signal.map(Int.init)) }
}

/// A report in the form of the status and of crash reports.
struct LastReport {
    var at: Milliseconds
    var metrics: MetricValues
    /// `nil` for processes that hold no connections.
    var connections: UInt64? { metrics[.connsOpen] }
    var values: [(name: String, value: UInt64)] {
        metrics.all.map { (Metric.named($0.id)?.name ?? "#\($0.id)", $0.value) }
    }
}
