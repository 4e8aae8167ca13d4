import Glibc

/// Apps and clients of several machines, on one loop. Apps publish numbered messages at a bounded rate and remember
/// which were answered. Clients poll or keep event streams, at one machine or at another with every poll, and remember
/// what they got. A client whose connection ends goes on at the next machine, as behind a load balancer.
public final class Traffic {
    public struct Machine: Sendable {
        public var clientPorts: [Int]
        public var appPort: Int
        public init(_ appliance: Appliance) {
            clientPorts = (0..<appliance.workers).map(appliance.clientPort)
            appPort = appliance.appPort
        }
    }
    public enum Kind: CaseIterable, Sendable {
        case poll, stream
        /// A poll that goes to the next machine with every request.
        case hopping
    }

    public var machines: [Machine]
    /// Publishes a second at most, of all apps together. Each app has one publish under way.
    public var rate = 100.0
    /// Every fourth message goes to this channel, which all clients read.
    public let channel: String
    private let prefix = "c\(UInt32.random(in: 0 ... .max))-"
    var clients: [TrafficClient] = []
    private var apps: [TrafficApp] = []
    /// The clients of each message, by its number, and the id of each that was answered.
    private var readers: [Set<Int>] = []
    public private(set) var answered: [Int: Int] = [:]
    /// The answers to publishes that were refused, and how often each came, by machine.
    public private(set) var refusals: [[String: Int]]
    /// Publishes whose answer was cut off.
    public private(set) var cuts = 0
    /// Numbers of messages that the engine has refused: nobody may get them.
    private var refused: Set<Int> = []
    private var nextPublish: UInt64 = 0
    private var publishes = false
    /// Clients are there, and come again.
    private var hasBegun = false

    /// `kinds` has a client each, spread over the machines.
    public init(_ machines: [Machine], _ kinds: [Kind], apps: Int = 2) {
        self.machines = machines
        channel = "room\(UInt32.random(in: 0 ... .max))"
        refusals = Array(repeating: [:], count: machines.count)
        clients = kinds.enumerated().map { place, kind in
            TrafficClient(self, name: prefix + "\(place)", kind, machine: place % machines.count)
        }
        self.apps = machines.indices.flatMap { machine in (0..<apps).map { _ in TrafficApp(self, machine) } }
    }
    public func name(_ client: Int) -> String { clients[client].name }

    /// Subscribes all clients to the channel, connects them, and begins to publish when they are there.
    public func begin() throws {
        let names = clients.map { quoted($0.name) }.joined(separator: ",")
        let body = "{\"clients\":[\(names)],\"channel\":\(quoted(channel))}"
        // A machine takes it when it has reached the engine. Before that it would refuse publishes.
        for machine in machines {
            try eventually("all are subscribed, at each machine", seconds: 60) {
                try HTTP.request("POST", "/subscribe", port: machine.appPort, body: body).status == 200
            }
        }
        (hasBegun, publishes) = (true, true)
        try run(until: "each client has something") { clients.allSatisfy { !$0.got.isEmpty } }
    }

    // MARK: the loop

    /// Runs until the condition holds.
    public func run(until what: String, seconds: Double = 60, _ condition: () throws -> Bool) throws {
        let deadline = Deadline(seconds: seconds)
        while try !condition() {
            if deadline.isOver { throw Failure("not within \(seconds) s: \(what); \(self)") }
            step()
        }
    }
    /// Runs until so many more publishes were answered.
    public func run(answers: Int, seconds: Double = 60) throws {
        let end = answered.count + answers
        try run(until: "\(answers) more publishes are answered", seconds: seconds) { answered.count >= end }
    }
    /// Runs while a program does something that takes its time.
    public func run(until what: String, seconds: Double = 60, every pause: Double, _ condition: () throws -> Bool)
        throws
    {
        var next: UInt64 = 0
        try run(until: what, seconds: seconds) {
            guard monotonicNanoseconds() >= next else { return false }
            if try condition() { return true }
            next = monotonicNanoseconds() + UInt64(pause * 1e9)
            return false
        }
    }
    /// One turn. Traffic beside other traffic calls it by turns.
    public func step() {
        let now = monotonicNanoseconds()
        if hasBegun { for client in clients { client.goOn(now) } }
        for app in apps { app.goOn(now, publishes: publishes) }
        let all = clients.compactMap(\.connection) + apps.compactMap(\.connection)
        var entries = all.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        guard poll(&entries, nfds_t(entries.count), 5) > 0 else { return }
        for (connection, entry) in zip(all, entries) where entry.revents != 0 { connection.read() }
        for client in clients { client.take() }
        for app in apps { app.take() }
    }

    // MARK: publishes

    /// The next publish of an app, if it is time.
    func next(_ now: UInt64) -> (number: Int, body: String)? {
        guard now >= nextPublish else { return nil }
        nextPublish = max(nextPublish, now - 50_000_000) + UInt64(1e9 / rate)
        return publication(to: nil)
    }
    private func publication(to client: Int?) -> (number: Int, body: String) {
        let number = readers.count
        if client == nil, number % 4 == 3 {
            readers.append(Set(clients.indices))
            return (number, "{\"channel\":\(quoted(channel)),\"message\":\(number),\"ttl\":600}")
        }
        let client = client ?? (number - number / 4) % clients.count
        readers.append([client])
        return (number, Publisher.body(clients[client].name, json: "\(number)", ttl: 600))
    }
    func ended(_ number: Int, _ machine: Int, _ response: Response?) {
        guard let response else { return cuts += 1 }
        if response.status == 200 || response.status == 202, let id = (try? response.json())?["id"]?.int {
            answered[number] = id
        } else {
            let error = (try? response.json())?["error"]
            let text =
                "\(response.status) \(error?["code"]?.string ?? "") \(error?["message"]?.string ?? response.body)"
            refusals[machine][text, default: 0] += 1
            if response.errorCode == "engine", !text.contains("may have it") { refused.insert(number) }
        }
    }
    /// How often a refusal came whose text has this.
    public func refusals(with text: String, machine: Int? = nil) -> Int {
        (machine.map { [refusals[$0]] } ?? refusals).reduce(0) { sum, all in
            sum + all.filter { $0.key.contains(text) }.values.reduce(0, +)
        }
    }

    // MARK: the end

    /// Publishes a last message to each client, and waits until everything that was answered has arrived. What is wrong
    /// then, in words: none if all is well.
    public func finish(seconds: Double = 60) throws -> [String] {
        publishes = false
        try run(until: "no publish is under way", seconds: seconds) { apps.allSatisfy { $0.number == nil } }
        for client in clients.indices {
            try run(until: "a last publish to \(clients[client].name)", seconds: seconds, every: 0.1) {
                let app = apps[client % apps.count]
                let (number, body) = publication(to: client)
                guard
                    let response = try? HTTP.request(
                        "POST", "/publish", port: machines[app.machine].appPort, body: body)
                else { return false }
                ended(number, app.machine, response)
                return answered[number] != nil
            }
        }
        _ = try? run(until: "all has arrived", seconds: seconds) { missing.isEmpty }
        var faults = clients.flatMap(\.faults)
        let lost = missing
        if !lost.isEmpty { faults.append("\(lost.count) answered messages are lost: \(lost.prefix(5))") }
        for (place, client) in clients.enumerated() {
            for (number, times) in client.got.sorted(by: { $0.key < $1.key }) {
                if times > 1 { faults.append("\(client.name) got \(number) \(times) times") }
                if !readers[number].contains(place) {
                    faults.append("\(client.name) got \(number), which is another's")
                }
                if refused.contains(number) { faults.append("\(client.name) got \(number), which was refused") }
            }
        }
        return faults
    }
    private var missing: [String] {
        answered.flatMap { number, id in
            readers[number].filter { clients[$0].got[number] == nil }.map {
                "\(number) to \(clients[$0].name), cursor \(clients[$0].cursor), id \(id)"
            }
        }
    }
    public var gaps: Int { clients.reduce(0) { $0 + $1.gaps } }
    public var replaced: Int { clients.reduce(0) { $0 + $1.replaced } }
    /// Connections of clients that ended before an answer, or were refused.
    public var clientCuts: Int { clients.reduce(0) { $0 + $1.cuts } }
    public func clientCuts(_ kind: Kind) -> Int { clients.reduce(0) { $0 + ($1.kind == kind ? $1.cuts : 0) } }
}

extension Traffic: CustomStringConvertible {
    public var description: String {
        "answered \(answered.count) of \(readers.count), cuts \(cuts) and \(clientCuts), refusals \(refusals), "
            + "gaps \(gaps), replaced \(replaced), got \(clients.map(\.got.count)), "
            + "faults \(clients.flatMap(\.faults).prefix(5))"
    }
}
