import Glibc
import Reactor
import Supervision

/// A living copy: its pid followed by a pidfd, its lifeline, its output. Its own or adopted.
final class Child {
    let copy: CopyName
    let pid: Int32
    /// When it was started, in milliseconds since 1970: for people.
    let startedWall: Int64
    /// Random at its start, from its reports or from its own words: 16 hex characters; empty as long as it said nothing.
    var boot = ""
    let isAdopted: Bool
    /// Replaced when an adopted copy calls again.
    var lifeline: LineStream?
    private(set) var output: LineStream?
    private let follower: Int32
    private var watcher: IOWatcher?

    /// `ended`: the process is gone, and all that it wrote was read.
    init(
        _ loop: Loop, _ copy: CopyName, pid: Int32, lifeline: Int32?, output: Int32?, isAdopted: Bool, startedWall: Int64,
        said: @escaping (Child, String) -> Void, wrote: @escaping (Child, String) -> Void, ended: @escaping (Child, Ending, ProcessExit?) -> Void
    ) throws {
        self.copy = copy
        self.pid = pid
        self.isAdopted = isAdopted
        self.startedWall = startedWall
        follower = try Processes.follow(pid)
        if let lifeline {
            self.lifeline = LineStream(loop, lifeline, received: { [unowned self] in said(self, $0) }, ended: {})
        }
        if let output {
            self.output = LineStream(loop, output, isPipe: true, received: { [unowned self] in wrote(self, $0) }, ended: {})
        }
        watcher = IOWatcher(loop, follower, .read) { [unowned self] _ in
            switch Processes.reap(pid) {
            case .running: return
            case .ended(let exit):
                watcher = nil
                finish()
                ended(self, Ending(code: exit.code.map(Int.init), signal: exit.signal.map(Int.init)), exit)
            case .notOurs:
                watcher = nil
                finish()
                ended(self, Ending(), nil)
            }
        }
    }
    deinit {
        watcher = nil
        Sockets.close(follower)
    }

    /// What it still said before it ended.
    private func finish() {
        lifeline?.readWaiting()
        output?.readWaiting()
        lifeline?.close()
        output?.close()
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
