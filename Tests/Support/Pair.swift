import FreePorts
import Glibc

/// A manager and its workers, started by hand as an operator could, without a supervisor.
public final class Pair {
    public let folder: Folder
    public private(set) var manager: Program?
    public private(set) var workers: [Program?]
    /// Worker n listens on `firstClientPort + n`.
    public let firstClientPort: Int
    public let linkPort: Int
    public let appPort: Int
    private let statsPort: Int
    private let managerSettings: [String: String]
    private let workerSettings: [String: String]
    private let environment: [String: String]

    /// `settings` are the daemons' arguments without dashes; an empty value leaves the argument out. `linkPort` is a
    /// port where a test stands in for the manager. `environment` is the manager's. `descriptors` is the most that each
    /// worker may open. Returns when all workers are linked.
    public init(
        workers count: Int = 1, manager managerSettings: [String: String] = [:],
        worker workerSettings: [String: String] = [:],
        startsManager: Bool = true, linkPort: Int? = nil, descriptors: Int? = nil,
        environment: [String: String] = [:]
    ) throws {
        self.environment = environment
        folder = try Folder()
        firstClientPort = try Ports.free(max(1, count))
        self.linkPort = try linkPort ?? Ports.free()
        appPort = try Ports.free()
        statsPort = try Ports.free()
        self.managerSettings = managerSettings
        self.workerSettings = workerSettings
        workers = Array(repeating: nil, count: count)
        if startsManager { try startManager() }
        for number in 0..<count { try startWorker(number, descriptors: descriptors, untilLinked: startsManager) }
    }

    public var client: Int { firstClientPort }
    public func clientPort(_ worker: Int) -> Int { firstClientPort + worker }
    public var app: Publisher { Publisher(port: appPort) }
    public func poller(_ client: String, worker: Int = 0, form: Poller.Form = .json, cursor: Int? = nil) -> Poller {
        Poller(port: clientPort(worker), client: client, form: form, cursor: cursor)
    }
    /// Starts a poll and returns when the manager knows of it.
    public func held(_ client: String, worker: Int = 0, form: Poller.Form = .json, cursor: Int? = nil) throws -> Poller
    {
        let poller = poller(client, worker: worker, form: form, cursor: cursor)
        try poller.start()
        try app.waitUntilConnected(client, worker: worker)
        return poller
    }

    private func arguments(_ defaults: [String: String], _ changes: [String: String]) -> [String] {
        defaults.merging(changes) { $1 }.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }.flatMap {
            ["--\($0.key)", $0.value]
        }
    }

    public func startManager() throws {
        let program = try Program(
            "megamanager",
            arguments(
                [
                    "address": "127.0.0.1", "port": "\(linkPort)", "app-address": "127.0.0.1", "app-port": "\(appPort)",
                    "workers": "\(max(1, workers.count))",
                    "run-directory": folder.path, "stats": "127.0.0.1:\(statsPort)",
                ], managerSettings), in: folder, environment: environment)
        manager = program
        try waitUntil(program, "serves apps") { (try? HTTP.request("GET", "/stats", port: appPort)) != nil }
    }
    public func startWorker(_ number: Int, descriptors: Int? = nil, untilLinked: Bool = true) throws {
        let program = try Program(
            "megaworker",
            arguments(
                [
                    "number": "\(number)", "address": "127.0.0.1", "port": "\(clientPort(number))",
                    "manager": "127.0.0.1:\(linkPort)",
                    "workers": "\(workers.count)", "run-directory": folder.path, "stats": "127.0.0.1:\(statsPort)",
                ], workerSettings), in: folder, descriptors: descriptors)
        workers[number] = program
        try waitUntil(program, untilLinked ? "is linked" : "serves") {
            guard let response = try? HTTP.request("GET", "/_/health", port: clientPort(number)) else { return false }
            return response.status == 200 || !untilLinked
        }
    }
    private func waitUntil(_ program: Program, _ what: String, _ condition: () throws -> Bool) throws {
        do {
            try eventually("\(program.name) \(what)") {
                guard program.isRunning else { throw Failure("\(program.name) ended") }
                return try condition()
            }
        } catch { throw Failure("\(error); its output:\n\(program.output)") }
    }
    public func waitUntilLinked(_ worker: Int = 0) throws {
        try waitUntil(workers[worker]!, "is linked") {
            try HTTP.request("GET", "/_/health", port: clientPort(worker)).status == 200
        }
    }
    public func killManager() {
        manager?.kill()
        manager = nil
    }
    public func killWorker(_ number: Int) {
        workers[number]?.kill()
        workers[number] = nil
    }

    /// The programs that have ended, with their output. It is empty if all run.
    public var ended: String {
        (workers + [manager]).compactMap { $0 }.filter { !$0.isRunning }.map { "\($0.name) ended:\n\($0.output)" }
            .joined(separator: "\n")
    }
}
