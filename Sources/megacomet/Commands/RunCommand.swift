import ArgumentParser
import Configuration
import Glibc
import Reactor
import Stats
import Supervision
import TLS

struct Overrides: ParsableArguments {
    @Option(help: "The number of workers, instead of the file's.")
    var workers: Int?
    @Option(help: "The port of worker 0, instead of the file's.")
    var basePort: Int?
}

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the appliance in the foreground, until SIGTERM or Ctrl-C.")
    @OptionGroup var config: ConfigurationOption
    @OptionGroup var overrides: Overrides
    @Option(
        help:
            "Writes the log to this file, not to standard error. Over 16 MiB the file becomes FILE.1.",
        completion: .file())
    var log: String?

    func run() throws {
        // The supervisor reads the key of the workers' certificate, and keeps nothing of it.
        _ = TLSContext.wipeFreedMemory()
        var source = config.source()
        source.workers = overrides.workers
        source.basePort = overrides.basePort
        var settings = try config.load(source)
        // Whoever wants JSON has a program that reads both outputs.
        source.isVerbose = log == nil && settings.log.format != "json"
        let keys = try config.appKeys(settings)
        try WebhookKey.demand(settings)
        try TokenKeys.demand(settings)
        try WorkersCertificate.demand(settings)
        do {
            let path: String
            do { path = try RunDirectory.prepare(settings) } catch {
                throw StartFailure(StartFailure.cannotCreate, error.description)
            }
            settings.runDirectory = path
            let writer = LogWriter(format: settings.log.format)
            if let log { try writer.open(log) }
            do { try Supervisor(source, settings, keys, RunFolder(path: path), writer).run() } catch {
                // If there is a log, perhaps nobody reads standard error.
                if log != nil { writer.write(Event(.critical, nil, .ended, "\(error)").plain) }
                throw error
            }
        } catch let failure as StartFailure {
            complain(failure.description)
            throw ExitCode(failure.code)
        } catch let failure as SystemError {
            complain("\(failure)")
            throw ExitCode(failure.code == EACCES ? StartFailure.cannotCreate : 71)
        }
    }
}

struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Starts the appliance in the background, or one process of it. Returns when all is ready.")
    @Argument(help: "One process: manager, webhook, worker-0 ..", completion: .processName) var name: String?
    @OptionGroup var config: ConfigurationOption
    @OptionGroup var overrides: Overrides
    @Option(help: "Give up waiting after so many seconds.") var timeout = 60.0

    func validate() throws {
        if !(0...1e6).contains(timeout) { throw ValidationError("--timeout: 0 to 1000000 seconds") }
    }
    func run() throws {
        var source = config.source()
        source.workers = overrides.workers
        source.basePort = overrides.basePort
        // Starting one process asks a supervisor that runs, even if its file has got a mistake since.
        let settings = name == nil ? try config.load(source) : try config.settingsOfWhatRuns()
        let client =
            try name == nil ? config.client() : ControlClient(folder: RunFolder(path: RunDirectory.find(settings)))
        if try name != nil || client.isAnswered() {
            try client.order(ControlRequest("start", name))
            try client.waitUntilReady(name, seconds: timeout)
            print(name.map { "\($0) is ready" } ?? "running, pid \(client.supervisorPid ?? 0)")
            return
        }
        try WebhookKey.demand(settings)
        try TokenKeys.demand(settings)
        try WorkersCertificate.demand(settings)
        let folder: RunFolder
        do { folder = RunFolder(path: try RunDirectory.prepare(settings)) } catch {
            complain(error.description)
            throw ExitCode(StartFailure.cannotCreate)
        }
        try launch(folder, source)
        source.sayHowToUse(settings)
    }

    /// Starts the supervisor in a session of its own. It says READY=1 to us as it would to systemd. If it ends first,
    /// its last words are ours.
    private func launch(_ folder: RunFolder, _ source: ConfigurationSource) throws {
        let loop = Loop()
        let path = folder.path + "/start.\(getpid())"
        let socket = try UnixSockets.datagram(path)
        defer {
            Sockets.close(socket)
            unlink(path)
        }
        let environment = Environment.all.filter {
            !$0.name.hasPrefix("WATCHDOG_") && !$0.name.hasPrefix("LISTEN_")
                && !["NOTIFY_SOCKET", "FDSTORE"].contains($0.name)
        }
        var program = ChildProgram(
            path: Files.ownProgram, arguments: ["run", "--log", folder.log] + source.flags,
            environment: environment.map { "\($0.name)=\($0.value)" } + ["NOTIFY_SOCKET=\(path)", "FDSTORE=0"])
        program.newSession = true

        var outcome: Int32?
        let run = try ProgramRun(loop, program, said: { sayError($0) }) { exit in
            outcome = exit.code ?? 70
            loop.stop()
        }
        let notified = IOWatcher(loop, socket, .read) { _ in
            if UnixSockets.receiveText(socket).split(separator: "\n").contains("READY=1") {
                outcome = 0
                loop.stop()
            }
        }
        let patience = Timer(loop) { loop.stop() }
        patience.start(after: timeout)
        let glance = Timer(loop) {  // a process that is held or in crash loop will not become ready by waiting
            if ControlClient(folder: folder).hopeless != nil { loop.stop() }
        }
        glance.start(after: 1, every: 1)
        loop.run()
        withExtendedLifetime((notified, patience, glance)) {}
        if outcome == 0 {
            print("megacomet runs in the background, pid \(run.pid), log \(folder.log)")
            return
        }
        if let outcome { throw ExitCode(outcome) }
        let client = ControlClient(folder: folder)
        complain(client.hopeless ?? client.notReady ?? "not ready after \(timeout) s")
        complain("the supervisor (pid \(run.pid)) goes on trying; its log is \(folder.log)")
        throw ExitCode(StartFailure.temporary)
    }
}
