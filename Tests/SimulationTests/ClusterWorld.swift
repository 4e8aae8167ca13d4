import Comet
import TestSupport

/// Several machines in memory, with one shared log. Clients come to any of them. All that can happen to one machine
/// happens to each, and a whole machine dies, reads late, or takes up the log from its beginning. The engine goes away,
/// and loses its newest entries or all.
///
/// Two things are allowed here that a single machine may not do. A client without a cursor that goes to another machine
/// may get there what the first one had just handed to it. And after the engine lost entries, what another machine
/// still knows of them comes under new ids: a client that changes its machine then may get it twice.
final class ClusterWorld: World {
    struct Chances {
        /// Chances in 10,000, for each step.
        var killMachine = 0
        var restartManager = 0
        var lag = 40
        var engineAway = 0
        var loseEntries = 0
        var loseAll = 0
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
    var hasLost = false
    /// It loses nothing more before that.
    private var quietUntil: UInt64 = 0
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
        if log.isAway { engineReturn() }
        for machine in machines {
            machine.lagsUntil = 0
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

    private func happens(_ perTenThousand: Int) -> Bool { random.below(10_000) < perTenThousand }
    private func breakSomething() {
        let machine = machines[random.below(machines.count)]
        let worker = machine.workers[random.below(machine.workers.count)]
        if machine.box != nil {
            if chance(settings.breakLink) { worker.breakLink() }
            if chance(settings.killWorker) { worker.die() }
            if happens(chances.lag) { machine.lagsUntil = now + UInt64(random.below(20_000)) }
            if happens(chances.restartManager) { restart(machine, fresh: false) }
            if happens(chances.restartFresh) { restart(machine, fresh: true) }
            if happens(chances.keep) { machine.keep() }
            if happens(chances.killMachine), machines.filter({ $0.box != nil }).count > 1 {
                loseWalk(machine)
                machine.die()
                machine.returns = now + UInt64(random.below(60_000))
            }
        } else if machine.returns <= now {
            machine.start()
        }
        if log.isAway {
            if engineReturns <= now { engineReturn() }
        } else if happens(chances.engineAway) {
            log.isAway = true
            engineReturns = now + UInt64(random.below(20_000))
        } else if now < quietUntil {
            return
        } else if happens(chances.loseEntries) {
            lose(log.lose(min(log.entries.filter { $0.first > keptUpTo }.count, 1 + random.below(10))))
        } else if happens(chances.loseAll) {
            lose(log.loseAll(now: now))
        }
    }
    private func restart(_ machine: Machine, fresh: Bool) {
        loseWalk(machine)
        if fresh { machine.start() } else { machine.restart() }
    }
    private func engineReturn() {
        log.isAway = false
        for machine in machines { machine.rejoin() }
    }
    /// The engine has lost these entries. What no machine knows of them is lost, and that is allowed.
    private func lose(_ entries: [SharedLog.Entry]) {
        guard !entries.isEmpty else { return }
        hasLost = true
        now += 1000
        quietUntil = now + 20_000
        trims = []
        for entry in entries { forget(entry, isKnown: machines.contains { $0.has(entry) }) }
        for machine in machines { machine.rejoin() }
    }
    /// A machine goes that was about to tell again what the engine had lost. It may have been the only one.
    private func loseWalk(_ machine: Machine) {
        guard hasLost, machine.isWalking else { return }
        for payload in sent.keys where sent[payload]?.wasLost == true { sent[payload]?.isExcused = true }
    }
}
