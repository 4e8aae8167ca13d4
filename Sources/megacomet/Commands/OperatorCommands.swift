import ArgumentParser
import Configuration
import ControlLines
import Glibc
import Reactor
import Stats
import Supervision

struct Stop: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stops the appliance, or one process of it. Clients are answered first. Returns when it is done.")
    @Argument(
        help: "One process: manager, webhook, worker-0 .. It stays stopped until `start`.", completion: .processName)
    var name: String?
    @Flag(help: "Do not answer the clients first.") var now = false
    @OptionGroup var config: ConfigurationOption

    func run() throws {
        let settings = try config.settingsOfWhatRuns()
        let client = ControlClient(folder: RunFolder(path: RunDirectory.find(settings)))
        guard try client.isAnswered() else {
            guard name == nil, client.folder.orphans == 0 else {
                complain(client.folder.orphans == 0 ? "\(NotAnswered(folder: client.folder))" : client.folder.death)
                throw ExitCode(StartFailure.unavailable)
            }
            print("not running")
            return
        }
        let pid = client.supervisorPid ?? 0
        let patience = settings.supervisor.drain + 2 * settings.supervisor.stop + 10
        let follower = name == nil ? try? Processes.follow(pid) : nil
        var request = ControlRequest("stop", name)
        request.now = now
        try client.order(request)
        if let name {
            let isStopped = try client.wait(seconds: patience) {
                $0.rows(name).allSatisfy { $0.state == .stopped && $0.beside.isEmpty }
            }
            print(isStopped ? "\(name) is stopped" : "\(name) is not stopped yet")
            if !isStopped { throw ExitCode(StartFailure.temporary) }
        } else if let follower {
            var one = pollfd(fd: follower, events: Int16(POLLIN), revents: 0)
            guard poll(&one, 1, Int32(patience * 1000)) == 1 else {
                complain("pid \(pid) is still stopping")
                throw ExitCode(StartFailure.temporary)
            }
            print("stopped")
        }
    }
}

struct Restart: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Restarts the appliance's processes, or one. A worker's replacement is ready before the old one drains.",
        discussion:
            "The manager can't be replaced so: it is stopped and started. The workers keep their clients meanwhile, "
            + "and the messages that wait are kept unless queue.journal is \"off\"."
    )
    @Argument(help: "One process: manager, webhook, worker-0 ..", completion: .processName) var name: String?
    @Flag(help: "Stop it at once, then start it.") var now = false
    @Flag(help: "Return when it is ready again. Exit 75 if that takes too long.") var wait = false
    @Option(help: "The reason, for the events.") var reason: String?
    @OptionGroup var config: ConfigurationOption

    func run() throws {
        let client = try config.client()
        let before = try? client.status()
        var request = ControlRequest("restart", name)
        request.now = now
        request.reason = reason
        try client.order(request)
        let what = name ?? "all of it"
        guard wait else { return print("\(what) is being restarted") }
        let settings = try config.settingsOfWhatRuns()
        var hopeless: String?
        var stayed = false
        let isOver = try client.wait(
            seconds: settings.supervisor.drain * Double(name == nil ? settings.workers.count : 1) + 60
        ) { status in
            guard status.rolling == nil else { return false }
            // A restart of all does not start processes that the operator has stopped.
            let rows = status.rows(name).filter { name != nil || $0.desired == .up }
            func isNew(_ row: StatusAnswer.Row) -> Bool {
                row.generation > before?.processes.first { $0.name == row.name }?.generation ?? 0
            }
            let settled = rows.filter(\.isSettled)
            hopeless = StatusAnswer.hopeless(rows)
            stayed = settled.contains { !isNew($0) }
            return hopeless != nil || stayed || settled.count == rows.count
        }
        if let hopeless {
            complain(hopeless)
            throw ExitCode(1)
        }
        if stayed {
            complain(
                "not restarted: "
                    + "\(client.newestEvent(.rollingFailed, after: before?.events ?? 0) ?? "the old one serves on")"
            )
            throw ExitCode(1)
        }
        guard isOver else {
            complain(client.notReady ?? "not restarted in time")
            throw ExitCode(StartFailure.temporary)
        }
        print("\(what) is restarted")
    }
}

/// An order to one process that needs only its name.
struct ProcessOrder: ParsableArguments {
    @Argument(help: "manager, webhook, worker-0 ..", completion: .processName) var name: String
    @Option(help: "The reason, for the events.") var reason: String?
    @OptionGroup var config: ConfigurationOption
    /// `done` is the text for an order that was done.
    func send(_ operation: String, on: Bool? = nil, _ done: (_ name: String) -> String) throws {
        var request = ControlRequest(operation, name)
        request.reason = reason
        request.on = on
        try config.client().order(request)
        print(done(name))
    }
}

struct Drain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Drains a worker: it answers its polls, leaves, and is started anew.")
    @OptionGroup var order: ProcessOrder
    func run() throws { try order.send("drain") { "\($0) drains, and is then started anew" } }
}

struct RollingRestart: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rolling",
        abstract:
            "Replaces the workers one after the other, and shows how far it is. The first failure ends it, and the "
            + "old worker stays."
    )
    @Flag(help: "End a rolling restart after the present worker.") var end = false
    @Flag(help: "Do not wait for its end.") var background = false
    @OptionGroup var config: ConfigurationOption

    func run() throws {
        let client = try config.client()
        var request = ControlRequest("rolling")
        request.on = end ? false : nil
        try client.order(ControlRequest("status"))
        let seen = try client.status()
        try client.order(request)
        if end { return print("it ends after the worker that is under way") }
        if background { return print("it runs: `megacomet status` shows how far it is") }
        var shown = ""
        var done = 0
        let total = seen.processes.count(where: \.isReadyWorker)
        while let status = try? client.status() {
            guard let run = status.rolling else { break }
            let line = "\(run.done) of \(run.total) done" + (run.current.map { ", \($0)" } ?? "")
            if line != shown { print(line) }
            (shown, done) = (line, run.done)
            fflush(nil)
            usleep(50_000)
        }
        let replaced =
            (try? client.status())?.processes.count { row in
                row.isReadyWorker
                    && row.generation > seen.processes.first { $0.name == row.name }?.generation ?? 0
            } ?? done
        guard replaced >= total else {
            let why = client.newestEvent(.rollingFailed, after: seen.events) ?? "`megacomet events` says why"
            complain("stopped after \(replaced) of \(total): \(why)")
            throw ExitCode(1)
        }
        print("\(replaced) of \(total) done")
    }
}

struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reads the configuration again. With a mistake in it, nothing changes.")
    @OptionGroup var config: ConfigurationOption
    func run() throws {
        let client = try config.clientOfGoodFile()
        let answer = try client.order(ControlRequest("reload"), ReloadAnswer.self)
        if answer.isEmpty { print("no setting changed; files with keys and certificates were read again") }
        answer.changed.forEach { print("in force: \($0)") }
        answer.atRestart.forEach {
            let orders = "`megacomet rolling`, `megacomet restart manager`"
            let webhook = $0.hasPrefix("app.webhook")
            print("needs a restart of the process (\(webhook ? "`megacomet restart webhook`" : orders)): \($0)")
        }
        answer.atStart.forEach { print("needs `megacomet stop` and `start`: \($0)") }
    }
}

struct Upgrade: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "The supervisor becomes the program that is installed now, with the same pid. The others serve on, and no "
            + "client is cut.",
        discussion:
            "`megacomet rolling`, `megacomet restart manager` and `megacomet restart webhook` then replace the others.")
    @OptionGroup var config: ConfigurationOption
    func run() throws {
        let listener = try config.clientOfGoodFile()
        var events = ControlRequest("events")
        events.follow = true
        try listener.order(events)
        try config.client().order(ControlRequest("upgrade"))
        // The supervisor ends its connections when it becomes the other program. If it does not, it says why before
        // that.
        while let line = try listener.nextLine(seconds: 30) {
            let event = try Event(json: line)
            guard event.kind == OperatorEvent.upgradeFailed.rawValue else { continue }
            complain(event.text)
            throw ExitCode(1)
        }
        let deadline = Clock.monotonicMilliseconds + 30_000
        while Clock.monotonicMilliseconds < deadline {
            if let pid = try config.client().supervisorPid {
                print("upgraded, pid \(pid)")
                return
            }
            usleep(50_000)
        }
        complain("the new program does not answer")
        throw ExitCode(StartFailure.temporary)
    }
}

struct Hold: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keeps the watchdog off a process (for a debugger), until --off.")
    @OptionGroup var order: ProcessOrder
    @Flag(help: "Let the watchdog watch it again.") var off = false
    func run() throws {
        try order.send("hold", on: !off) {
            "the watchdog \(off ? "watches \($0) again" : "leaves \($0) alone, until --off")"
        }
    }
}

struct Kill: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sends SIGKILL to a process that nothing else ends. It is started again as after a crash.")
    @OptionGroup var order: ProcessOrder
    func run() throws { try order.send("kill") { "\($0) is killed" } }
}

struct Acknowledge: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Acknowledges an alert, or all: it is known, and weighs nothing in the verdict from then on.",
        discussion: "An alert that gets worse, or that ends and comes again, is open again."
    )
    @Argument(help: "The alert's key, as `status` shows it in brackets. Without it: all alerts.") var key: [String] = []
    @OptionGroup var config: ConfigurationOption

    func run() throws {
        var request = ControlRequest("acknowledge")
        if !key.isEmpty { request.id = key.joined(separator: " ") }
        let answer = try config.client().order(request, AcknowledgedAnswer.self)
        answer.acknowledged.forEach { print("acknowledged: \($0)") }
    }
}
