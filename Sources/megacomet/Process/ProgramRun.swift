import Reactor

/// A program that is run for its outcome: its lines, and its end. It is our child, but does not end with us.
final class ProgramRun {
    let pid: Int32
    private var words: LineStream?
    private var watcher: IOWatcher?
    private let follower: Int32

    init(
        _ loop: Loop, _ program: ChildProgram, said: @escaping (String) -> Void, ended: @escaping (ProcessExit) -> Void
    ) throws {
        var program = program
        let pipe = try Processes.outputPipe()
        program.output = pipe.write
        defer { Sockets.close(pipe.write) }
        let stream = LineStream(loop, pipe.read, isPipe: true, received: said, ended: {})
        let pid = try Processes.spawn(program)
        self.pid = pid
        words = stream
        follower = try Processes.follow(pid)
        watcher = IOWatcher(loop, follower, .read) { [unowned self] _ in
            guard case .ended(let exit) = Processes.reap(pid) else { return }
            watcher = nil
            stream.readWaiting()
            words = nil
            ended(exit)
        }
    }
    deinit {
        watcher = nil
        Sockets.close(follower)
    }
}
