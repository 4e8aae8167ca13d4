import Base
import Reactor

/// Connects to one place and joins the store there.
///
///     connecting, signing in --a server that can be used--> loading the script of batches --> joining --> done
///                                                                          giving back, waiting <--|  ^
///                                                                                    +----------------+
///
/// If the server may have lost something, the machines give back what they have read, each what the stream lacks yet.
final class Joining {
    /// A connection that has joined.
    struct Joined {
        let connection: RedisConnection
        let join: Join
        let info: ServerInfo
        /// The name of append.lua at the server.
        let append: String
    }
    /// The store as the machine knows it.
    struct Known {
        /// The highest id that it has seen.
        var seen: UInt64 = 0
        /// The last id of the entry that it has read last. 0: none.
        var head: UInt64 = 0
        /// The first id of the life. 0: it is not known.
        var firstOfLife: UInt64 = 0
        /// It was read in a store. False: the machine was alone, and made it itself.
        var isShared = true
        var recent = RecentEntries()
    }
    private let settings: EngineSettings
    private let keys: EngineKeys
    private var known: Known
    private let done: (Result<Joined, EngineFault>) -> Void
    private var connection: RedisConnection?
    /// When it is done, the connection's end is told here.
    private var ended: (RedisConnection.End) -> Void
    private var pause: Timer?
    /// The join that is repeated.
    private var again: () -> Void = {}
    /// The end of the stream behind which this machine has nothing to give back.
    private var hasNothingBehind: UInt64?
    private var givenBack = 0
    private var hasMadeLife = false

    /// `done` is called once, from the loop. `ended` is told the end of a connection that has joined.
    init(
        _ loop: Loop, _ settings: EngineSettings, _ place: ServerPlace, _ known: Known,
        ended: @escaping (RedisConnection.End) -> Void, done: @escaping (Result<Joined, EngineFault>) -> Void
    ) {
        self.settings = settings
        keys = EngineKeys(settings.prefix)
        self.known = known
        self.done = done
        self.ended = { done(.failure($0.fault("\(place)"))) }
        pause = Timer(loop) { [unowned self] in again() }
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
    func close() {
        pause?.stop()
        connection?.close()
    }

    private func load(_ info: ServerInfo, _ ended: @escaping (RedisConnection.End) -> Void) {
        guard let connection else { return }
        connection.send(["SCRIPT", "LOAD", Scripts.append]) { [unowned self] reply in
            guard let name = reply.text else { return refuse(reply) }
            again = { [unowned self] in join(info, append: name, ended) }
            again()
        }
    }
    private func join(_ info: ServerInfo, append: String, _ ended: @escaping (RedisConnection.End) -> Void) {
        guard let connection, let version = info.version else { return }
        let life = hex(UInt64.random(in: 1...UInt64.max), digits: 16)
        let words =
            ["EVAL", Scripts.join, "2", keys.life, keys.log]
            + [life, info.runId, "\(known.seen)", "\(EngineBounds.keyMilliseconds)", "\(known.head)"]
            + ["\(known.firstOfLife)", settings.name, hasNothingBehind.map { "\($0)" } ?? ""]
            + ["\(EngineBounds.mendMilliseconds)", known.isShared ? "1" : "0"]
        connection.send(words) { [unowned self] reply in
            guard reply.count == 9, let life = reply[0].text, let first = reply[1].number, let end = reply[2].number,
                let last = reply[3].number, let shared = reply[5].number, let time = reply[6].number
            else { return refuse(reply) }
            if reply[4].number == 1 { hasMadeLife = true }
            guard reply[7].number == 0 else { return giveBack(behind: end, life: life, info) }
            let join = Join(
                life: life, first: first, end: end, last: last, isBehind: shared < known.head,
                lacksBeginning: reply[8].number == 0, givenBack: givenBack, isNewLife: hasMadeLife, time: time,
                version: version, address: connection.address)
            tryRights { [unowned self] in
                self.ended = ended
                // The recent entries are the engine's alone from now on.
                known = Known()
                done(.success(Joined(connection: connection, join: join, info: info, append: append)))
            }
        }
    }
    /// Does what is done all the time once the engine is up, and has not been done yet. A user who may not do that
    /// would make the engine come and go all the time, and nobody would be told why.
    private func tryRights(_ all: @escaping () -> Void) {
        guard let connection else { return }
        // Both are answered at once: nothing is in the stream behind its end, and no replica is waited for.
        let reading = ["XREAD", "COUNT", "1", "STREAMS", keys.log, "$"]
        connection.send(reading) { [unowned self] reply in
            guard reply.error == nil else { return refuse(reply) }
            guard settings.replicas > 0 else { return all() }
            connection.send(["WAIT", "0", "0"]) { [unowned self] in $0.error == nil ? all() : refuse($0) }
        }
    }

    /// Gives back what the stream lacks behind this end, or waits for others who do.
    private func giveBack(behind end: UInt64, life: String, _ info: ServerInfo) {
        let entries = end < known.head ? known.recent.behind(end) : []
        guard !entries.isEmpty || end == 0 && known.head > 0 else {
            // The first answer comes at once: most servers that were restarted lack nothing.
            guard hasNothingBehind != end else { return pause?.start(after: EngineBounds.mendSeconds) ?? () }
            hasNothingBehind = end
            return again()
        }
        givenBack += entries.count
        var words = RedisCommand(count: 9 + 6 * entries.count)
        for word in ["EVAL", Scripts.give, "2", keys.log, keys.life, life, info.runId] { words.add(word) }
        words.add(EngineBounds.keyMilliseconds)
        words.add(known.head)
        for entry in entries {
            words.add(entry.id)
            words.add(entry.from)
            words.add(entry.time)
            words.add(entry.count)
            words.add(entry.previous)
            entry.records.withUnsafeBytes { words.add($0) }
        }
        connection?.send(words) { [unowned self] reply in
            if reply.error != nil { return refuse(reply) }
            again()
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
