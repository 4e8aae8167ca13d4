import Base
import ConfigurationFile
import ControlLines
import Glibc
import Reactor
import Stats
import Supervision

/// Adopts the daemons of a supervisor that died. They serve on and call at RUNDIR/lifeline.sock. They bring who they
/// are, the token, and copies of their listeners, of the memory of the queue and of the reading end of their output.
/// From then on they are followed by pidfd. The kernel tells which daemons live. A daemon that hangs does not call; it
/// is followed all the same, and its descriptors are copied out of it if the kernel allows that. The file `children`
/// has only what no living process knows: the operator's wishes, and the processes that have ended.
final class Adoption {
    private unowned let home: any Adopter
    private let proceed: () -> Void
    private let listener: Int32
    private var acceptor: Acceptor?
    private var timer: Reactor.Timer?
    private var callers: [ObjectIdentifier: Caller] = [:]
    /// Children that live and have not called yet.
    private var awaited: [Child] = []
    private var hasProceeded = false
    /// Daemons live, but the file of their token is gone. The first daemon that calls brings the token.
    private var isTokenLost = false

    /// Seconds to wait for calls. Daemons try every half second.
    private static let patienceSeconds = 2.5

    struct Call: Decodable {
        var name: String
        var pid: Int32
        var boot: String
        var token: String
        var generation: Int
        var state: String
        /// The last descriptor that came is the reading end of its output.
        var output: Bool?
        /// The descriptor before that is the memory of the manager's queue.
        var journal: Bool?
    }
    private final class Caller {
        var stream: LineStream?
        var child: Child?
    }

    init(_ home: any Adopter, proceed: @escaping () -> Void) throws {
        self.home = home
        self.proceed = proceed
        listener = try UnixSockets.listen(home.folder.lifelineSocket, mode: 0o600)
    }
    func close() {
        acceptor = nil
        Sockets.close(listener)
    }

    func begin() {
        let living = home.folder.daemons
        for record in ChildrenFile(path: home.folder.children).records {
            guard let name = ProcessName(record.name) else { continue }
            home.recall(name, generation: record.generation, isDown: record.desired == .down)
            if !living.contains(where: { $0.pid == record.pid }) {
                tellGone(CopyName(name, record.generation), record.pid)
            }
        }
        for (pid, name, generation) in living {
            home.recall(name, generation: generation, isDown: false)
            if let child = follow(CopyName(name, generation), pid) { awaited.append(child) }
        }
        do {
            isTokenLost = try !home.token.prepare(keeping: !awaited.isEmpty)
        } catch { home.events.tell(.error, .token, "\(error)") }
        acceptor = Acceptor(home.loop, listener: listener) { [unowned self] in called($0) }
        timer = Timer(home.loop) { [unowned self] in go() }
        if awaited.isEmpty {
            go()
        } else {
            home.events.tell(
                .info, .adopting,
                "\(awaited.count) processes of an earlier supervisor live: "
                    + "\(awaited.map { "\($0.copy.name)" }.joined(separator: " "))"
            )
            timer?.start(after: Adoption.patienceSeconds)
        }
    }

    private func called(_ descriptor: Int32) {
        let caller = Caller()
        guard let peer = UnixSockets.peer(descriptor), UnixSockets.isTrusted(peer) else {
            return Sockets.close(descriptor)
        }
        caller.stream = LineStream(
            home.loop, descriptor, takesDescriptors: true,
            received: { [unowned self, unowned caller] line in
                if let child = caller.child { return home.said(child, line) }
                let descriptors = caller.stream?.receivedDescriptors ?? []
                caller.stream?.receivedDescriptors = []
                let said = try? Call(json: line)
                if isTokenLost, let said, awaited.contains(where: { $0.pid == peer.pid }) {
                    isTokenLost = false
                    home.token.take(said.token)
                }
                guard let call = said, call.pid == peer.pid, call.token == home.token.token,
                    let name = ProcessName(call.name)
                else {
                    descriptors.forEach(Sockets.close)
                    home.events.tell(
                        .warning, .stranger, "pid \(peer.pid) called on the lifeline without the right token or name")
                    caller.stream?.close()
                    return forget(caller)
                }
                adopt(call, name, caller, descriptors)
            },
            ended: { [unowned self, unowned caller] in forget(caller) })
        callers[ObjectIdentifier(caller)] = caller
    }
    private func forget(_ caller: Caller) { callers[ObjectIdentifier(caller)] = nil }

    private func adopt(_ call: Call, _ name: ProcessName, _ caller: Caller, _ descriptors: [Int32]) {
        var descriptors = descriptors
        let reader = call.output == true ? descriptors.popLast() : nil
        if call.journal == true, let memory = descriptors.popLast() {
            if name == .manager { home.journal.take(memory) } else { Sockets.close(memory) }
        }
        let served = home.listeners.take(descriptors, for: name, home.settings)
        let copy = CopyName(name, call.generation)
        if let child = home.children[copy] {  // it was followed without its lifeline, or lost it
            child.lifeline = caller.stream
            caller.child = child
        } else if let child = awaited.first(where: { $0.pid == call.pid && $0.copy == copy }) ?? follow(copy, call.pid)
        {
            child.lifeline = caller.stream
            child.boot = plainText(call.boot, most: 16)
            caller.child = child
            let state: ProcessState =
                call.state == "draining" ? .draining : call.state == "starting" ? .starting : .ready
            home.adopt(child, state)
        }
        if let child = caller.child { note(served, of: child) }
        if let reader {
            if let child = caller.child {
                child.takeOutput(reader, wrote: home.wrote)
            } else {
                Sockets.close(reader)
            }
        }
        came(call.pid)
    }
    /// The daemon called or ended. It is no longer waited for.
    private func came(_ pid: Int32) {
        awaited.removeAll { $0.pid == pid }
        if awaited.isEmpty { go() }
    }
    private func follow(_ copy: CopyName, _ pid: Int32) -> Child? {
        let uptime = ProcessTable.uptime(pid) ?? 0
        return try? Child(
            home.loop, copy, pid: pid, isAdopted: true, startedWall: Int64(Clock.wallMilliseconds) - uptime
        ) { [unowned self] child, ending in
            if home.children[copy] === child { return home.ended(child, ending) }
            tellEnd(copy, pid, ending)
            came(pid)
        }
    }
    /// Tells that a copy does not live any more. If the pid is 0, it had no process.
    private func tellGone(_ copy: CopyName, _ pid: Int32) {
        guard pid > 0 else { return }
        if case .ended(let exit) = Processes.reap(pid) {
            // After an upgrade it is still our child, and has waited to be reaped.
            tellEnd(copy, pid, Ending(exit))
        } else {
            home.events.tell(
                Event(
                    .warning, copy.name, .gone, "it ended while no supervisor lived", generation: copy.generation,
                    pid: pid))
        }
    }
    private func tellEnd(_ copy: CopyName, _ pid: Int32, _ ending: Ending) {
        home.events.tell(
            Event(
                .error, copy.name, .exit, ending.text + " before it was adopted", generation: copy.generation, pid: pid
            ))
    }
    /// Ends the waiting: all have called, or the patience is over.
    private func go() {
        guard !hasProceeded else { return }
        hasProceeded = true
        timer?.stop()
        for child in awaited {
            let name = child.copy.name
            home.events.tell(
                .warning, .adopting, "\(name) (pid \(child.pid)) lives but does not call: followed all the same")
            takeDescriptors(child)
            home.adopt(child, .ready)
        }
        awaited = []
        proceed()
    }

    /// Takes down what an adopted daemon serves, and says what it does not.
    private func note(_ served: [Listeners.Listener], of child: Child) {
        let name = child.copy.name
        child.servesTLS = served.contains(where: \.isTLS)
        home.tellTickets(child)
        let missing = Listeners.wanted(name, home.settings).filter { wanted in
            !served.contains { $0.keptName == wanted.keptName }
        }
        guard !missing.isEmpty, Listeners.names(home.settings).contains(name) else { return }
        let ports = missing.map(\.setting).joined(separator: ", ")
        home.events.tell(
            .warning, .adopting,
            "\(name) (pid \(child.pid)) was started without \(ports): it serves there after its next restart")
    }

    /// Copies what a daemon that does not call was given. Its inherited descriptors begin at 3: the listeners, the
    /// memory of the queue if there is one, the lifeline, and the reading end of its output. How many listeners there
    /// are depends on its release and settings, so each descriptor is taken for what it is.
    private func takeDescriptors(_ child: Child) {
        let name = child.copy.name
        var listeners: [Int32] = []
        for number in 3..<3 + Adoption.mostGiven {
            guard let copy = child.copy(descriptor: number) else { continue }
            if Sockets.isTCPListener(copy) {
                listeners.append(copy)
            } else if name == .manager, MemoryFile.isOne(copy) {
                home.journal.take(copy)
            } else {
                child.takeOutput(copy, wrote: home.wrote)  // closes what is no pipe
            }
        }
        _ = home.listeners.take(listeners, for: name, home.settings)
    }
    /// The most descriptors that a child is given: a worker gets four listeners, its lifeline and its output.
    private static let mostGiven: Int32 = 6
}
