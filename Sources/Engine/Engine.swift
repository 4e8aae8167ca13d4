import Base
import Glibc
package import Reactor
package import Stats
import Store

/// The store that the machines of a cluster share: one stream in a Redis server, which all machines append to and read.
///
///     idle --start--> searching --a place--> joining --joined--> up
///                      ^   |                  |                  |
///                      |   +------fault-------+------fault-------+
///                      +----a pause------- away <----------------+
///
/// Batches go over one connection, pipelined, by append.lua. Another connection reads the stream. A fault of either
/// ends both, and everything begins anew, for ever. A batch without an answer then is neither appended nor refused:
/// who reads on in the stream finds out, by the sender and number of its entry.
///
/// The handler must live longer than the engine, and the process must ignore SIGPIPE.
package final class Engine {
    /// The engine as it is known now.
    package struct Figures: Equatable, Sendable {
        package var isUp = false
        /// When the engine went up or away, in milliseconds of CLOCK_MONOTONIC.
        package var since: UInt64 = 0
        /// Why it is away.
        package var fault: EngineFault?
        /// The server. Empty if none was reached yet.
        package var address = ""
        package var version: ServerVersion?
        /// The replicas that are connected to the server.
        package var replicas = 0
        package var usedMemory: UInt64 = 0
        /// 0: the server has no bound.
        package var memoryBound: UInt64 = 0
        /// From sending a batch to its answer, in microseconds: that of the last one, and the most since the last
        /// `takeFigures`.
        package var latency: UInt64 = 0
        package var latencyMost: UInt64 = 0
        /// Bytes of batches without an answer.
        package var bytesInFlight = 0
        /// Counts since the start.
        package var appended: UInt64 = 0
        package var read: UInt64 = 0
        package var refused: UInt64 = 0
        /// How often it went away after it was up.
        package var losses: UInt64 = 0
        package init() {}
    }

    package let settings: EngineSettings
    package let epoch: UInt64
    let loop: Loop
    let keys: EngineKeys
    let tell: (_ severity: Severity, _ kind: OperatorEvent, _ text: String) -> Void
    unowned let handler: any EngineHandler

    package var figures = Figures()
    /// The store as this machine knows it.
    var known = Joining.Known()
    private var search: ServerSearch?
    private var joining: Joining?
    /// The places that are left to try.
    private var places: ArraySlice<ServerPlace> = []
    private var placesFault: EngineFault?
    private var retry: Timer?
    private var failures = 0
    private var toldFault: EngineFault?
    private var isStopped = true

    /// The connection for commands, while the engine is up.
    var command: RedisConnection?
    var place: ServerPlace?
    var join: Join?
    var runId = ""
    var appender = Appender(script: "")
    var reader: StreamReader?
    private var look: Timer?
    var sentinelCheck: ServerSearch?

    /// Makes no connection yet. `epoch` names this life of the process. `tell` is called with events for people.
    package init(
        _ loop: Loop, _ settings: EngineSettings, epoch: UInt64,
        tell: @escaping (_ severity: Severity, _ kind: OperatorEvent, _ text: String) -> Void,
        handler: any EngineHandler
    ) {
        self.loop = loop
        self.settings = settings
        self.epoch = epoch
        self.tell = tell
        self.handler = handler
        keys = EngineKeys(settings.prefix)
        figures.since = Clock.monotonicMilliseconds
        retry = Timer(loop) { [unowned self] in attempt() }
        look = Timer(loop) { [unowned self] in lookAround() }
    }
    deinit { stop() }

    /// Connects, and goes on trying. `head` is the last id that the caller has applied, and `firstOfLife` the first id
    /// of the store's life as far as it knows. 0: none. `isShared` is false if it was alone, and knows no store yet.
    package func start(head: UInt64, firstOfLife: UInt64 = 0, isShared: Bool = true) {
        precondition(isStopped, "the engine runs already")
        isStopped = false
        known.seen = max(known.seen, head)
        known.head = head
        known.firstOfLife = firstOfLife
        known.isShared = isShared
        retry?.start(after: 0)
    }
    /// Ends everything. Nobody is told.
    package func stop() {
        isStopped = true
        retry?.stop()
        disconnect()
    }

    package var isUp: Bool { command != nil }
    /// The figures. The most latency begins anew.
    package func takeFigures() -> Figures {
        defer { figures.latencyMost = 0 }
        return figures
    }

    // MARK: connecting

    private func attempt() {
        disconnect()
        let search = ServerSearch(loop, settings) { [unowned self] in
            switch $0 {
            case .success(let found):
                places = found[...]
                tryPlace()
            case .failure(let fault): down(fault)
            }
        }
        self.search = search
        search.begin()
    }
    private func tryPlace() {
        guard let next = places.popFirst() else { return }
        place = next
        joining = Joining(
            loop, settings, next, known, ended: { [unowned self] in down($0.fault("\(next)")) },
            done: { [unowned self] in
                switch $0 {
                case .success(let joined): up(joined)
                case .failure(let fault): places.isEmpty ? down(fault) : tryPlace()
                }
            })
    }
    private func up(_ joined: Joining.Joined) {
        command = joined.connection
        join = joined.join
        known.firstOfLife = joined.join.first
        known.isShared = true
        runId = joined.info.runId
        appender = Appender(script: joined.append)
        let now = Clock.monotonicMilliseconds
        let away = now - figures.since
        figures.isUp = true
        figures.since = now
        figures.fault = nil
        figures.address = joined.join.address
        figures.version = joined.join.version
        note(joined.info)
        look?.start(after: EngineBounds.lookSeconds, every: EngineBounds.lookSeconds)
        let server = "Redis \(joined.join.version) at \(joined.join.address)"
        let life = joined.join.isNewLife ? ", with a new store" : ""
        tell(
            .info, toldFault == nil ? .engine : .recovered,
            "the engine is there: \(server)\(life)"
                + (toldFault == nil ? "" : ", after \(decimals(Double(away) / 1000, 1)) s"))
        if !joined.info.memoryPolicy.isEmpty, joined.info.memoryPolicy != "noeviction" {
            tell(
                .warning, .engine,
                "the server's maxmemory-policy is \(plainText(joined.info.memoryPolicy, most: 40)): when its memory is"
                    + " full it may throw the store away. Set noeviction")
        }
        toldFault = nil
        handler.engineUp(joined.join)
    }

    // MARK: faults

    /// The engine is away. It is tried again after a pause.
    func down(_ fault: EngineFault) {
        guard !isStopped else { return }
        let wasUp = isUp
        let now = Clock.monotonicMilliseconds
        // A server that is lost again and again at once is tried less and less often.
        if wasUp, now - figures.since > UInt64(EngineBounds.retrySeconds.upperBound * 1000) { failures = 0 }
        disconnect()
        let pause = min(
            EngineBounds.retrySeconds.lowerBound * Double(1 << min(failures, 10)), EngineBounds.retrySeconds.upperBound)
        failures += 1
        retry?.start(after: pause * Double.random(in: 0.75...1))
        figures.fault = fault
        guard wasUp || toldFault != fault else { return }
        if wasUp {
            figures.losses += 1
            figures.since = now
        }
        toldFault = fault
        tell(.error, .engine, "the engine is away: \(fault)")
        handler.engineDown(fault)
    }
    private func disconnect() {
        look?.stop()
        search = nil
        sentinelCheck = nil
        command?.close()
        command = nil
        reader?.close()
        reader = nil
        joining?.close()
        joining = nil
        places = []
        appender = Appender(script: "")
        figures.isUp = false
        figures.bytesInFlight = 0
    }
}
