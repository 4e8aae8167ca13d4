import FreePorts
import Glibc
import TestSupport
import Testing

/// Several appliances on one Redis server, and their traffic.
final class ClusterFixture {
    let redis: RedisServer
    let appliances: [Appliance]
    let traffic: Traffic

    /// Every kind of client twice.
    static let clients = Traffic.Kind.allCases + Traffic.Kind.allCases

    /// `address` is what the machines have as cluster.redis, by their place; otherwise it is the server's own.
    /// `cluster` has more lines of that section. `environment` is that of the machines, by their place. `prepare` does
    /// something with each appliance before it starts.
    init(
        _ redis: RedisServer, machines: Int = 2, clients: [Traffic.Kind] = ClusterFixture.clients,
        address: (Int) -> String? = { _ in nil }, cluster: String = "", _ settings: [String: String] = [:],
        environment: [Int: [String: String]] = [:], prepare: (Appliance) throws -> Void = { _ in }
    ) throws {
        self.redis = redis
        let password = redis.options.password.map { ":\($0)@" } ?? ""
        appliances = try (0..<machines).map { place in
            var settings = settings
            let redis = address(place) ?? "redis://\(password)\(redis.address)"
            settings["cluster"] = "redis = \"\(redis)\"\nname = \"\(ClusterFixture.name(place))\"\n\(cluster)"
            let appliance = try Appliance(workers: 1, settings, starts: false)
            appliance.environment = environment[place] ?? [:]
            try prepare(appliance)
            return appliance
        }
        for appliance in appliances { _ = try appliance.launch() }
        traffic = Traffic(appliances.map(Traffic.Machine.init), clients)
        for appliance in appliances { try waitUntilReady(appliance) }
    }
    convenience init(keepsAll: Bool = false, clients: [Traffic.Kind] = ClusterFixture.clients) throws {
        try self.init(RedisServer(RedisServer.Options(keepsAll: keepsAll)), clients: clients)
    }
    static func name(_ place: Int) -> String { ["a", "b", "c"][place] }

    /// The traffic goes on meanwhile, if it has begun.
    func waitUntilReady(_ appliance: Appliance) throws {
        try traffic.run(until: "all processes are ready", seconds: 60, every: 0.1) {
            guard appliance.supervisor?.isRunning == true else {
                throw Failure("megacomet ended: \(appliance.supervisor?.output ?? "")")
            }
            return try appliance.status().allReady
        }
    }
    /// Ends all of a machine's processes as a loss of power does.
    func kill(_ place: Int) throws {
        let all = Processes.mentioning(appliances[place].folder.path)
        all.forEach { Glibc.kill($0, SIGKILL) }
        appliances[place].killSupervisor()
        try traffic.run(until: "all are dead") { !all.contains { Processes.isAlive($0) } }
    }
    /// Starts a machine that was killed.
    func start(_ place: Int) throws {
        _ = try appliances[place].launch()
        try waitUntilReady(appliances[place])
    }
    /// The machines are ready before they have reached the engine. Returns when all have.
    func waitUntilJoined() throws {
        for appliance in appliances { try Self.waitUntilJoined(appliance) }
    }
    static func waitUntilJoined(_ appliance: Appliance) throws {
        try eventually("it has reached the engine", seconds: 60) { try engine(of: appliance)?["up"]?.bool == true }
    }
    /// The engine, as a machine tells of it once a second.
    static func engine(of appliance: Appliance) throws -> JSON? {
        try HTTP.request("GET", "/nodes", port: appliance.appPort).json()["engine"]
    }
    /// The answer of /_/health of the machine's worker to load balancers: true for 200.
    func isHealthy(_ place: Int) throws -> Bool {
        let status = try HTTP.request("GET", "/_/health", port: appliances[place].clientPort(0)).status
        guard status == 200 || status == 503 else { throw Failure("/_/health: \(status)") }
        return status == 200
    }
    /// Waits until an event of this machine, or of any, has this text.
    func expectEvent(_ text: String, on place: Int? = nil, seconds: Double = 60) throws {
        let machines = place.map { [appliances[$0]] } ?? appliances
        var events = ""
        do {
            try traffic.run(
                until: "an event of \(place.map(ClusterFixture.name) ?? "any machine"): \(text)", seconds: seconds,
                every: 0.2
            ) {
                events = try machines.map { try $0.events() }.joined(separator: "\n")
                return events.contains(text)
            }
        } catch { throw Failure("\(error); its events:\n\(events)") }
    }
    /// All that was answered has arrived once and in order, and every client gets something again.
    func expectNothingLost(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let faults = try traffic.finish()
        #expect(
            faults.isEmpty, "\(faults.prefix(10).joined(separator: "\n")); \(traffic)", sourceLocation: sourceLocation)
        #expect(traffic.gaps == 0, "\(traffic)", sourceLocation: sourceLocation)
        #expect(traffic.replaced == 0, "\(traffic)", sourceLocation: sourceLocation)
    }
}
