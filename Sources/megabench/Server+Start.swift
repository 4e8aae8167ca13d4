import FreePorts
import Glibc
import Reactor

/// Starts each of the compared servers, on free ports and in a private folder.
extension Server {
    /// Clients for each process of a server: the descriptors of a process less a reserve, at most 16,000.
    static var clientsPerProcess: Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return min(16_000, max(200, Int(limit.rlim_cur) - 1_000))
    }

    static func start(
        _ kind: Kind, clients: Int, processes: Int, workers: Int, options: Options = Options()
    ) throws -> Server {
        switch kind {
        case .limit: try startLimit(processes: processes, options)
        case .nchan: try startNchan(clients: clients, options)
        case .megacomet:
            try startMegaComet(clients: clients, workers: workers, options)
        case .daemons:
            try startDaemons(clients: clients, workers: workers, options)
        }
    }

    private static func startLimit(processes: Int, _ options: Options) throws -> Server {
        let first = UInt16(try Ports.free(processes * 2))
        var plan = LoadPlan()
        plan.port = first
        plan.publishPort = first + UInt16(processes)
        plan.isTLS = options.isTLS
        let folder = try PrivateFolder()
        var tls: [String] = []
        if options.isTLS {
            let files = try RunCertificate(in: folder)
            tls = ["--tls-certificate", files.certificate, "--tls-key", files.key]
        }
        let loops = try (0..<processes).map { index in
            try ChildProcess(
                ChildProcess.leashed(
                    [
                        executable("megabench"), "limit", "--port", "\(Int(first) + index)", "--publish-port",
                        "\(Int(first) + processes + index)",
                    ] + tls), log: folder.log)
        }
        let server = Server(.limit, plan: plan, isOnePerProcess: true, processes: loops, folder: folder)
        return try started(server, ports: (0..<processes).map { first + UInt16($0) })
    }

    private static func startMegaComet(
        clients: Int, workers wanted: Int, _ options: Options
    ) throws -> Server {
        let folder = try PrivateFolder()
        let one = try appliance(in: folder, workers: workerCount(clients: clients, wanted), options)
        let server = Server(
            .megacomet, plan: one.plan, processes: [one.process], folder: folder, configuration: one.file,
            memory: options.memory)
        return try started(server, ports: one.ports, path: "/_/health", tls: one.tlsPort)
    }

    /// An appliance, or one nginx with its workers.
    struct Machine {
        var plan: LoadPlan
        var process: ChildProcess
        /// Its configuration.
        var file: String
        /// The ports that answer when it serves.
        var ports: [UInt16]
        /// The first of the ports for TLS, if it has them beside these.
        var tlsPort: UInt16?
    }

    /// - Parameters:
    ///   - name: of its folder and its configuration, if it shares the folder with another machine.
    ///   - node: how it finds the other machine, if there is one.
    static func appliance(
        in folder: PrivateFolder, name: String? = nil, workers: Int, _ options: Options, node: Node? = nil
    ) throws -> Machine {
        let port = UInt16(try Ports.free(2 * workers + 4))
        let ownPort = Int(port) + workers
        let tlsPort = UInt16(ownPort + 4)
        let home = folder.path + (name.map { "/" + $0 } ?? "")
        let tls = options.isTLS ? try RunCertificate(in: folder) : nil
        let file = try folder.write(
            (name ?? "megacomet") + ".toml",
            """
            run_directory = "\(home)/run"
            [workers]
            count = \(workers)
            address = "127.0.0.1"
            base_port = \(port)
            poll_timeout = \(options.pollTimeoutSeconds)
            heartbeat = \(options.heartbeatSeconds)
            [manager]
            port = \(ownPort)
            [app]
            port = \(ownPort + 1)
            [stats]
            port = \(ownPort + 2)
            interval = \(options.reportEverySeconds)
            [operator]
            port = \(ownPort + 3)
            [supervisor]
            drain = 1.0
            watchdog = \(max(10, 4 * options.reportEverySeconds))
            \(options.isKilled ? patience : "")
            \(options.journal.map { journal($0, home) } ?? "")
            \(options.tokenKeys.map { "[tokens]\nkeys = [\"\($0)\"]" } ?? "")
            \(tls.map { section($0, tlsPort) } ?? "")
            \(node.map { "[cluster]\nredis = \"redis://127.0.0.1:\($0.redis)/0\"\nname = \"\($0.name)\"" } ?? "")
            [log]
            level = "warning"

            """)
        var plan = LoadPlan()
        plan.isTLS = options.isTLS
        plan.port = options.isTLS ? tlsPort : port
        plan.ports = workers
        plan.publishPort = UInt16(ownPort + 1)
        plan.tokenKeys = options.tokenKeys ?? ""
        let command = held([executable("megacomet"), "run", "-c", file], to: options.core)
        let process = try ChildProcess(
            ChildProcess.leashed(options.memory?.holding(command) ?? command), log: folder.log)
        return Machine(
            plan: plan, process: process, file: file, ports: (0..<workers).map { port + UInt16($0) },
            tlsPort: options.isTLS ? tlsPort : nil)
    }

    private static func section(_ tls: RunCertificate, _ port: UInt16) -> String {
        "[tls]\ncertificate = \"\(tls.certificate)\"\nkey = \"\(tls.key)\"\nbase_port = \(port)"
    }
    private static let patience =
        "restart_delay = 0.1\nrestart_delay_max = 0.1\ncrashloop_exits = 1000\ncrashloop_window = 0.1"

    /// There is room for the million messages of `journal` and for those that prove that clients are held.
    private static func journal(_ kind: String, _ folder: String) -> String {
        "[queue]\njournal = \"\(kind)\"\njournal_directory = \"\(folder)/journal\"\nmax_messages = 2000000"
    }

    private static func startDaemons(clients: Int, workers wanted: Int, _ options: Options) throws -> Server {
        let workers = workerCount(clients: clients, wanted)
        let port = UInt16(try Ports.free(2 * workers + 2))
        let ownPort = Int(port) + workers
        let tlsPort = UInt16(ownPort + 2)
        let folder = try PrivateFolder()
        var plan = LoadPlan()
        plan.isTLS = options.isTLS
        plan.port = options.isTLS ? tlsPort : port
        plan.ports = workers
        plan.publishPort = UInt16(ownPort + 1)
        var tls: [String] = []
        if options.isTLS {
            let files = try RunCertificate(in: folder)
            tls = [
                "--tls-certificate", files.certificate, "--tls-key", files.key, "--tls-base-port", "\(tlsPort)",
            ]
        }
        let manager = try ChildProcess(
            ChildProcess.leashed(
                held(
                    [
                        executable("megamanager"), "--port", "\(ownPort)", "--app-port", "\(ownPort + 1)", "--workers",
                        "\(workers)",
                    ], to: options.core)), log: folder.log)
        let lifelines = options.isTLS ? try TicketLifelines() : nil
        let others = try (0..<workers).map { number in
            let lifeline = try lifelines?.end()
            defer { if let lifeline { close(lifeline) } }
            return try ChildProcess(
                ChildProcess.leashed(
                    held(
                        (lifeline == nil ? [] : ["env", TicketLifelines.variable]) + [
                            executable("megaworker"), "--number", "\(number)", "--address", "127.0.0.1", "--port",
                            "\(Int(port) + number)", "--manager", "127.0.0.1:\(ownPort)", "--workers", "\(workers)",
                            "--poll-timeout", "\(options.pollTimeoutSeconds)",
                        ] + tls, to: options.core)), descriptor: lifeline, log: folder.log)
        }
        let server = Server(
            .daemons, plan: plan, processes: [manager] + others, folder: folder, lifelines: lifelines)
        return try started(server, ports: (0..<workers).map { port + UInt16($0) }, path: "/_/health", tls: tlsPort)
    }

    /// The command, held to a core.
    static func held(_ command: [String], to core: Int?) -> [String] {
        core.map { ["taskset", "--cpu-list", "\($0)"] + command } ?? command
    }

    private static func workerCount(clients: Int, _ wanted: Int) -> Int {
        wanted > 0 ? wanted : max(2, (clients + clientsPerProcess - 1) / clientsPerProcess)
    }

    /// - Parameter tls: the first of the ports for TLS, if the server has them beside these.
    static func started(_ server: Server, ports: [UInt16], path: String? = nil, tls: UInt16? = nil) throws -> Server {
        do {
            try server.waitUntilServing(ports: ports, path: path)
            if let tls, server.plan.isTLS {
                try server.waitUntilServing(ports: ports.indices.map { tls + UInt16($0) })
            }
        } catch {
            server.stop()
            throw error
        }
        return server
    }

    /// The path of a program that was built beside this one. Where MegaComet is installed, the daemons lie in sbin.
    static func executable(_ name: String) -> String {
        let beside = Files.ownFolder + "/" + name
        return access(beside, X_OK) == 0 ? beside : Files.ownFolder + "/../sbin/" + name
    }
}
