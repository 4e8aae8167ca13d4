import Base
import Glibc
import Reactor
import Stats
import Supervision
import Wire

// The life of a child: its start, its words and output, its end, and the report of a crash.
extension Supervisor {
    /// Starts a copy. The result is for the fleet.
    func start(_ copy: CopyName) -> [FleetAction] {
        do {
            let child = try launch(copy)
            children.add(child)
            childrenFile.changed()
            return fleet.started(
                copy, pid: child.pid, hasJournal: copy.name == .manager && journal.current != nil, now: Supervisor.now)
        } catch {
            let code = (error as? SystemError)?.code ?? 0
            let exit =
                code == EACCES || code == EPERM ? StartFailure.denied : code == ENOENT ? StartFailure.unavailable : 71
            return fleet.startFailed(copy, code: Int(exit), reason: "\(error)", now: Supervisor.now)
        }
    }
    private func launch(_ copy: CopyName) throws -> Child {
        try token.keep()
        try writeKeys(for: copy.name)
        var program = ChildProgram(
            path: Programs.path(copy.name), arguments: arguments(copy), environment: Programs.environmentOfDaemons)
        program.listeners = listeners.inherited(copy.name, settings)
        if copy.name == .manager, let memory = journalForManager() {
            program.listeners.append((JournalMemory.name, memory))
        }
        let (ours, theirs) = try Processes.socketPair()
        let pipe = try Processes.outputPipe()
        defer {
            Sockets.close(theirs)
            Sockets.close(pipe.write)
        }
        program.lifeline = theirs
        program.output = pipe.write
        program.outputReader = pipe.read
        let servesTLS = listeners.servesTLS(copy.name, settings)
        // They are there before the worker is, so it takes no client without them.
        if servesTLS, let line = tls.ticketLine(now: Supervisor.now) { Files.writeAll(ours, line) }
        do {
            let pid = try Processes.spawn(program)
            let child = try Child(
                loop, copy, pid: pid, isAdopted: false, startedWall: Int64(Clock.wallMilliseconds),
                ended: { [unowned self] in ended($0, $1) })
            child.lifeline = LineStream(
                loop, ours, received: { [unowned self, unowned child] in said(child, $0) }, ended: {})
            child.takeOutput(pipe.read, wrote: { [unowned self] in wrote($0, $1) })
            child.servesTLS = servesTLS
            return child
        } catch {
            Sockets.close(ours)
            Sockets.close(pipe.read)
            throw error
        }
    }

    /// Tells a worker the keys of session tickets. One without TLS is told nothing: it might write them into its log.
    func tellTickets(_ child: Child) {
        guard child.servesTLS, let line = tls.ticketLine(now: Supervisor.now) else { return }
        child.lifeline?.send(line)
    }
    func tellTLS(_ line: String) {
        for child in children.all where child.servesTLS { child.lifeline?.send(line) }
    }

    func said(_ child: Child, _ line: String) {
        if addressQuestion.took(line, child) { return }
        if line == "ready" { perform(fleet.becameReady(child.copy, now: Supervisor.now)) }
    }
    func wrote(_ child: Child, _ line: String) {
        let line = plainText(line, most: Limits.outputLineBytes)
        child.repeats.said(line, now: Supervisor.now).forEach { forward(child, $0) }
    }
    func forward(_ child: Child, _ line: String) { output.add(line, of: child.copy.name, pid: child.pid) }
    func ended(_ child: Child, _ ending: Ending) {
        if let repeated = child.repeats.taken() { forward(child, repeated) }
        // Its last event, often why it ended, may be among what the hub has not looked at yet.
        hub?.receiveWaiting()
        let lastLine = output.newest(child.copy.name).last { $0.pid == child.pid }?.text
        perform(fleet.exited(child.copy, ending, lastLine: lastLine, now: Supervisor.now))
        children.remove(child)
        childrenFile.changed()
        saveChildren()
    }
    func keepCrash(_ copy: CopyName, _ ending: Ending, _ uptime: Milliseconds) {
        guard let child = children[copy] else { return }
        let report = CrashReport(
            copy, pid: child.pid, boot: child.boot, ending, wasHung: fleet[copy.name]?.newestEnd?.wasHung ?? false,
            child.exit, uptime: uptime, lastReport: child.lastReport?.values ?? [],
            lines: output.newest(copy.name).filter { $0.pid == child.pid })
        do {
            try crashes.save(report)
            events.tell(
                Event(.info, copy.name, .crashReport, report.id, generation: copy.generation, pid: child.pid))
        } catch { events.tell(Event(.warning, copy.name, .crashReport, "not written: \(error)")) }
    }
    func saveChildren() {
        guard let failure = childrenFile.save(fleet, children) else { return }
        events.tell(.warning, .children, "not written, and tried again each second: \(failure)")
    }
}

// The adoption finds processes and memories of an earlier supervisor, and brings them here.
extension Supervisor: Adopter {
    func recall(_ name: ProcessName, generation: Int, isDown: Bool) {
        if isDown { fleet.wish(name, .down) }
        fleet.continueAfter(name, generation)
    }
    func adopt(_ child: Child, _ state: ProcessState) {
        let now = Supervisor.now
        children.add(child)
        childrenFile.changed()
        let startedAt = now - (ProcessTable.uptime(child.pid) ?? 0)
        let hasJournal = child.copy.name == .manager && journal.current != nil
        if control != nil { storeJournal() }  // it came late
        perform(
            fleet.adopted(
                child.copy, pid: child.pid, state: state, startedAt: startedAt, hasJournal: hasJournal, now: now))
    }
}
