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
        case .limit: try startLimit(processes: processes)
        case .nchan: try startNchan(clients: clients)
        case .megacomet:
            try startMegaComet(clients: clients, workers: workers, options)
        case .daemons:
            try startDaemons(clients: clients, workers: workers, pollTimeoutSeconds: options.pollTimeoutSeconds)
        }
    }

    private static func startLimit(processes: Int) throws -> Server {
        let first = UInt16(try Ports.free(processes * 2))
        var plan = LoadPlan()
        plan.port = first
        plan.publishPort = first + UInt16(processes)
        let folder = try PrivateFolder()
        let loops = try (0..<processes).map { index in
            try ChildProcess(
                ChildProcess.leashed([
                    executable("megabench"), "limit", "--port", "\(Int(first) + index)", "--publish-port",
                    "\(Int(first) + processes + index)",
                ]), log: folder.log)
        }
        let server = Server(.limit, plan: plan, isOnePerProcess: true, processes: loops, folder: folder)
        return try started(server, ports: (0..<processes).map { first + UInt16($0) })
    }

    static var hasNchan: Bool { access("/usr/sbin/nginx", X_OK) == 0 && access(nchanModule, R_OK) == 0 }
    private static let nchanModule = "/usr/lib/nginx/modules/ngx_nchan_module.so"

    /// It has two workers, the number that it is known with. More are started only if their descriptors don't suffice.
    private static func startNchan(clients: Int) throws -> Server {
        guard hasNchan else {
            throw Fleet.Trouble(
                description: "nginx with nchan is not installed: apt-get install nginx libnginx-mod-nchan")
        }
        let port = UInt16(try Ports.free(2))
        let folder = try PrivateFolder()
        let workers = max(2, (clients + clientsPerProcess - 1) / clientsPerProcess)
        let file = try folder.write(
            "nginx.conf",
            """
            load_module \(nchanModule);
            daemon off; user root; worker_processes \(workers); pid \(folder.path)/pid; error_log \(folder.log) warn;
            events { worker_connections \(clientsPerProcess + 900); use epoll; multi_accept on; }
            http {
                access_log off; keepalive_timeout 3600s; keepalive_requests 1000000000; tcp_nodelay on; server_tokens \
                off;
                client_body_temp_path \(folder.path)/body; proxy_temp_path \(folder.path)/proxy;
                fastcgi_temp_path \(folder.path)/fastcgi;
                uwsgi_temp_path \(folder.path)/uwsgi; scgi_temp_path \(folder.path)/scgi;
                nchan_shared_memory_size 2048M;
                server {
                    listen 127.0.0.1:\(port) backlog=4096 reuseport;
                    listen 127.0.0.1:\(port + 1) backlog=4096 reuseport;
                    location ~ ^/sub/(\\w+)$ { nchan_subscriber longpoll eventsource websocket; nchan_channel_id $1; \
                    nchan_subscriber_timeout 0; }
                    location ~ ^/pub/(\\w+)$ {
                        nchan_publisher http; nchan_channel_id $1; nchan_message_buffer_length 20; \
                        nchan_message_timeout 60s;
                    }
                }
            }

            """)
        var plan = LoadPlan()
        plan.dialect = .nchan
        plan.publishers = 4
        plan.port = port
        plan.publishPort = port + 1
        let nginx = try ChildProcess(
            ChildProcess.leashed(["/usr/sbin/nginx", "-p", folder.path, "-c", file, "-e", folder.log]), log: folder.log)
        let server = Server(.nchan, plan: plan, processes: [nginx], folder: folder, configuration: file)
        return try started(server, ports: [port, port + 1])
    }

    private static func startMegaComet(
        clients: Int, workers wanted: Int, _ options: Options
    ) throws -> Server {
        let workers = workerCount(clients: clients, wanted)
        let port = UInt16(try Ports.free(workers + 4))
        let ownPort = Int(port) + workers
        let folder = try PrivateFolder()
        let file = try folder.write(
            "megacomet.toml",
            """
            run_directory = "\(folder.path)/run"
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
            \(options.journal.map { journal($0, folder.path) } ?? "")
            \(options.tokenKeys.map { "[tokens]\nkeys = [\"\($0)\"]" } ?? "")
            [log]
            level = "warning"

            """)
        var plan = LoadPlan()
        plan.port = port
        plan.ports = workers
        plan.publishPort = UInt16(ownPort + 1)
        plan.tokenKeys = options.tokenKeys ?? ""
        let command = [executable("megacomet"), "run", "-c", file]
        let appliance = try ChildProcess(
            ChildProcess.leashed(options.memory?.holding(command) ?? command), log: folder.log)
        let server = Server(
            .megacomet, plan: plan, processes: [appliance], folder: folder, configuration: file, memory: options.memory)
        return try started(server, ports: (0..<workers).map { port + UInt16($0) }, path: "/_/health")
    }

    private static let patience =
        "restart_delay = 0.1\nrestart_delay_max = 0.1\ncrashloop_exits = 1000\ncrashloop_window = 0.1"

    /// There is room for the million messages of `journal` and for those that prove that clients are held.
    private static func journal(_ kind: String, _ folder: String) -> String {
        "[queue]\njournal = \"\(kind)\"\njournal_directory = \"\(folder)/journal\"\nmax_messages = 2000000"
    }

    private static func startDaemons(clients: Int, workers wanted: Int, pollTimeoutSeconds: Double) throws -> Server {
        let workers = workerCount(clients: clients, wanted)
        let port = UInt16(try Ports.free(workers + 2))
        let ownPort = Int(port) + workers
        let folder = try PrivateFolder()
        var plan = LoadPlan()
        plan.port = port
        plan.ports = workers
        plan.publishPort = UInt16(ownPort + 1)
        let manager = try ChildProcess(
            ChildProcess.leashed([
                executable("megamanager"), "--port", "\(ownPort)", "--app-port", "\(ownPort + 1)", "--workers",
                "\(workers)",
            ]), log: folder.log)
        let others = try (0..<workers).map { number in
            try ChildProcess(
                ChildProcess.leashed([
                    executable("megaworker"), "--number", "\(number)", "--address", "127.0.0.1", "--port",
                    "\(Int(port) + number)",
                    "--manager", "127.0.0.1:\(ownPort)", "--workers", "\(workers)", "--poll-timeout",
                    "\(pollTimeoutSeconds)",
                ]), log: folder.log)
        }
        let server = Server(.daemons, plan: plan, processes: [manager] + others, folder: folder)
        return try started(server, ports: (0..<workers).map { port + UInt16($0) }, path: "/_/health")
    }

    private static func workerCount(clients: Int, _ wanted: Int) -> Int {
        wanted > 0 ? wanted : max(2, (clients + clientsPerProcess - 1) / clientsPerProcess)
    }

    private static func started(_ server: Server, ports: [UInt16], path: String? = nil) throws -> Server {
        do { try server.waitUntilServing(ports: ports, path: path) } catch {
            server.stop()
            throw error
        }
        return server
    }

    /// The path of a program that was built beside this one.
    static func executable(_ name: String) -> String { Files.ownFolder + "/" + name }
}
