import FreePorts
import Glibc

/// The whole appliance, as `megacomet run` starts it from a file: supervisor, manager and workers. When this goes out
/// of use, all of it is ended, by id.
public final class Appliance {
    public let folder: Folder
    public let configuration: String
    public private(set) var supervisor: Program?
    public let workers: Int
    public let firstClientPort: Int
    public let linkPort: Int
    public let appPort: Int
    public let statsPort: Int
    public let operatorPort: Int
    /// Variables that the supervisor gets at its next start, beside its environment.
    public var environment: [String: String] = [:]
    /// The listeners that its service manager hands to the supervisor at its next start.
    public var listeners: [(name: String, descriptor: Int32)] = []

    /// Takes the daemons from a folder of ours from the next start on. In it this script is the worker. Returns the
    /// script's path.
    public func replaceWorker(byScript text: String) throws -> String {
        let programs = "\(folder.path)/programs"
        mkdir(programs, 0o755)
        symlink("\(Program.folder)/megamanager", "\(programs)/megamanager")
        let worker = try folder.write("programs/megaworker", text)
        chmod(worker, 0o755)
        environment["MEGACOMET_PROGRAMS"] = programs
        return worker
    }
    /// Gives the appliance copies of all programs, as a package installs them: each gets its name at once, and those
    /// that run keep the file that they have. Another call is the next release.
    public func installPrograms() throws {
        let programs = "\(folder.path)/programs"
        mkdir(programs, 0o755)
        for name in ["megacomet", "megamanager", "megaworker", "megahook"] {
            let new = "\(programs)/\(name).new"
            try run(tool: ["/bin/cp", "\(Program.folder)/\(name)", new], in: folder, seconds: 30)
            guard rename(new, "\(programs)/\(name)") == 0 else { throw Failure.call("rename \(new)") }
        }
        supervisorProgram = "\(programs)/megacomet"
    }
    /// The events that the supervisor keeps, as `megacomet events` prints them.
    public func events() throws -> String { try command("events").output }

    /// `settings` has lines of TOML by section. They add to those that give it ports of its own. `clients` is the
    /// address of the workers, `inner` that of all other ports. Returns when every process is ready.
    public init(
        workers: Int = 2, _ settings: [String: String] = [:], clients: String = "127.0.0.1",
        inner: String = "127.0.0.1", starts: Bool = true
    ) throws {
        self.workers = workers
        folder = try Folder()
        firstClientPort = try Ports.free(workers)
        (linkPort, appPort, statsPort, operatorPort) = (
            try Ports.free(), try Ports.free(), try Ports.free(), try Ports.free()
        )
        let own: [(String, String)] =
            [
                ("workers", "count = \(workers)\naddress = \"\(clients)\"\nbase_port = \(firstClientPort)")
            ]
            + [("manager", linkPort), ("app", appPort), ("stats", statsPort), ("operator", operatorPort)].map {
                ($0, "port = \($1)" + (inner == "127.0.0.1" ? "" : "\naddress = \"\(inner)\""))
            }
        var text = "run_directory = \"\(folder.path)/run\"\n"
        for (section, lines) in own { text += "\n[\(section)]\n\(lines)\n\(settings[section] ?? "")\n" }
        for (section, lines) in settings.sorted(by: { $0.key < $1.key }) where !own.contains(where: { $0.0 == section })
        { text += "\n[\(section)]\n\(lines)\n" }
        configuration = try folder.write("megacomet.toml", text)
        if starts { try start() }
    }
    deinit { end() }

    /// The name of the built program, or the whole path of another file.
    public var supervisorProgram = "megacomet"

    /// Starts the supervisor without waiting for anything.
    public func launch(_ arguments: [String] = []) throws -> Program {
        let program = try Program(
            supervisorProgram, ["run", "-c", configuration] + arguments, in: folder, environment: environment,
            listeners: listeners)
        supervisor = program
        return program
    }
    public func start(_ arguments: [String] = []) throws {
        let program = try launch(arguments)
        do {
            try eventually("all processes are ready", seconds: 60) {
                guard program.isRunning else { throw Failure("megacomet ended") }
                return try status().allReady
            }
        } catch { throw Failure("\(error); its output:\n\(program.output)") }
    }
    /// Sends SIGKILL to the supervisor alone.
    public func killSupervisor() {
        supervisor?.kill()
        supervisor = nil
    }
    /// Asks the supervisor to stop. Then every process that still has our folder in its arguments is killed.
    public func end() {
        if let supervisor {
            supervisor.signal(SIGTERM)
            _ = try? supervisor.waitForExit(seconds: 30)
            supervisor.kill()
        }
        supervisor = nil
        Processes.mentioning(folder.path).forEach { kill($0, SIGKILL) }
        try? eventually("all have ended") { Processes.mentioning(folder.path).isEmpty }
    }

    /// Runs `megacomet WORDS... -c FILE`.
    public func command(_ words: String...) throws -> (end: Program.End, output: String) {
        try Program.run("megacomet", words + ["-c", configuration], in: folder)
    }

    public struct Status: Sendable {
        public struct Process: Sendable {
            public var name: String
            public var state: String
            public var pid: Int32
            public var restarts: Int
        }
        public var processes: [Process] = []
        public var allReady: Bool { !processes.isEmpty && processes.allSatisfy { $0.state == "ready" } }
    }
    /// It is empty if no supervisor answers.
    public func status() throws -> Status {
        let output = try command("status", "--json").output
        guard let line = output.split(separator: "\n").first(where: { $0.hasPrefix("{") }),
            let rows = try JSON.parse(String(line))["processes"]?.array
        else {
            return Status()
        }
        return Status(
            processes: rows.map {
                Status.Process(
                    name: $0["name"]?.string ?? "", state: $0["state"]?.string ?? "", pid: Int32($0["pid"]?.int ?? 0),
                    restarts: $0["restarts"]?.int ?? 0)
            })
    }
    /// Waits until every process is ready. A busy machine may hold up a report, and then its process is suspect until
    /// the next one.
    public func waitUntilReady(_ isEnough: (Status) throws -> Bool = { _ in true }) throws {
        var last = Status()
        do {
            try eventually("all processes are ready", seconds: 40) {
                last = try status()
                let isEnough = try isEnough(last)
                return last.allReady && isEnough
            }
        } catch { throw Failure("\(error): \(last.processes); its output:\n\(supervisor?.output ?? "")") }
    }
    /// Waits until every process is ready, and this one is another than the one with that pid. `meanwhile` is done
    /// again and again.
    public func waitUntilReplaced(_ name: String, _ pid: Int32, _ meanwhile: () -> Void = {}) throws {
        try waitUntilReady { status in
            meanwhile()
            return status.processes.contains { $0.name == name && $0.pid > 0 && $0.pid != pid }
        }
    }
    /// The pid of `worker-0`, `manager` and so on, which must run.
    public func pid(_ name: String) throws -> Int32 {
        guard let process = try status().processes.first(where: { $0.name == name }), process.pid > 0 else {
            throw Failure("\(name) does not run")
        }
        return process.pid
    }

    public func clientPort(_ worker: Int) -> Int { firstClientPort + worker }
    public var app: Publisher { Publisher(port: appPort) }
    public func poller(_ client: String, worker: Int = 0, form: Poller.Form = .json, cursor: Int? = nil) -> Poller {
        Poller(port: clientPort(worker), client: client, form: form, cursor: cursor)
    }
}
