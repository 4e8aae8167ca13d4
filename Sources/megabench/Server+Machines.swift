import Glibc

/// One machine alone, or two machines and their Redis, all on this host: apps publish at machine a, and clients are at
/// machine b.
extension Server {
    /// How a machine finds the other one.
    struct Node {
        var name: String
        /// The port of their Redis.
        var redis: UInt16
    }

    /// - Parameters:
    ///   - isPair: whether there are two machines. The limit is one loop without Redis in any case.
    ///   - workers: of each machine.
    static func startMachines(_ kind: Kind, isPair: Bool, processes: Int, workers: Int, options: Options) throws
        -> Server
    {
        guard kind == .megacomet || kind == .nchan else {
            return try start(kind, clients: 0, processes: processes, workers: workers, options: options)
        }
        if kind == .nchan, !hasNchan {
            throw Fleet.Trouble(
                description: "nginx with nchan is not installed: apt-get install nginx libnginx-mod-nchan")
        }
        let folder = try PrivateFolder()
        var processes: [ChildProcess] = []
        var redis: RedisServer?
        do {
            if isPair { redis = try RedisServer(in: folder) }
            let machines = try (isPair ? ["a", "b"] : ["a"]).map { name in
                try folder.makeFolder(name)
                let node = redis.map { Node(name: name, redis: $0.port) }
                let machine =
                    kind == .nchan
                    ? try nginx(in: folder, name: name, workers: workers, options, node: node)
                    : try appliance(in: folder, name: name, workers: workers, options, node: node)
                processes.append(machine.process)
                return machine
            }
            var plan = machines[machines.count - 1].plan
            plan.publishPort = machines[0].plan.publishPort
            let server = Server(
                kind, name: kind.rawValue, plan: plan, processes: processes, folder: folder, redis: redis)
            let serving = try started(server, ports: machines.flatMap(\.ports), path: "/_/health")
            if kind == .nchan, isPair { for machine in machines { try waitUntilKept(by: machine) } }
            return serving
        } catch {
            for process in processes { process.stop() }
            redis?.process.stop()
            folder.remove()
            throw error
        }
    }

    /// Waits until nginx takes a message, for at most 30 s. Until it has reached its Redis it answers 503, subscribers
    /// as well.
    private static func waitUntilKept(by machine: Machine) throws {
        let deadline = monotonicNanoseconds() + 30_000_000_000
        while true {
            let app = try AppClient(host: machine.plan.publishHost, port: machine.plan.publishPort)
            let (status, answer) = try app.request("POST", "/pub/ready", "ready")
            if status == 201 || status == 202 { return }
            guard status == 503, monotonicNanoseconds() < deadline else {
                throw Fleet.Trouble(description: "nginx with nchan and Redis: \(status) \(answer)")
            }
            usleep(20_000)
        }
    }
}
