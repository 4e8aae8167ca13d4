import Base

/// The first commands on a connection to the server: who we are, and whether the server is one that can be used.
enum SignIn {
    /// Sends them all at once. `done` is called when the last answer is there, or at the first fault.
    static func begin(
        _ connection: RedisConnection, _ settings: EngineSettings, name: String,
        done: @escaping (Result<ServerInfo, EngineFault>) -> Void
    ) {
        let address = connection.address
        var fault: EngineFault?
        func ask(_ words: [String], _ answered: @escaping (Reply) -> Void = { _ in }) {
            connection.send(words) { reply in
                guard fault == nil else { return }
                guard let error = reply.error else { return answered(reply) }
                let found = EngineFault.answered(error, by: address)
                fault = found
                done(.failure(found))
            }
        }
        if let password = settings.redis.password {
            ask(["AUTH"] + (settings.redis.user.map { [$0] } ?? []) + [password])
        }
        if settings.redis.database != 0 { ask(["SELECT", "\(settings.redis.database)"]) }
        // The name is for people who look at the server's list of clients. A user that may not set it does without.
        connection.send(["CLIENT", "SETNAME", name]) { _ in }
        var text = ""
        ask(["INFO", "server"]) { text = $0.text ?? "" }
        ask(["INFO", "memory"]) { text += $0.text ?? "" }
        ask(["ROLE"]) { reply in
            let info = ServerInfo(text)
            let role = reply.count > 0 ? reply[0].text ?? "" : ""
            if let found = unfit(info, role: role, address) { done(.failure(found)) } else { done(.success(info)) }
        }
    }
    /// Why a server can't be used.
    static func unfit(_ info: ServerInfo, role: String, _ address: String) -> EngineFault? {
        guard let version = info.version, !info.runId.isEmpty else {
            return .unreadable("INFO tells no version and no run id")
        }
        if let fault = unfit(role: role, address) { return fault }
        if version < EngineBounds.oldestVersion { return .tooOld(version) }
        return info.mode == "cluster" ? .shards : nil
    }
    static func unfit(role: String, _ address: String) -> EngineFault? {
        switch role {
        case "master": nil
        case "slave": .notMaster(address, role: "replica")
        default: .notMaster(address, role: plainText(role, most: 40))
        }
    }
}
