package import Base
package import Configuration
import Glibc
package import Logging
package import Reactor
package import Stats

/// The parts that worker, manager and webhook share: the start from arguments and inherited listeners, the log, the
/// lifeline to the supervisor, the signals, and the reports. A daemon's whole main is
///
///     let daemon = Daemon(.manager)                                    // exits 64 on bad arguments
///     let settings = daemon.arguments.settings
///     let process = ManagerProcess(daemon, ..)                         // a DaemonProgram
///     process.start(
///         workers: daemon.listener("workers", settings.manager.address, settings.manager.port), // or exits 69, 77
///         app: daemon.listener("app", settings.app.address, settings.app.port))
///     daemon.serve(process)     // tells the supervisor that it is ready; never returns
///
/// Its life:
///
///     STARTING --serve--> READY --lifeline's end--> ORPHAN --a new supervisor answers--> READY
///                           |                          | 30 s alone
///                           +--TERM, "drain"--> DRAINING <--+        --done, second TERM, INT, "stop"--> exit 0
package final class Daemon {
    package let arguments: DaemonArguments
    package let loop = Loop()
    package let log: Logger
    /// A random number that names this life of the process.
    package let boot = UInt64.random(in: 1...UInt64.max)
    package let token: StatsToken
    /// How many descriptors this process may open. It was raised as far as the system allows.
    package let descriptorLimit: Int
    package private(set) var state = StatsPacket.State.starting

    /// The memory of the manager's queue, which the supervisor keeps. `nil` if none was handed down. A manager that
    /// makes its own puts it here before `serve`. The next supervisor takes it over.
    package var journalDescriptor: Int32?

    private var program: (any DaemonProgram)?
    private var overload = Overload()
    private var inherited: InheritedListeners
    private var listeners: [Int32] = []
    private var lifeline: Lifeline?
    private var reporter: Reporter?
    private var signals: [SignalWatcher] = []

    package init(_ role: DaemonArguments.Role) {
        switch Result(catching: { () throws(DaemonArguments.Mistake) in
            try DaemonArguments.parse(role, Array(CommandLine.arguments.dropFirst()))
        }) {
        case .success(.run(let arguments)): self.arguments = Daemon.withRedisAddress(arguments)
        case .success(.help):
            print(DaemonArguments.help(role), terminator: "")
            exit(0)
        case .success(.version):
            print("\(role.rawValue) \(Version.text)")
            exit(0)
        case .failure(let mistake): Daemon.fail(role.rawValue, 64, mistake.description)
        }
        log = StandardErrorLog.make(arguments, boot: boot)
        signal(SIGPIPE, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
        // The supervisor aborts a process that hangs. Swift's own handler of this signal would write a backtrace and go
        // on.
        signal(SIGABRT, SIG_DFL)
        descriptorLimit = ProcessUsage.raiseDescriptorLimit()
        inherited = InheritedListeners()
        journalDescriptor = role == .manager ? inherited.takeJournal() : nil
        // If the run directory is the default, nobody asked for it: a daemon that is tried by hand works without it.
        let folder = arguments.settings.runDirectory
        if folder != Settings().runDirectory, let failure = RunDirectory.mistrust(folder, .serving) {
            Daemon.fail(role.rawValue, 77, failure.description)
        }
        token =
            (try? Files.text(arguments.settings.runDirectory + "/stats.token", most: 64)).flatMap {
                StatsToken(hex: $0)
            } ?? StatsToken()
    }

    /// Writes one line on standard error and ends. The codes are those of sysexits: 64 arguments, 69 port taken, 71 the
    /// system, 77 no permission, 78 configuration.
    package static func fail(_ program: String, _ code: Int32, _ message: String) -> Never {
        var line = "\(program): \(message)\n"
        line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
        exit(code)
    }
    package func fail(_ code: Int32, _ message: String) -> Never {
        log.critical("\(message)")
        exit(code)
    }

    /// The listener that was inherited under this name, or else one that is bound now.
    package func listener(_ name: String, _ address: String, _ port: Int) -> Int32 {
        let descriptor: Int32
        if let found = inherited.take(name, port: port) {
            descriptor = found
        } else {
            let endpoint = Endpoint(address, UInt16(port))
            do { descriptor = try Sockets.listen(endpoint) } catch {
                switch error.code {
                case EADDRINUSE: fail(69, "\(error)" + (PortHolder.find(endpoint).map { ": \($0.description)" } ?? ""))
                case EADDRNOTAVAIL, EAFNOSUPPORT: fail(69, "\(error)")
                case EACCES: fail(77, "\(error)")
                default: fail(71, "\(error)")
                }
            }
        }
        listeners.append(descriptor)
        return descriptor
    }

    /// How many connections the process may hold: the setting, or fewer if the system does not allow so many
    /// descriptors. Then it says so.
    package func connectionLimit(_ wanted: Int, reserve: Int) -> Int {
        // The reserve is meant for large limits. At least half of a small limit goes to connections.
        let possible = max(1, descriptorLimit - min(reserve, descriptorLimit / 2))
        guard possible < wanted else { return wanted }
        let why = "more descriptors than the \(descriptorLimit) this process may open"
        log.warning("max_connections \(wanted) needs \(why): it takes \(possible) connections")
        return possible
    }

    /// Why the keys of apps can't be had.
    package struct KeyFailure: Error, CustomStringConvertible {
        /// 77 or 78, the code with which a program ends that can't go on.
        package let code: Int32
        package let description: String
    }
    /// The keys in --app-key-file. There are none if there is no such argument, or if the supervisor says so.
    package func appKeys() throws(KeyFailure) -> [AppKey] {
        guard let path = arguments.appKeyFile else { return [] }
        let (bytes, keys): ([UInt8], [AppKey])
        do { bytes = try Files.bytes(path, most: AppKeyList.mostBytes + 1) } catch {
            throw KeyFailure(
                code: error.code == EACCES ? 77 : 78,
                description: "--app-key-file \(path): \(String(cString: strerror(error.code)))")
        }
        do { keys = try AppKeyList.parse(bytes) } catch {
            throw KeyFailure(code: 78, description: "--app-key-file \(path): \(error)")
        }
        let address = arguments.settings.app.address
        guard !keys.isEmpty || Settings.isLoopback(address) else {
            throw KeyFailure(
                code: 78, description: "--app-key-file \(path): it has no key, and \(address) is not loopback")
        }
        return keys
    }

    /// The arguments with the setting that --redis-file has. Ends the program if the file can't be had.
    private static func withRedisAddress(_ arguments: DaemonArguments) -> DaemonArguments {
        guard let path = arguments.redisFile else { return arguments }
        var arguments = arguments
        func failed(_ code: Int32, _ why: String) -> Never {
            fail(arguments.role.rawValue, code, "--redis-file \(path): \(why)")
        }
        do {
            let text = try Files.text(path, most: 4096)
            let address = text.last == "\n" ? String(text.dropLast()) : text
            guard !address.isEmpty else { failed(78, "is empty") }
            try Setting.named("cluster.redis")?.set(.text(address), in: &arguments.settings)
        } catch let mistake as SettingMistake {
            failed(78, mistake.description)
        } catch let error as SystemError {
            failed(error.code == EACCES ? 77 : 78, String(cString: strerror(error.code)))
        } catch { failed(78, "\(error)") }
        return arguments
    }

    /// Tells the supervisor that the process serves, and runs until it is told to end.
    package func serve(_ program: any DaemonProgram) -> Never {
        self.program = program
        signals = [
            SignalWatcher(loop, SIGTERM) { [unowned self] in
                if state == .draining {
                    leave("a second TERM")
                } else {
                    beginDrain(arguments.settings.supervisor.drain)
                }
            },
            SignalWatcher(loop, SIGINT) { [unowned self] in leave("INT") },
        ]
        let unused = inherited.closeRest()
        if !unused.isEmpty {
            log.warning("inherited and closed, since no port of ours is there: \(unused.joined(separator: ", "))")
        }
        reporter = Reporter(self, program)
        state = .ready
        lifeline = Lifeline(self, listeners: listeners, journal: journalDescriptor)
        lifeline?.sayReady()
        reporter?.start()
        // What the supervisor has said by now counts for the first client.
        lifeline?.read()
        loop.run()
        exit(0)
    }

    /// Sends a report at once: something that a viewer should see has changed.
    package func reportNow() { reporter?.send() }

    /// Sends an event to the supervisor's journal and the viewers. `text` never has
    /// secrets, client ids or messages.
    package func event(_ severity: Logger.Level, _ kind: OperatorEvent, _ text: String) {
        reporter?.event(severity, kind, text)
    }

    var busiestAddresses: [BusyAddress] { program?.busiestAddresses ?? [] }

    // MARK: the state

    /// The state in reports. A process that serves as it should may say that its load is too much.
    var reportedState: StatsPacket.State { state == .ready && overload.isOverloaded ? .overloaded : state }

    /// Called once each interval. `lag` is the loop's lag since the last report, in microseconds.
    func judge(_ load: Overload.Load, lag: UInt64) {
        let wasOverloaded = overload.isOverloaded
        overload.note(load, lag: lag)
        guard overload.isOverloaded != wasOverloaded else { return }
        if wasOverloaded {
            event(.info, .recovered, "no longer overloaded")
        } else {
            event(
                .warning, .overloaded,
                overload.isFull ? "full: it refuses what comes" : "its loop is late by \(lag / 1000) ms again and again"
            )
        }
    }

    // MARK: the end

    /// The supervisor has read its configuration again. A process that ends soon need not.
    func reload() { if state != .draining { program?.reload() } }

    /// The keys of session tickets that all workers share. Before `serve` has begun none can come.
    func useTicketKeys(_ keys: [[UInt8]]) { program?.useTicketKeys(keys) }

    func change(_ new: StatsPacket.State) {
        guard state != new, state != .draining else { return }
        state = new
        reportNow()
    }

    /// The lifeline calls it, too. A second call has no effect.
    func beginDrain(_ seconds: Double) {
        guard state != .draining else { return }
        log.info("draining over \(seconds) s")
        change(.draining)
        program?.drain(seconds: seconds) { [unowned self] in leave("drained") }
    }

    func leave(_ why: String) {
        log.info("leaving: \(why)")
        reporter?.goodbye()
        loop.stop()
    }
}
