import Base
import Glibc
import Reactor
import Stats
import Watch

/// Another machine, reached by ssh: the child process, its stream, its last words, and when it is tried again.
///
///     waiting --time, or Space--> running (connecting until the first state) --it ended, or is silent--> waiting
final class RemoteHost {
    /// The name as the operator typed it: `push1`, `user@push1`.
    let name: String
    private let loop: Loop
    private let command: [String]
    /// Called with each piece.
    var received: (Served.Piece) -> Void = { _ in }
    /// Called when the child has ended, and `problem` says why.
    var ended: () -> Void = {}

    private(set) var child: SSHChild?
    private var stream = Served.Reader()
    private var retry: Reactor.Timer?
    private var backoff = Backoff()
    private var startedAt: UInt64 = 0
    /// By our clock, in ns.
    private(set) var retryAt: UInt64 = 0
    private(set) var heardAt: UInt64?
    private(set) var problem: String?
    /// `nil` until it is told on this connection.
    private(set) var state: ServedState?
    var bootID = ""
    private(set) var clock = RemoteClock()
    private var lastWall: (wall: UInt64, arrival: UInt64)?
    /// The reader of this connection's datagrams. A boot's numbers go on only within a connection.
    var reader = StatsReader(token: nil)

    /// A child that says nothing for so long is ended. ssh itself gives up connecting after ten seconds.
    private static let silenceNanoseconds: UInt64 = 20_000_000_000
    /// A connection that lasted so long was a good one: the next failure is tried again soon.
    private static let goodNanoseconds: UInt64 = 10_000_000_000
    /// It sent a state each second, so it is lost after so many without one.
    static let lostNanoseconds: UInt64 = 4_000_000_000

    /// `ssh` has the program and its own options, `remoteCommand` is what the shell of the other machine runs, with
    /// ` --serve` behind it.
    init(_ loop: Loop, _ name: String, ssh: [String], remoteCommand: String) {
        self.loop = loop
        self.name = name
        command =
            ssh + [
                "-T", "-x", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=10", "--",
                name,
                remoteCommand + " --serve",
            ]
        retry = Timer(loop) { [unowned self] in connect() }
    }

    /// Its supervisor, or its silence, is seen through an open connection.
    var isTalking: Bool { child != nil && state != nil }

    /// Connects now, unless it is connected.
    func connect() {
        guard child == nil else { return }
        retry?.stop()
        stream = Served.Reader()
        (reader, clock, state) = (StatsReader(token: nil), RemoteClock(), nil)
        startedAt = Clock.monotonicNanoseconds
        do {
            child = try SSHChild(loop, command) { [unowned self] in
                take($0)
            } ended: { [unowned self] in
                lost($0)
            }
        } catch { lost("\(error)") }
    }
    /// Called for each picture.
    func check(_ now: UInt64) {
        guard let child, now > max(heardAt ?? 0, startedAt) + RemoteHost.silenceNanoseconds else { return }
        child.end(because: "silent for \(RemoteHost.silenceNanoseconds / 1_000_000_000)s")
    }
    /// False if nobody is there to be asked.
    func ask(_ question: Question) -> Bool {
        let name = question.name
        guard isTalking, name.utf8.count < Served.mostQuestion, !name.utf8.contains(10) else { return false }
        return child?.send(name + "\n") ?? false
    }
    /// The other machine's clocks, when it is `now` here. `nil` before the first piece.
    func time(_ now: UInt64) -> (monotonic: UInt64, wall: UInt64)? {
        guard let monotonic = clock.now(now), let last = lastWall else { return nil }
        return (monotonic, last.wall + (now - min(last.arrival, now)) / 1_000_000)
    }
    /// Ends the children, and waits for their end, at most for half a second. Those that are still there are killed.
    static func end(_ hosts: [RemoteHost]) {
        let children = hosts.compactMap(\.child)
        children.forEach { $0.signal(SIGTERM) }
        let deadline = Clock.monotonicNanoseconds + 500_000_000
        while children.contains(where: { !$0.reap() }), Clock.monotonicNanoseconds < deadline { usleep(5000) }
        for child in children where !child.reap() {
            child.signal(SIGKILL)
            while !child.reap() { usleep(1000) }
        }
        hosts.forEach { $0.child = nil }
    }

    /// Ends the connection, since what came can't be true.
    func refuse(_ why: String) { child?.end(because: why) }

    private func take(_ bytes: UnsafeRawBufferPointer) {
        do throws(Served.Mistake) { try stream.receive(bytes) { take($0) } } catch {
            child?.end(because: error.description)
        }
    }
    private func take(_ piece: Served.Piece) {
        let now = Clock.monotonicNanoseconds
        heardAt = now
        clock.note(remote: piece.time, arrival: now)
        lastWall = (piece.wall, now)
        if case .state(let state) = piece.content {
            self.state = state
            problem = nil
        }
        received(piece)
    }
    private func lost(_ why: String) {
        let now = Clock.monotonicNanoseconds
        if state != nil, now > startedAt + RemoteHost.goodNanoseconds { backoff = Backoff() }
        let seconds = backoff.next(chance: .random(in: 0...1))
        child = nil
        state = nil
        problem = why
        retryAt = now + UInt64(seconds * 1e9)
        retry?.start(after: seconds)
        ended()
    }
}
