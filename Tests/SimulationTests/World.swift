import Comet
import TestSupport

/// The comet path in memory: one manager, some workers, some clients and a publisher. Links deliver in pieces and
/// break, clients vanish between any two steps, processes die, and the simulation moves the clock. The decisions are
/// the real ones; only the sockets are made up. All chance comes from one seed, so its number shows a failure again.
class World {
    struct Settings {
        var workers = 3
        var clients = 12
        var steps = 1500
        /// Chances in 1,000, for each step.
        var publish = 300
        var vanish = 40
        var breakLink = 3
        var killWorker = 3
        var killManager = 1
        var revoke = 15
        var timeToLive: UInt32 = 20_000
        var maxPerClient = 1000
        /// The next manager has the memory of the one that died.
        var journal = false
        /// Publishes to channels, users, several clients and everyone, too.
        var channels = false
        /// Three of four clients show tokens, and apps revoke them.
        var tokens = false
        /// Apps ask what becomes of most messages.
        var receipts = false
        /// Half of the clients have event streams. Those with odd numbers have no cursor at first, as an EventSource.
        var streams = false
        /// Those of them whose numbers can be divided by 8 have WebSockets.
        var sockets = false
        /// The chance that a socket takes only a part of a write, and that one that is blocked stays so for a turn.
        var slow = 50
        var stuck = 0
        /// Milliseconds.
        var heartbeat: UInt32 = 25_000
        /// The most milliseconds that pass in a step.
        var pace = 400
        /// The manager carries out a log that it shares with those of other machines.
        var isClustered = false
        var linger: UInt32 = 3_600_000
        /// Channels whose names begin so tell who is there.
        var presencePrefixes: [String] = []

        func form(of client: Int) -> SimulatedClient.Form {
            guard streams, client % 4 < 2 else { return .poll }
            return sockets && client % 8 == 0 ? .socket : .stream
        }
    }

    let settings: Settings
    let seed: UInt64
    var random: SeededRandom
    var now: UInt64 = 1_000_000
    lazy var manager = ManagerBox(settings, now: now)
    var workers: [SimulatedWorker] = []
    var clients: [SimulatedClient] = []
    /// A publish. The payload is its own number, not the id of the message.
    struct Published {
        let payload: Int
        /// Those who may get it, and those of them who must get it or be told of a gap.
        let audience: Set<Int>
        var owed: Set<Int>
        var channel: String?
    }
    /// All publishes by id.
    var published: [UInt64: Published] = [:]
    /// Who subscribes to each channel.
    var subscribers: [String: Set<Int>] = ["x": [], "y": [], "z": []]
    var payloads = 0
    /// The events that apps are told of messages with a receipt.
    var told = ToldEvents()
    var revocations: [Revocation] = []
    /// Requests and revocations.
    private var lastOrder = 0
    func nextOrder() -> Int {
        lastOrder += 1
        return lastOrder
    }
    /// Nothing breaks any more.
    var isCalm = false
    /// How often a client was told of a revocation, and channels that tokens brought.
    var refusals = 0
    var granted = 0
    var misused = 0
    /// Messages that died with a manager, by client.
    var diedWithManager: [Int: Set<UInt64>] = [:]
    var problems: [String] = []
    /// The history of one client, for a closer look at a seed.
    var traced = ""
    private(set) var trace: [String] = []
    func note(_ who: String, _ text: @autoclosure () -> String) {
        if who == traced { trace.append("\(now) \(text())") }
    }

    init(seed: UInt64, _ settings: Settings) {
        self.seed = seed
        self.settings = settings
        random = SeededRandom(seed)
        workers = (0..<settings.workers).map { SimulatedWorker(number: UInt8($0), seed: seed &+ UInt64($0), settings) }
        clients = (0..<settings.clients).map {
            SimulatedClient(
                number: $0, form: settings.form(of: $0), acknowledges: $0 % 2 == 0,
                hasUser: settings.channels && $0 % 3 > 0, takesTokens: settings.tokens && $0 % 4 < 3)
        }
        for worker in workers { worker.world = self }
    }

    func chance(_ perThousand: Int) -> Bool { random.below(1000) < perThousand }
    func problem(_ text: String) { problems.append("seed \(seed): \(text)") }

    /// The manager of a worker's machine, if it takes the worker's link.
    func manager(of worker: SimulatedWorker) -> ManagerBox? { manager }
    /// The worker to which a client comes next.
    func worker(for client: SimulatedClient) -> SimulatedWorker? { workers[random.below(workers.count)] }

    // MARK: running

    func run() {
        for _ in 0..<settings.steps where problems.isEmpty {
            step(calm: false)
        }
        // Then everything is well for a while, and all remaining messages must find their way.
        isCalm = true
        for _ in 0..<600 where problems.isEmpty { step(calm: true) }
        finish()
    }

    private func step(calm: Bool) {
        now += UInt64(1 + random.below(calm ? 50 : settings.pace))
        manager.switchboard.beginTurn(nanoseconds: now * 1_000_000, wallMilliseconds: wallSeconds * 1000)
        if !calm {
            if settings.channels, chance(60) { changeSubscription() }
            if chance(settings.publish) { if settings.channels, chance(500) { publishWide() } else { publish() } }
            if settings.tokens, chance(100) { publishToGranted() }
            if settings.tokens, chance(settings.revoke) { revoke() }
            if settings.tokens, chance(100) { misuse() }
            if chance(settings.vanish) { clients[random.below(clients.count)].vanish(in: self) }
            if chance(settings.breakLink) { workers[random.below(workers.count)].breakLink() }
            if chance(settings.killWorker) { workers[random.below(workers.count)].die() }
            if chance(settings.killManager) { killManager() }
        }
        for _ in 0..<3 {
            workers[random.below(workers.count)].turn(pieces: !calm)
            clients[random.below(clients.count)].turn(in: self)
        }
        if calm {
            for worker in workers { worker.turn(pieces: false) }
            for client in clients { client.turn(in: self) }
        }
        if chance(200) || calm { manager.switchboard.tick(now: now) }
        manager.flush(self, calm: calm)
        if settings.receipts { readEvents() }
        let queue = manager.switchboard.queue
        if Int(queue.enqueued) - Int(queue.dequeued) - Int(queue.expired) - Int(queue.dropped) != queue.depth {
            problem("the books: \(queue)")
        }
        checkClients(of: manager, workers)
    }

    /// The books count the clients with messages as they come and go. Asking each client must give the same count, in
    /// all and for the worker that each was on.
    func checkClients(of manager: ManagerBox, _ workers: [SimulatedWorker]) {
        let counted = manager.switchboard.queue.clients
        var byWorker: [Int?: Int] = [:]
        for client in clients {
            let presence = manager.presence(client.name, now: now)
            if presence.queued > 0 { byWorker[presence.worker, default: 0] += 1 }
        }
        let sum = byWorker.values.reduce(0, +)
        if counted != sum { problem("the books have \(counted) clients with messages, there are \(sum)") }
        for worker in [nil] + workers.map({ Optional(Int($0.number)) }) {
            let (has, should) = (manager.switchboard.account(worker: worker).clients, byWorker[worker] ?? 0)
            if has != should {
                problem("worker \(worker ?? -1): the books have \(has) clients with messages, there are \(should)")
            }
        }
    }

    private func publish() {
        let client = random.below(clients.count)
        payloads += 1
        let options = options()
        var (name, json) = (clients[client].name, String(payloads))
        let result = name.withUTF8 { name in
            json.withUTF8 {
                manager.switchboard.publish(.client(.init(name)), json: .init($0), options, now: now)
            }
        }
        took(result, [client], [client])
        if options.receipt { expect(result, [name]) }
    }
    /// `owed` are those who must get it, unless they send no cursor.
    func took(_ result: Publication, _ audience: Set<Int>, _ owed: Set<Int>, channel: String? = nil) {
        switch result {
        case .sent(let id), .queued(let id), .several(let id, _, _):
            if published[id] != nil { problem("id \(id) was given twice") }
            published[id] = Published(payload: payloads, audience: audience, owed: owed, channel: channel)
        case .nobody: break
        default: problem("\(result), with \(manager.switchboard.queue.depth) messages")
        }
    }

    /// A client without another receiver was told that it is replaced. A manager that stood still may read two workers'
    /// words in the wrong order.
    func replacedWrongly(_ client: SimulatedClient) {}
    /// A message came to a client.
    func received(_ id: UInt64, _ payload: UInt64, by client: SimulatedClient, isAgain: Bool) {
        guard let message = published[id] else { return problem("\(client.name) got \(id), which nobody published") }
        if !message.audience.contains(client.number) { problem("\(client.name) got \(id), which is not for it") }
        if UInt64(message.payload) != payload { problem("\(client.name) got \(id) with another's data") }
        if isAgain { problem("\(client.name) got \(id) again") }
        checkToken(client, id)
        client.received.insert(id)
    }

    private func killManager() {
        for (id, message) in published where !settings.journal {
            for client in message.owed where !clients[client].received.contains(id) {
                diedWithManager[client, default: []].insert(id)
            }
        }
        // The receivers are not told of it any more.
        if settings.tokens, chance(700) { for _ in 0...random.below(3) { revoke() } }
        for worker in workers { worker.breakLink() }
        manager = ManagerBox(settings, now: now, memory: settings.journal ? manager.memory : nil)
        manager.switchboard.beginTurn(nanoseconds: now * 1_000_000, wallMilliseconds: wallSeconds * 1000)
        if !settings.journal { for at in revocations.indices { revocations[at].isLost = true } }
    }

    /// Checks what must be true when everything that can be delivered has been.
    private func finish() {
        guard problems.isEmpty else { return }
        if settings.receipts { finishReceipts() }
        for client in clients {
            let mine = published.filter { $0.value.owed.contains(client.number) }
            let missing = mine.keys.filter { !client.received.contains($0) }.sorted()
            guard client.acknowledges else { continue }
            // With a cursor nothing is missing without a word: every message that did not come was lost before an
            // answer that said `gap`.
            for id in missing
            where !client.gapCursors.contains(where: { $0 >= id })
                && !(diedWithManager[client.number]?.contains(id) ?? false)
            {
                problem(
                    "\(client.name) never got \(id) (of \(manager.switchboard.queue)), cursor \(client.cursor), gaps "
                        + "\(client.gapCursors)"
                )
            }
        }
        checkGrants()
        let queue = manager.switchboard.queue
        let waiting = clients.filter { $0.acknowledges || $0.form != .poll }.reduce(0) {
            $0 + manager.presence($1.name, now: now).queued
        }
        if queue.depth != waiting {
            problem("\(queue.depth) messages are left in the queue, \(waiting) of them unacknowledged")
        }
    }
}
