import Glibc

/// The server has not what the scenario asks of it.
struct Lacks: Error, CustomStringConvertible {
    var what: String
    var description: String { "this server has no \(what)" }
}

/// One message to many: a channel, and everyone.
extension Bench {
    /// The processes of the clients that get the broadcast. One more process may hold the others.
    private var subscribers: Range<Int> { 0..<settings.processCount }
    private var bystanders: Range<Int> { settings.processCount..<settings.processCount + (settings.others > 0 ? 1 : 0) }

    /// A message to all subscribers of a channel, again and again, and meanwhile messages to clients that don't
    /// subscribe.
    func channel(_ result: inout Measurement) throws {
        try connect(&result)
        if server.kind != .limit, server.kind != .nchan { try subscribe() }
        try settleAndReset()
        phase("channel")
        let told = try tell(rounds: settings.rounds, everyone: false)
        try finish(&result, told)
        result.add("others", settings.others)
        result.add(latencies: fleet.latencies)
    }

    /// A message to everyone, and the memory that the manager takes for it.
    func broadcast(_ result: inout Measurement) throws {
        try connect(&result)
        try settleAndReset()
        phase("broadcast")
        let before = managerBytes
        let told = try tell(rounds: settings.rounds, everyone: true)
        let after = managerBytes
        try finish(&result, told)
        result.add("manager_private_before_bytes", before)
        result.add("manager_private_after_bytes", after)
    }

    private var managerBytes: Int { server.usage().filter { $0.name == "megamanager" }.privateBytes }

    private func finish(_ result: inout Measurement, _ told: [Double]) throws {
        try settle()
        let counts = try fleet.report()
        result.add("rounds", told.count)
        result.add("told_ms", 1_000 * (Comparison.Row.median(told) ?? 0))
        result.add("told_least_ms", 1_000 * (told.min() ?? 0))
        result.add("told_most_ms", 1_000 * (told.max() ?? 0))
        result.add("refused", counts.refused)
        result.check(counts)
    }

    /// The name ends in the number of subscribers, since the limit knows no other way to say who they are.
    private var channelName: String { Self.channelName(tag: tag, clients: settings.clients) }
    static func channelName(tag: String, clients: Int) -> String { "\(tag)all\(clients)" }

    /// Subscribes all clients but the others, in batches.
    private func subscribe() throws {
        let app = try AppClient(host: server.plan.publishHost, port: server.plan.publishPort)
        for first in stride(from: 0, to: settings.clients, by: 10_000) {
            let names = (first..<min(settings.clients, first + 10_000)).map { "\"\(tag)\($0)\"" }
            let body = "{\"channel\":\"\(channelName)\",\"clients\":[\(names.joined(separator: ","))]}"
            let (status, answer) = try app.request("POST", "/subscribe", body)
            if status == 404 { throw Lacks(what: "channels") }
            guard status == 200 else { throw Fleet.Trouble(description: "subscribe: \(status) \(answer)") }
        }
    }

    /// Publishes one round after another.
    /// - Returns: for each, the seconds until the last had it. The first is to warm up and is left out. A round that
    ///   did not come to all is left out as well; what is missing is counted.
    private func tell(rounds: Int, everyone: Bool) throws -> [Double] {
        let ports = server.isOnePerProcess ? settings.processCount : 1
        let apps = try (0..<ports).map {
            try AppClient(host: server.plan.publishHost, port: server.plan.publishPort + UInt16($0))
        }
        var told: [Double] = []
        for round in 1...rounds + 1 {
            fleet.begin(.gather(round: round, seconds: settings.limitSeconds), of: subscribers)
            fleet.begin(
                .steady(perSecond: settings.perSecond, seconds: settings.limitSeconds, any: false), of: bystanders)
            // So the broadcast meets others that are under way.
            try fleet.hold(seconds: 0.05)
            for app in apps { try publish(round, everyone: everyone, over: app) }
            let seconds = try fleet.finish(
                of: subscribers, limit: settings.limitSeconds + 5, what: "broadcast \(round)")
            try settle(bystanders)
            if round == 1 { try fleet.carryOut(.reset, limit: 10) } else if seconds > 0 { told.append(seconds) }
        }
        return told
    }

    private func publish(_ round: Int, everyone: Bool, over app: AppClient) throws {
        let mark = Mark(nanoseconds: monotonicNanoseconds(), client: Mark.everyone, sequence: UInt32(round))
        let text = mark.text(bytes: settings.messageBytes)
        switch server.kind {
        case .limit:
            let answer = try app.line("{\"channel\":\"\(channelName)\",\"message\":\"\(text)\"}")
            guard answer.hasPrefix("{\"id\"") else { throw Fleet.Trouble(description: "publish: \(answer)") }
        case .nchan:
            let (status, answer) = try app.request("POST", "/pub/\(channelName)", text)
            guard status == 201 || status == 202 else {
                throw Fleet.Trouble(description: "publish: \(status) \(answer)")
            }
        case .megacomet, .daemons:
            let target = everyone ? "\"everyone\":true" : "\"channel\":\"\(channelName)\""
            let (status, answer) = try app.request("POST", "/publish", "{\(target),\"message\":\"\(text)\"}")
            guard status == 200 || status == 202 else {
                throw Fleet.Trouble(description: "publish: \(status) \(answer)")
            }
        }
    }
}
