import Base
import Reactor

/// Connects to one place and joins the store there.
///
///     connecting, signing in --a server that can be used--> loading the script of batches --> joining --> done
final class Joining {
    /// A connection that has joined.
    struct Joined {
        let connection: RedisConnection
        let join: Join
        let info: ServerInfo
        /// The name of append.lua at the server.
        let append: String
    }
    private let settings: EngineSettings
    private let seen: UInt64
    private let head: UInt64
    private let done: (Result<Joined, EngineFault>) -> Void
    private var connection: RedisConnection?
    /// When it is done, the connection's end is told here.
    private var ended: (RedisConnection.End) -> Void

    /// `done` is called once, from the loop. `ended` is told the end of a connection that has joined.
    init(
        _ loop: Loop, _ settings: EngineSettings, _ place: ServerPlace, seen: UInt64, head: UInt64,
        ended: @escaping (RedisConnection.End) -> Void, done: @escaping (Result<Joined, EngineFault>) -> Void
    ) {
        self.settings = settings
        self.seen = seen
        self.head = head
        self.done = done
        self.ended = { done(.failure($0.fault("\(place)"))) }
        let connection = RedisConnection(loop, place) { [unowned self] in self.ended($0) }
        self.connection = connection
        SignIn.begin(connection, settings, name: "megacomet-\(settings.name)") { [unowned self] in
            switch $0 {
            case .success(let info): load(info, ended)
            case .failure(let fault): fail(fault)
            }
        }
    }
    /// Ends the connection, also one that has joined.
    func close() { connection?.close() }

    private func load(_ info: ServerInfo, _ ended: @escaping (RedisConnection.End) -> Void) {
        guard let connection else { return }
        connection.send(["SCRIPT", "LOAD", Scripts.append]) { [unowned self] reply in
            guard let name = reply.text else { return refuse(reply) }
            join(info, append: name, ended)
        }
    }
    private func join(_ info: ServerInfo, append: String, _ ended: @escaping (RedisConnection.End) -> Void) {
        guard let connection, let version = info.version else { return }
        let life = hex(UInt64.random(in: 1...UInt64.max), digits: 16)
        let keys = EngineKeys(settings.prefix)
        let words =
            ["EVAL", Scripts.join, "2", keys.life, keys.log]
            + [life, info.runId, "\(seen)", "\(EngineBounds.keyMilliseconds)", "\(head)"]
        connection.send(words) { [unowned self] reply in
            guard reply.count == 8, let life = reply[0].text, let first = reply[1].number, let end = reply[2].number,
                let last = reply[3].number, let firstEntry = reply[4].number, let shared = reply[6].number,
                let time = reply[7].number
            else { return refuse(reply) }
            let join = Join(
                life: life, first: first, end: end, last: last, firstEntry: firstEntry, shared: shared,
                isNewLife: reply[5].number == 1, time: time, version: version, address: connection.address)
            tryRights { [unowned self] in
                self.ended = ended
                done(.success(Joined(connection: connection, join: join, info: info, append: append)))
            }
        }
    }
    /// Does what is done all the time once the engine is up, and has not been done yet. A user who may not do that
    /// would make the engine come and go all the time, and nobody would be told why.
    private func tryRights(_ all: @escaping () -> Void) {
        guard let connection else { return }
        // Both are answered at once: nothing is in the stream behind its end, and no replica is waited for.
        let reading = ["XREAD", "COUNT", "1", "STREAMS", EngineKeys(settings.prefix).log, "$"]
        connection.send(reading) { [unowned self] reply in
            guard reply.error == nil else { return refuse(reply) }
            guard settings.replicas > 0 else { return all() }
            connection.send(["WAIT", "0", "0"]) { [unowned self] in $0.error == nil ? all() : refuse($0) }
        }
    }
    private func refuse(_ reply: Reply) {
        guard let connection else { return }
        fail(
            reply.error.map { .answered($0, by: connection.address, replicas: settings.replicas) }
                ?? .unreadable("a script's answer"))
    }
    private func fail(_ fault: EngineFault) {
        connection?.close()
        done(.failure(fault))
    }
}
