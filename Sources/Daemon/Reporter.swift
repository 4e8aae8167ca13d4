import Base
import Configuration
import Glibc
import Logging
import Reactor
import Stats

/// Sends the daemon's reports: one each interval, and one at once when something changes. It never waits for anyone: a
/// report that the kernel does not take is counted and forgotten.
final class Reporter {
    private unowned let daemon: Daemon
    private unowned let program: any DaemonProgram
    private let interval: Double
    private let meter: LoopMeter
    private let socket: DatagramSocket?
    private var writer: StatsWriter
    private var timer: Timer?
    private var lastTick: UInt64 = 0
    private var sendErrors: UInt64 = 0
    /// Open descriptors without the clients' sockets. They are counted once, since counting takes milliseconds with
    /// 100,000 clients.
    private let baseDescriptors: Int

    init(_ daemon: Daemon, _ program: any DaemonProgram) {
        self.daemon = daemon
        self.program = program
        let arguments = daemon.arguments
        interval = arguments.settings.stats.interval
        meter = LoopMeter(daemon.loop)
        socket = Reporter.socket(to: arguments.settings.stats, daemon.log)
        baseDescriptors = ProcessUsage.openDescriptors()

        var header = StatsPacket.Header()
        header.boot = daemon.boot
        header.role =
            switch arguments.role {
            case .worker: .worker
            case .manager: .manager
            case .webhook: .webhook
            }
        header.instance = UInt16(arguments.number)
        header.pid = UInt32(getpid())
        header.startTime = Clock.wallMilliseconds
        header.interval = UInt32(interval * 1000)
        header.generation = UInt16(truncatingIfNeeded: arguments.generation)
        writer = StatsWriter(header, token: daemon.token)
    }

    private static func socket(to hub: Settings.Stats, _ log: Logger) -> DatagramSocket? {
        guard let hub = SocketAddress(Endpoint(hub.address, UInt16(hub.port))) else { return nil }
        do {
            let made = try DatagramSocket(Endpoint(hub.ip.loopback, 0), receiveBufferBytes: 4096)
            if made.connect(to: hub) { return made }
            throw SystemError("connect \(hub)")
        } catch { log.warning("no socket for reports: \(error)") }
        return nil
    }

    func start() {
        timer = Timer(daemon.loop) { [unowned self] in tick() }
        lastTick = Clock.monotonicNanoseconds
        send()
        timer?.start(after: untilPhase, every: interval)
    }

    /// Seconds until this worker's turn to report. Workers report in groups, and each group has its own tenth of the
    /// interval by the machine's clock. The workers of a group find the processor awake and its caches warm, which
    /// halves the cost of a report. The hub looks at the reports after each tenth.
    private var untilPhase: Double {
        let groups = (daemon.arguments.settings.workers.count + Reporter.groupSize - 1) / Reporter.groupSize
        let phase = Double(daemon.arguments.number % groups * 10 / groups) / 10
        let now = (Double(lastTick) / 1e9 / interval).truncatingRemainder(dividingBy: 1)
        return (phase > now ? phase - now : phase - now + 1) * interval
    }
    /// The most workers that report at once, so 128 workers are four groups. On two cores such a group delays messages
    /// by half a millisecond.
    private static let groupSize = 32

    private func tick() {
        let now = Clock.monotonicNanoseconds
        let due = lastTick + UInt64(interval * 1e9)
        if now > due { meter.timerWasLate(by: now - due) }
        lastTick = now
        write(.report, judges: true)
    }

    func send() { write(.report) }
    func goodbye() { write(.goodbye) }

    /// `judges` is set at each interval, and not for the reports between.
    private func write(_ kind: StatsPacket.Kind, judges: Bool = false) {
        writer.set(.fdsOpen, baseDescriptors + program.socketCount)
        writer.set(.fdLimit, daemon.descriptorLimit)
        let lag = meter.fill(&writer)
        if judges { daemon.judge(program.load, lag: lag) }
        writer.set(.reportSendErrors, sendErrors)
        program.fill(&writer)
        writer.finish(
            kind, state: daemon.reportedState, sampleTime: Clock.monotonicNanoseconds,
            wallTime: Clock.wallMilliseconds
        ) { put($0) }
    }

    func event(_ severity: Logger.Level, _ kind: OperatorEvent, _ text: String) {
        let event = Event(
            time: Clock.wallMilliseconds, severity: Severity(severity),
            name: daemon.arguments.name, kind: kind.rawValue, text: text,
            pid: Int(getpid()), generation: daemon.arguments.generation)
        var body = Buffer()
        event.write(to: &body)
        writer.send(
            .event, state: daemon.reportedState.rawValue, sampleTime: Clock.monotonicNanoseconds,
            wallTime: event.time, body: body.bytes
        ) { put($0) }
    }

    private func put(_ bytes: UnsafeRawBufferPointer) {
        if socket?.send(bytes) != true { sendErrors += 1 }
    }
}

extension Severity {
    fileprivate init(_ level: Logger.Level) {
        switch level {
        case .trace, .debug, .info, .notice: self = .info
        case .warning: self = .warning
        case .error: self = .error
        case .critical: self = .critical
        }
    }
}
