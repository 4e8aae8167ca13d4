import Base
import ConfigurationFile
import Foundation
import Reactor
import Stats
import Supervision

/// The daemons of a supervisor that died serve on and call here, at RUNDIR/lifeline.sock: who they are, the token, and
/// copies of their listeners and of the reading end of their output. They are followed by pidfd from then on. The
/// kernel says whom to wait for: who lives and does not call (it hangs) is followed all the same, and the descriptors
/// are copied out of it where the kernel allows that. The file `children` only remembers what no living process knows:
/// what the operator wished, and who has ended.
final class Adoption {
    private unowned let supervisor: Supervisor
    private let proceed: () -> Void
    private let listener: Int32
    private var acceptor: Acceptor?
    private var timer: Reactor.Timer?
    private var callers: [ObjectIdentifier: Caller] = [:]
    /// Children that live and have not called yet.
    private var awaited: [Child] = []
    private var hasProceeded = false
    /// Daemons live and the file of their token is gone: the first of them that calls brings it.
    private var isTokenLost = false

    /// Daemons try every half second.
    private static let patienceSeconds = 2.5

    /// A line of the file `children`.
    struct Record: Codable {
        var name: String
        /// 0: it has no process; the wish alone is remembered.
        var pid: Int32
        /// In clock ticks since the machine started: a pid that was given to another process is not ours.
        var start: UInt64
        var generation: Int
        var desired: String

        static func all(in folder: RunFolder) -> [Record] {
            let lines = ((try? RunFolder.read(folder.children)) ?? "").split(separator: "\n")
            return lines.compactMap { try? JSONDecoder().decode(Record.self, from: Data($0.utf8)) }
        }
    }
    struct Call: Decodable {
        var name: String
        var pid: Int32
        var boot: String
        var token: String
        var generation: Int
        var state: String
        /// The last descriptor that came with it is the reading end of its output.
        var output: Bool?
    }
    private final class Caller {
        var stream: LineStream?
        var child: Child?
    }

    init(_ supervisor: Supervisor, proceed: @escaping () -> Void) throws {
        self.supervisor = supervisor
        self.proceed = proceed
        listener = try UnixSockets.listen(supervisor.folder.lifelineSocket, mode: 0o600)
    }
    func close() {
        acceptor = nil
        Sockets.close(listener)
    }

    func begin() {
        let living = supervisor.folder.daemons
        for record in Record.all(in: supervisor.folder) {
            guard let name = ProcessName(record.name) else { continue }
            if record.desired == Desired.down.rawValue { supervisor.fleet.wish(name, .down) }
            supervisor.fleet.continueAfter(name, record.generation)
            let copy = CopyName(name, record.generation)
            if living.contains(where: { $0.pid == record.pid }) { continue }
            if record.pid > 0, case .ended(let exit) = Processes.reap(record.pid) {
                // After an upgrade it is still our child: it has waited to be reaped.
                tellEnd(copy, record.pid, Ending(exit))
            } else if record.pid > 0 {
                supervisor.tell(
                    Event(
                        .warning, name, "GONE", "it ended while no supervisor lived", generation: record.generation,
                        pid: record.pid))
            }
        }
        for (pid, name, generation) in living {
            supervisor.fleet.continueAfter(name, generation)
            if let child = follow(CopyName(name, generation), pid) { awaited.append(child) }
        }
        do {
            isTokenLost = try !supervisor.prepareToken(keeping: !awaited.isEmpty)
        } catch { supervisor.tell(.error, "TOKEN", "\(error)") }
        acceptor = Acceptor(supervisor.loop, listener: listener) { [unowned self] in called($0) }
        timer = Timer(supervisor.loop) { [unowned self] in go() }
        if awaited.isEmpty {
            go()
        } else {
            supervisor.tell(
                .info, "ADOPTING",
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
            supervisor.loop, descriptor, takesDescriptors: true,
            received: { [unowned self, unowned caller] line in
                if let child = caller.child { return supervisor.said(child, line) }
                let descriptors = caller.stream?.receivedDescriptors ?? []
                caller.stream?.receivedDescriptors = []
                let said = try? JSONDecoder().decode(Call.self, from: Data(line.utf8))
                if isTokenLost, let said, awaited.contains(where: { $0.pid == peer.pid }) {
                    isTokenLost = false
                    supervisor.token = said.token
                }
                guard let call = said, call.pid == peer.pid, call.token == supervisor.token,
                    let name = ProcessName(call.name)
                else {
                    descriptors.forEach(Sockets.close)
                    supervisor.tell(
                        .warning, "STRANGER", "pid \(peer.pid) called on the lifeline without the right token or name")
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
        supervisor.listeners.take(descriptors, for: name, supervisor.settings)
        let copy = CopyName(name, call.generation)
        if let child = supervisor.children[copy] {  // it was followed without its lifeline, or lost it
            child.lifeline = caller.stream
            caller.child = child
        } else if let child = awaited.first(where: { $0.pid == call.pid && $0.copy == copy }) ?? follow(copy, call.pid)
        {
            child.lifeline = caller.stream
            child.boot = plainText(call.boot, most: 16)
            caller.child = child
            let state: ProcessState =
                call.state == "draining" ? .draining : call.state == "starting" ? .starting : .ready
            register(child, state)
        }
        if let reader {
            if let child = caller.child {
                child.takeOutput(reader, wrote: supervisor.wrote)
            } else {
                Sockets.close(reader)
            }
        }
        came(call.pid)
    }
    /// It called, or ended: nobody waits for it any longer.
    private func came(_ pid: Int32) {
        awaited.removeAll { $0.pid == pid }
        if awaited.isEmpty { go() }
    }
    private func follow(_ copy: CopyName, _ pid: Int32) -> Child? {
        let uptime = ProcessTable.uptime(pid) ?? 0
        return try? Child(
            supervisor.loop, copy, pid: pid, isAdopted: true, startedWall: WallClock.milliseconds - uptime
        ) { [unowned self] child, ending, usage in
            if supervisor.children[copy] === child { return supervisor.ended(child, ending, usage) }
            tellEnd(copy, pid, ending)
            came(pid)
        }
    }
    private func tellEnd(_ copy: CopyName, _ pid: Int32, _ ending: Ending) {
        supervisor.tell(
            Event(
                .error, copy.name, "EXIT", ending.text + " before it was adopted", generation: copy.generation, pid: pid
            ))
    }
    private func register(_ child: Child, _ state: ProcessState) {
        let now = Supervisor.now
        supervisor.children[child.copy] = child
        supervisor.childrenFileIsOld = true
        let startedAt = now - (ProcessTable.uptime(child.pid) ?? 0)
        supervisor.perform(
            supervisor.fleet.adopted(child.copy, pid: child.pid, state: state, startedAt: startedAt, now: now))
    }

    /// All have called, or the patience is over.
    private func go() {
        guard !hasProceeded else { return }
        hasProceeded = true
        timer?.stop()
        for child in awaited {
            let name = child.copy.name
            supervisor.tell(
                .warning, "ADOPTING", "\(name) (pid \(child.pid)) lives but does not call: followed all the same")
            // It inherited its listeners from descriptor 3 on, then its lifeline, then the reading end of its output.
            let wanted = Int32(Listeners.wanted(name, supervisor.settings).count)
            supervisor.listeners.take(
                (0..<wanted).compactMap { child.copy(descriptor: 3 + $0) }, for: name, supervisor.settings)
            if let reader = child.copy(descriptor: 3 + wanted + 1) { child.takeOutput(reader, wrote: supervisor.wrote) }
            register(child, .ready)
        }
        awaited = []
        proceed()
    }
}
