import Comet
import TestSupport

/// Several machines in memory, with one shared log. Clients come to any of them. All that can happen to one machine
/// happens to each, and a whole machine dies, reads late, or takes up the log from its beginning. The engine goes away,
/// and loses its newest entries or all.
///
/// One thing is allowed here that a single machine may not do: a client without a cursor that goes to another machine
/// may get there what the first one had just handed to it.
final class ClusterWorld: World {
    struct Chances {
        /// Chances in 10,000, for each step.
        var killMachine = 0
        var restartManager = 0
        var lag = 40
        var engineAway = 0
        /// The server is restarted, and has lost its newest entries or all.
        var loseEntries = 0
        var loseAll = 0
        /// A machine comes too late to give back what was lost.
        var late = 0
        /// A client with a cursor may be told of a gap.
        var allowsGaps = true
        var keep = 0
        var restartFresh = 0
        /// The chance in 1,000 that a client goes to any machine with its next connection, and that it makes a new one.
        var hop = 300
        var reconnect = 100
        /// The chance in 1,000 that a message is only for connected clients.
        var transient = 50
    }
    let chances: Chances
    var log: SharedLog
    var machines: [Machine] = []
    /// What may be removed from the log, and when.
    var trims: [(from: UInt64, due: UInt64)] = []
    /// What is up to here can't get lost: what came before it was removed.
    private var keptUpTo: UInt64 = 0
    private var engineReturns: UInt64 = 0
    /// It loses nothing more before that.
    private var quietUntil: UInt64 = 0
    /// Entries that the engine has lost, and that machines may give back.
    private var lost: [SharedLog.Entry] = []
    /// Those of them that nobody gave back in time.
    var forgotten: [SharedLog.Entry] = []
    /// Client and channel whose subscription the engine forgot, or the end of it.
    var unclear: Set<String> = []
    /// All publishes by payload.
    var sent: [Int: Sent] = [:]
    var ops: [Op] = []
    var homes: [Int: Int] = [:]
    var answered = 0

    init(seed: UInt64, machines count: Int, _ settings: Settings, _ chances: Chances) {
        self.chances = chances
        log = SharedLog(now: 1_000_000)
        super.init(seed: seed, settings)
        workers = []
        for number in 0..<count {
            let own = (0..<settings.workers).map {
                SimulatedWorker(number: UInt8($0), seed: seed &+ UInt64(number * 16 + $0), settings)
            }
            for worker in own { worker.world = self }
            let machine = Machine("m\(number)", self, workers: own)
            machines.append(machine)
            machine.start()
        }
    }
    override func manager(of worker: SimulatedWorker) -> ManagerBox? {
        guard let machine = machines.first(where: { $0.workers.contains { $0 === worker } }) else { return nil }
        return machine.isServing ? machine.box : nil
    }
    /// Half of the clients stay on their machine as long as it is there.
    override func worker(for client: SimulatedClient) -> SimulatedWorker? {
        let living = machines.indices.filter { machines[$0].box != nil }
        guard !living.isEmpty else { return nil }
        var home = homes[client.number] ?? client.number % machines.count
        if !living.contains(home) || chance(client.number % 4 < 2 ? chances.hop : chances.hop / 10) {
            home = living[random.below(living.count)]
        }
        homes[client.number] = home
        return machines[home].workers[random.below(machines[home].workers.count)]
    }
    override func received(_ id: UInt64, _ payload: UInt64, by client: SimulatedClient, isAgain: Bool) {
        check(id, payload, by: client, isAgain: isAgain)
    }

    /// Here words are read late, and no machine ends a receiver before it has asked.
    override func replacedWrongly(_ client: SimulatedClient) {
        problem("\(client.name) is told that it is replaced, and has no other receiver")
    }

    // MARK: running

    override func run() {
        for _ in 0..<settings.steps where problems.isEmpty { step(calm: false) }
        isCalm = true
        heal()
        for _ in 0..<400 where problems.isEmpty { step(calm: true) }
        // Everybody gets something, so every cursor is behind what was carried again.
        for client in clients { publish(to: client, on: machines[0]) }
        for _ in 0..<300 where problems.isEmpty { step(calm: true) }
        // With their next receivers all say what they have.
        for client in clients { client.vanish(in: self) }
        for _ in 0..<300 where problems.isEmpty { step(calm: true) }
        for machine in machines { machine.catchUp() }
        finishCluster()
    }
    private func heal() {
        log.isAway = false
        for machine in machines {
            (machine.lagsUntil, machine.joins) = (0, min(machine.joins, now))
            if machine.box == nil { machine.start() }
        }
    }
    private func step(calm: Bool) {
        now += UInt64(1 + random.below(calm ? 50 : settings.pace))
        for machine in machines { machine.beginTurn() }
        if !calm {
            if settings.channels, chance(60) { askForSubscription() }
            if chance(settings.publish) { publishSomething() }
            if chance(10) { disconnectSomebody() }
            if chance(settings.vanish) { clients[random.below(clients.count)].vanish(in: self) }
            if chance(chances.reconnect) { clients[random.below(clients.count)].vanish(in: self) }
            breakSomething()
        }
        let living = machines.filter { $0.box != nil }
        for machine in living {
            for worker in machine.workers where calm || chance(500) { worker.turn(pieces: !calm) }
        }
        for _ in 0..<3 { clients[random.below(clients.count)].turn(in: self) }
        if calm { for client in clients { client.turn(in: self) } }
        for machine in machines {
            machine.turn(calm: calm)
            guard let box = machine.box else { continue }
            if chance(200) || calm { box.switchboard.tick(now: now) }
            box.flush(self, calm: calm)
            checkBooks(machine, box)
        }
        if let first = trims.first, first.due <= now {
            trims.removeFirst()
            keptUpTo = log.end
            log.trim(upTo: first.from)
        }
    }
    private func checkBooks(_ machine: Machine, _ box: ManagerBox) {
        let queue = box.switchboard.queue
        if Int(queue.enqueued) - Int(queue.dequeued) - Int(queue.expired) - Int(queue.dropped) != queue.depth {
            problem("the books of \(machine.name): \(queue)")
        }
        if isCalm { checkClients(of: box, machine.workers) }
    }

    // MARK: what breaks

    func happens(_ perTenThousand: Int) -> Bool { random.below(10_000) < perTenThousand }
    private func breakSomething() {
        let machine = machines[random.below(machines.count)]
        let worker = machine.workers[random.below(machine.workers.count)]
        if machine.box != nil {
            if chance(settings.breakLink) { worker.breakLink() }
            if chance(settings.killWorker) { worker.die() }
            if happens(chances.lag) { machine.lagsUntil = now + UInt64(random.below(20_000)) }
            if happens(chances.restartManager) { machine.restart() }
            if happens(chances.restartFresh) { end(machine) { machine.start() } }
            if happens(chances.keep) { machine.keep() }
            if happens(chances.killMachine), machines.filter({ $0.box != nil }).count > 1 {
                end(machine) { machine.die() }
                machine.returns = now + UInt64(random.below(60_000))
            }
        } else if machine.returns <= now {
            machine.start()
        }
        if log.isAway {
            if engineReturns <= now { log.isAway = false }
        } else if happens(chances.engineAway) {
            log.isAway = true
            engineReturns = now + UInt64(random.below(20_000))
        } else if now < quietUntil {
            return
        } else if happens(chances.loseEntries) {
            lose(log.restart(losing: random.below(min(11, log.entries.count { $0.first > keptUpTo } + 1))))
        } else if happens(chances.loseAll) {
            lose(log.loseAll())
        }
    }
    private func lose(_ entries: [SharedLog.Entry]) {
        lost += entries
        quietUntil = now + 20_000
        trims = []
    }
    /// A machine joins the log. When the machines have given back what they had, what is not there is lost.
    func join(_ name: String, head: UInt64, first: UInt64, recent: [SharedLog.Entry]) -> SharedLog.Join {
        let join = log.join(name, head: head, first: first, recent: recent, now: now, lost: &lost)
        if case .joined = join {
            for entry in lost where !log.has(entry) { forget(entry, isKnown: machines.contains { $0.has(entry) }) }
            lost = []
        }
        return join
    }
    /// Knowledge that only this machine has ends with it, and that is allowed.
    private func end(_ machine: Machine, _ end: () -> Void) {
        let only = (lost + forgotten).filter { entry in
            machine.has(entry) && !machines.contains { $0 !== machine && $0.has(entry) }
        }
        end()
        for entry in only { forget(entry, isKnown: false) }
    }
}
