import Base
import Configuration
import Crypto
import Daemon
import Glibc
import Logging
import Reactor
import Stats
import Webhook

/// The webhook's process: the manager's line and the app's URL, around `Hook`, which decides.
final class HookProcess: DaemonProgram {
    private unowned let daemon: Daemon
    private let loop: Loop
    private var hook: Hook
    private let connector: Connector
    private let poster: Poster
    /// Signs the requests. `nil` if there is no key.
    private var key: MessageKey?
    private var stream: ManagerStream?
    private var timer: Timer?
    private var drained: (() -> Void)?
    private var queue: [Hook.Action] = []
    private var isPerforming = false
    private var random = SystemRandomNumberGenerator()
    private var postedAt: UInt64 = 0
    private var latency: UInt64 = 0
    private var latencyMost: UInt64 = 0
    /// The app, as it is named in logs and events: without the path, which may be a secret.
    private let app: String

    init(_ daemon: Daemon) {
        self.daemon = daemon
        loop = daemon.loop
        let settings = daemon.arguments.settings.app
        app = WebhookAddress.origin(settings.webhook)
        let token = daemon.token == StatsToken() ? "" : "\(daemon.token)"
        hook = Hook(token: token, node: daemon.arguments.settings.cluster.name, now: Clock.monotonicMilliseconds)
        connector = Connector(loop, Endpoint(settings.address, UInt16(settings.port)).onThisMachine)
        guard
            let poster = Poster(
                loop, url: settings.webhook, authorities: settings.webhookCA, agent: "MegaComet/\(Version.text)")
        else { daemon.fail(71, "libcurl can't be used") }
        self.poster = poster
        do { key = try readKey() } catch { daemon.fail(78, error.description) }
        timer = Timer(loop) { [unowned self] in
            perform(hook.ticked(jitter: jitter, now: Clock.monotonicMilliseconds))
        }
    }
    func start() { perform(hook.ticked(jitter: jitter, now: Clock.monotonicMilliseconds)) }

    // MARK: the key

    private struct KeyMistake: Error { let description: String }

    /// The key in --webhook-key-file. `nil` if there is no such argument, or if the file is empty.
    private func readKey() throws(KeyMistake) -> MessageKey? {
        guard let path = daemon.arguments.webhookKeyFile else { return nil }
        let most = AppKey.secretBytes.upperBound + 3
        var bytes: [UInt8]
        do { bytes = try Files.bytes(path, most: most) } catch {
            throw KeyMistake(description: "--webhook-key-file \(path): \(String(cString: strerror(error.code)))")
        }
        if bytes.last == 10 { bytes.removeLast() }
        if bytes.last == 13 { bytes.removeLast() }
        guard !bytes.isEmpty else { return nil }
        if let fault = AppKey.fault(ofSecret: bytes) {
            throw KeyMistake(description: "--webhook-key-file \(path): the key \(fault)")
        }
        guard let key = MessageKey(bytes) else { throw KeyMistake(description: "libcrypto has no HMAC") }
        return key
    }
    /// Reads the key again. If it can't be read, the one that counts stays.
    func reload() {
        do throws(KeyMistake) { key = try readKey() } catch {
            daemon.event(.error, .keysBad, "the webhook's key stays as it is: \(error.description)")
        }
    }

    // MARK: actions

    private var jitter: Double { Double.random(in: -1...1, using: &random) }

    private func perform(_ actions: [Hook.Action]) {
        queue += actions
        guard !isPerforming else { return }
        isPerforming = true
        while !queue.isEmpty { act(queue.removeFirst()) }
        isPerforming = false
        stream?.read(hook.wantsInput)
        guard let next = hook.nextDeadline else { return timer?.stop() ?? () }
        let now = Clock.monotonicMilliseconds
        timer?.start(after: next > now ? Double(next - now) / 1000 : 0)
    }
    private func act(_ action: Hook.Action) {
        switch action {
        case .connect: connect()
        case .disconnect: stream?.close()
        case .send(let text): stream?.send(text)
        case .post(let batch): post(batch)
        case .tell(let notice): tell(notice)
        case .finished: drained?()
        }
    }
    private func connect() {
        guard !connector.isBusy else { return }
        connector.connect { [unowned self] in
            switch $0 {
            case .success(let descriptor):
                stream = ManagerStream(
                    loop, descriptor,
                    received: { [unowned self] line in
                        perform(hook.received(line, jitter: jitter, now: Clock.monotonicMilliseconds))
                    },
                    readAll: { [unowned self] in perform(hook.inputEnded(now: Clock.monotonicMilliseconds)) },
                    ended: { [unowned self] in disconnected($0) })
                perform(hook.connected(now: Clock.monotonicMilliseconds))
            case .failure(let failure): disconnected(failure.description)
            }
        }
    }
    private func disconnected(_ reason: String) {
        perform(hook.disconnected(reason, jitter: jitter, now: Clock.monotonicMilliseconds))
    }

    private func post(_ batch: Batch) {
        postedAt = Clock.monotonicNanoseconds
        let signature = key.flatMap {
            Signature.header($0, seconds: Clock.wallMicroseconds / 1_000_000, body: batch.body)
        }
        poster.post(batch.body, signature: signature) { [unowned self] result in
            let now = Clock.monotonicMilliseconds
            switch result {
            case .answered(let status):
                let took = (Clock.monotonicNanoseconds - postedAt) / 1000
                latency += took
                latencyMost = max(latencyMost, took)
                perform(hook.answered(status, jitter: jitter, now: now))
            case .failed(let reason): perform(hook.failed(reason, jitter: jitter, now: now))
            }
        }
    }
    private func tell(_ notice: Hook.Notice) {
        switch notice {
        case .failing(let reason):
            daemon.event(.warning, .webhook, "\(app) did not take the events, which are posted again: \(reason)")
        case .recovered(let failures, let time):
            daemon.event(
                .info, .recovered, "\(app) takes events again, after \(time / 1000) s and \(failures) failures")
        case .managerAway(let reason): daemon.log.warning("no events from the manager: \(plainText(reason))")
        case .gap:
            daemon.event(
                .warning, .webhook, "events were gone before they could be posted, and \(app) is told of a gap")
        }
    }

    // MARK: DaemonProgram

    func drain(seconds: Double, done: @escaping () -> Void) {
        drained = done
        let patience = UInt64(min(seconds, HookProcess.drainSeconds) * 1000)
        perform(hook.drain(until: Clock.monotonicMilliseconds + patience))
    }
    /// The most time for the request that is under way when the process is told to end.
    private static let drainSeconds = 5.0

    var socketCount: Int { poster.socketCount + (stream?.isOpen == true ? 1 : 0) }
    /// It takes no more than it can post, so it is never too full.
    var load: Overload.Load { Overload.Load(share: 0, refused: 0) }

    func fill(_ report: inout StatsWriter) {
        let now = Clock.monotonicMilliseconds
        let counters = hook.counters
        report.set(.webhookLinked, hook.manager == .reading)
        report.set(.webhookRequests, counters.requests)
        report.set(.webhookEvents, counters.events)
        report.set(.webhookFailures, counters.failures)
        report.set(.webhookGaps, counters.gaps)
        report.set(.webhookWaiting, hook.waitingEvents)
        report.set(.webhookStatus, counters.status)
        report.set(.webhookSuccessAge, now - hook.lastSuccess)
        report.set(.webhookFailing, hook.failingSince.map { max(1, now - $0) } ?? 0)
        report.set(.webhookLatency, latency)
        report.set(.webhookLatencyMax, latencyMost)
        latencyMost = 0
    }
}
