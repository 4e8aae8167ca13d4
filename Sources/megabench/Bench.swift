import Glibc

/// The settings of a run. Every way to ask for a scenario fills them.
struct BenchSettings {
    var clients = 8_000
    /// Client processes. 0 means as many as the limit of descriptors requires.
    var processes = 0
    /// MegaComet's workers. 0 means as many as the limit of descriptors requires, at least two.
    var workers = 0
    var form = LoadPlan.Form.json
    var publishForm = LoadPlan.PublishForm.lines
    var keepAlive = true
    var acknowledges = true
    var publishers = 1
    var messageBytes = 48
    var seconds = 5.0
    var perSecond = 5_000.0
    /// Unanswered messages in `unicast`, of all processes together.
    var window = 256
    /// Messages in `queue`.
    var messages = 600_000
    /// Seconds for which `idle` and `million` hold their connections.
    /// Clients that get single messages while others get those of a channel. They have a process of their own.
    var others = 0
    /// The clients of the first worker are a herd that comes to the second, which the others use.
    var isHerd = false
    /// Clients that come and go before `idle` measures again.
    var churn = 0
    /// Messages to all of a channel, or to everyone.
    var rounds = 9
    /// How often `kill` kills, and what.
    var kills = 50
    var victim = Victim.manager
    /// What becomes of each publish is kept, and publishers connect again: for servers that are killed.
    var keepsLedger = false
    /// MegaComet's queue.journal. `nil`: the default.
    var journal: String?
    /// The JWK set with which clients' tokens are made and verified. `nil`: they have none.
    var tokenKeys: String?
    var isTLS = false
    /// Every publish asks for a receipt, and an app reads what becomes of each.
    var hasReceipts = false
    /// The core that the server is held to.
    var serverCore: Int?
    var holdSeconds = 2.0
    var pollTimeoutSeconds = 50.0
    var heartbeatSeconds = 25.0
    /// Seconds after which a phase has failed.
    var limitSeconds = 120.0

    var options: Server.Options {
        Server.Options(
            pollTimeoutSeconds: pollTimeoutSeconds, heartbeatSeconds: heartbeatSeconds, journal: journal,
            tokenKeys: tokenKeys, isTLS: isTLS, core: serverCore, isKilled: keepsLedger)
    }

    var processCount: Int {
        processes > 0 ? processes : max(1, (clients + Server.clientsPerProcess - 1) / Server.clientsPerProcess)
    }
}

/// One server and its client processes, with the measurements before and after.
final class Bench {
    let settings: BenchSettings
    let server: Server
    let fleet: Fleet
    /// The ids of this run's clients begin with it.
    let tag: String
    private let progress: ProgressLine

    init(settings: BenchSettings, server: Server, interrupt: Interrupt, progress: ProgressLine) throws {
        self.settings = settings
        self.server = server
        self.progress = progress
        let plans = Self.plans(settings, server.plan, isOnePerProcess: server.isOnePerProcess)
        tag = plans.first?.tag ?? ""
        fleet = try Fleet(plans: plans, interrupt: interrupt)
        fleet.onProgress = { progress.show($0) }
        if settings.hasReceipts, let plan = plans.first { fleet.receipts = try ReceiptReader(plan: plan) }
    }

    /// Divides the clients over the processes. Each process has addresses of its own, since a local port is used only
    /// once per address and server port.
    static func plans(_ settings: BenchSettings, _ base: LoadPlan, isOnePerProcess: Bool) -> [LoadPlan] {
        let count = settings.processCount
        var tag = Xorshift(seed: monotonicNanoseconds())
        let letters = Array("bcdfghjklmnpqrstvwxz")
        let name = String((0..<4).map { _ in letters[tag.next(below: letters.count)] })
        let channel = channelName(tag: name, clients: settings.clients)
        return (0..<count + (settings.others > 0 ? 1 : 0)).map { index in
            var plan = base
            plan.form = settings.form
            plan.publishForm = settings.publishForm
            plan.keepAlive = settings.keepAlive
            plan.acknowledges = settings.acknowledges
            plan.publishers = max(settings.publishers, base.publishers)
            plan.messageBytes = settings.messageBytes
            plan.tag = name
            (plan.keepsLedger, plan.hasReceipts) = (settings.keepsLedger, settings.hasReceipts)
            plan.first = settings.clients * index / count
            plan.clients =
                index < count ? settings.clients * (index + 1) / count - plan.first : settings.others
            if settings.others > 0, index < count, base.dialect == .nchan { plan.channel = channel }
            // The addresses are 127.1.x.y. With `close` each poll leaves a port behind for a minute, so many addresses
            // are needed.
            plan.sources = settings.keepAlive ? 2 : 200
            plan.source = 0x7F01_0001 + UInt32(index * plan.sources)
            if settings.isHerd {
                plan.ports = 1
                plan.comeBackPort = base.port + 1
                if index == count { plan.port += 1 }
            }
            if isOnePerProcess, index < count {  // the others are clients of the first loop
                plan.port += UInt16(index)
                plan.publishPort += UInt16(index)
            }
            return plan
        }
    }

    func stop() {
        fleet.stop()
        progress.end()
    }

    func phase(_ name: String) { progress.phase = "\(server.name) \(name)" }

    /// Gives each process its part of a count or a rate.
    func share(_ make: (_ part: Double) -> LoadOrder) -> [LoadOrder] {
        Array(repeating: make(1 / Double(settings.processCount)), count: settings.processCount)
    }
}

/// A line on the terminal that is overwritten. Nothing is written if standard error is no terminal.
final class ProgressLine {
    var phase = ""
    private let isTerminal = isatty(2) == 1
    private let started = monotonicNanoseconds()
    private var last = LoadCounts()
    private var lastAt: UInt64 = 0
    private var isShown = false

    func show(_ counts: LoadCounts) {
        guard isTerminal else { return }
        let now = monotonicNanoseconds()
        let seconds = max(0.001, Double(now - max(lastAt, started)) / 1e9)
        let rate = Int(Double(counts.delivered - last.delivered) / seconds)
        let text =
            "\(Measurement.plain(Double(now - started) / 1e9)) s  \(phase): \(counts.polling) polling, "
            + "\(counts.delivered) delivered (\(max(0, rate))/s), \(counts.missing) under way"
        (last, lastAt, isShown) = (counts, now, true)
        write("\r\u{1B}[K" + text)
    }

    func end() {
        if isShown { write("\r\u{1B}[K") }
        isShown = false
        last = LoadCounts()
    }

    private func write(_ text: String) { _ = Glibc.write(2, text, text.utf8.count) }
}
