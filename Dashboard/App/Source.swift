import Configuration
import Glibc
import Reactor
import Stats
import Supervision
import Watch

/// The source of the model's facts: the hub, the control socket and the app port, a recording of them, or another
/// machine's `megatop --serve`.
final class Source {
    private let options: Options
    private let loop: Loop
    private var feed: StatsFeed?
    private var replay: Replay?
    private var recorder: Recording.Writer?
    /// The other machine that is looked at.
    let remote: RemoteHost?
    private let control: ControlClient
    private let appPort: AppPortClient
    private static let appPortPatienceSeconds = 3.0
    var live = Model()
    /// The reports that came, for pictures of the past. `nil` if nobody asks for them.
    private(set) var archive: StatsArchive?
    /// The pieces of the hub's history that came.
    private(set) var pieces = 0
    let startedAt = Clock.monotonicNanoseconds
    private var lastSubscribed: UInt64 = 0
    /// The time when each question was last asked, and the questions without an answer yet.
    private var lastAsked: [Question: UInt64] = [:]
    var unanswered: Set<Question> = []
    /// The callers that wait for an answer.
    private var waiting: [Question: (String?) -> Void] = [:]
    private var crashesWanted: ProcessName?
    private var follower: Follower?
    /// Looks, soon after the control connection has ended, whether the supervisor is dead. Its sockets are closed a
    /// moment before its pid is no more.
    private var deathTimer: Timer?
    private static let deathSeconds = 0.05
    /// Called when an answer came that a screen may show.
    var told: () -> Void = {}
    /// Called with all that comes, for `--serve`.
    var relayed: ((Served.Content) -> Void)?

    /// The supervisor is lost after so many intervals without a report. It reports each second, and answers a
    /// subscription every three.
    private static let lostAfterIntervals: UInt64 = 4

    /// `host` is another machine. Without it the appliance of this machine is looked at. `keepsPast`: pictures of the
    /// past will be asked for.
    init(_ loop: Loop, _ options: Options, host: String? = nil, keepsPast: Bool = false) throws {
        self.options = options
        self.loop = loop
        control = ControlClient(loop, path: options.runDirectory + "/control.sock")
        appPort = AppPortClient(
            loop, options.app, key: options.appKey, patienceSeconds: Source.appPortPatienceSeconds)
        live.server = Source.server(options)
        remote = host.map { RemoteHost(loop, $0, ssh: options.ssh, remoteCommand: options.remoteCommand) }
        if let remote {
            if keepsPast { archive = StatsArchive() }
            remote.describe(&live)
            remote.received = { [unowned self] in take($0) }
            remote.ended = { [unowned self] in lostRemote() }
            return
        }
        if let path = options.replayPath {
            let pieces = try Recording.read(path).get()
            replay = Replay(
                pieces, live.server, from: options.replayFrom, to: options.replayTo, speed: options.replaySpeed,
                now: Clock.monotonicNanoseconds)
            return
        }
        if keepsPast { archive = StatsArchive() }
        if let path = options.recordPath {
            guard let writer = Recording.Writer(path) else {
                throw Recording.Mistake(description: "\(path): \(String(cString: strerror(errno)))")
            }
            recorder = writer
        }
        let feed = try StatsFeed(loop, hub: options.hub, tokenPath: options.runDirectory + "/stats.token")
        feed.received = { [unowned self] in take($0, $1) }
        feed.recorded = { [unowned self] in
            recorder?.add($0, time: Clock.monotonicNanoseconds, wall: Clock.wallMilliseconds)
            relayed?(.datagram(Array($0)))
        }
        self.feed = feed
        control.event = { [unowned self] in answered($0, .events) }
        deathTimer = Timer(loop) { [unowned self] in
            checkLink(Clock.monotonicNanoseconds)
            told()
        }
        control.ended = { [unowned self] in deathTimer?.start(after: Source.deathSeconds) }
    }
    /// The live picture, or that of the recording.
    var model: Model { replay?.model ?? live }
    var isReplay: Bool { replay != nil }
    func leave() { feed?.leave() }
    func retry() {
        if let remote { return remote.connect() }
        feed?.subscribe()
        control.connect()
    }
    func zeroPeaks() { live.zeroPeaks() }
    func note(_ event: Event) { live.take(event) }
    func skippedFrame() { live.health.framesSkipped += 1 }
    /// Acknowledges an alert, or all. `done` gets what became of it, for people.
    func acknowledge(_ key: String?, _ done: @escaping (String) -> Void) { control.acknowledge(key, done) }
    func act(_ box: Confirmation, on: Bool, _ done: @escaping (String?) -> Void) { control.act(box, on: on, done) }

    /// Before each picture it updates the clock, the link and everything that is derived. A recording stands at
    /// `moment`, or is played on.
    func tick(_ moment: UInt64? = nil) {
        let now = Clock.monotonicNanoseconds
        replay?.advance(now: now, moment: moment)
        guard replay == nil else { return }
        if let remote {
            followRemote(remote, now)
        } else {
            live.now = now
            live.wall = Clock.wallMilliseconds
            checkLink(now)
            ask(.status, every: 0.9)
        }
        live.health.late = feed?.late ?? 0
        live.health.isUnauthenticated = feed?.isUnauthenticated ?? false
        if let drops = feed?.drops {
            live.health.dropped = drops.badMagic + drops.badToken + drops.foreign + drops.newer + drops.truncated
        }
        live.tick()
        if let archive { live.reach = live.reach(archive) }
        recorder?.flush()
    }
    /// The moment of the next event from this severity on, or of the one before. `nil` if there is none.
    func moment(ofEvent forward: Bool, from moment: UInt64, _ level: Severity) -> UInt64? {
        isReplay
            ? replay?.moment(ofEvent: forward, from: moment, level)
            : live.moment(ofEvent: forward, from: moment, level)
    }

    // MARK: the link

    private func checkLink(_ now: UInt64) {
        let patience = max(live.supervisor.own.interval, 1000) * 1_000_000 * Source.lostAfterIntervals
        let heard = max(feed?.heardAt ?? 0, startedAt)
        // A supervisor that has died is lost at once. One that only is silent may yet report.
        live.supervisor.isGone =
            !control.isConnected && live.supervisor.pid > 0
            && Source.isGone(Int32(bitPattern: live.supervisor.pid))
        guard
            live.supervisor.isGone || now > heard + patience
                || (feed?.heardAt == nil && !control.isConnected && now > startedAt + 1_500_000_000)
        else {
            if feed?.heardAt != nil, live.link != .live {
                if live.isLost { own("LIVE", .info, "the supervisor answers again") }
                live.link = .live
                live.markGone { _ in false }
            }
            return
        }
        let socket = RunDirectory.controlSocket(in: options.runDirectory)
        let isThere = access(socket, F_OK) == 0
        let absent = isThere ? "no supervisor answers" : "no supervisor runs in \(options.runDirectory)"
        let refused = RunDirectory.denied(options.runDirectory)?.description
        let reason = control.isConnected ? "silent, though its control socket answers" : refused ?? absent
        if case .lost(let since, _) = live.link {
            live.link = .lost(since: since, reason: reason)
            // It subscribes each second, so a supervisor that comes back is found soon.
            if now > lastSubscribed + 900_000_000 {
                lastSubscribed = now
                feed?.subscribe()
            }
        } else {
            if feed?.heardAt != nil {
                own("LOST", .error, "no stats: \(reason); the last values are shown, actions are off")
            }
            live.link = .lost(since: heard, reason: reason)
        }
        // The processes run on this machine, so it can be seen without the supervisor whether they still do.
        live.markGone(Source.isGone)
    }
    /// The process is no more, or is only a name that nobody has asked for its exit code yet.
    private static func isGone(_ pid: Int32) -> Bool {
        if kill(pid, 0) != 0, errno == ESRCH { return true }
        guard let status = try? Files.text("/proc/\(pid)/stat", most: 4096),
            let state = status.split(separator: ")").last?.first(where: { $0 != " " })
        else { return false }
        return state == "Z" || state == "X"
    }
    func own(_ kind: String, _ severity: Severity, _ text: String) {
        live.take(.own(kind, severity, text, time: Clock.wallMilliseconds))
    }

    // MARK: questions

    /// A question has no answer yet.
    var isWaiting: Bool { !unanswered.isEmpty }
    /// Asks, but not more often than every `seconds`, and not before the last question is answered. A recording answers
    /// by itself.
    /// `done` gets the answer, or `nil` if there is none. False if nothing was asked, and `done` is not called then.
    @discardableResult
    func ask(_ question: Question, every seconds: Double, _ done: ((String?) -> Void)? = nil) -> Bool {
        let now = Clock.monotonicNanoseconds
        guard replay == nil, !unanswered.contains(question),
            lastAsked[question].map({ Double(now - $0) >= seconds * 1e9 }) ?? true
        else { return false }
        // The app port takes one question at a time. The next picture asks again.
        if question.target != nil, appPort.isBusy || unanswered.contains(where: { $0.target != nil }) { return false }
        if let remote, !remote.ask(question) { return false }
        lastAsked[question] = now
        unanswered.insert(question)
        waiting[question] = done
        if remote == nil { askHere(question) }
        return true
    }
    private func askHere(_ question: Question) {
        if let target = question.target {
            return appPort.ask("GET", target) { [unowned self] result in
                switch result {
                case .success(let reply): answered(reply.body, question)
                case .failure(let failure): missed(question, why: failure.text(appPort.endpoint))
                }
            }
        }
        control.ask(question.line) { [unowned self] text in
            if let text { return answered(text, question) }
            missed(question, why: "no supervisor answers")
        }
    }
    func missed(_ question: Question, why: String) {
        unanswered.remove(question)
        live.miss(question, why: why)
        relayed?(.missed(question, why: why))
        if question.target != nil { told() }
        waiting.removeValue(forKey: question)?(nil)
    }
    /// Follows this client from now on, and no other. A recording has nothing of that.
    func follow(_ client: String?) {
        guard replay == nil, remote == nil, client != follower?.followed.client else { return }
        follower = client.map { client in
            Follower(loop, options.app, key: options.eventsKey, client: client) { [unowned self] in
                live.told.followed = follower?.followed
                told()
            }
        }
        live.told.followed = follower?.followed
    }
    func followAgain() {
        follower?.askAgain()
        live.told.followed = follower?.followed
    }
    /// Asks for the list of crash reports, and then for those that it has of this process.
    func askCrashes(of id: ProcessName) {
        crashesWanted = id
        ask(.crashes, every: 0)
    }
    func answered(_ text: String, _ question: Question, at remoteTime: UInt64? = nil) {
        unanswered.remove(question)
        let before = live.told
        let events = live.events.count
        let time = remoteTime ?? Clock.monotonicNanoseconds
        relayed?(.answer(text, question))
        live.take(text, to: question, time: time)
        if question == .crashes, let id = crashesWanted {
            for report in live.told.crashes(of: id) ?? [] where report.lines == nil {
                ask(.crash(report.id), every: 0)
            }
        }
        defer { waiting.removeValue(forKey: question)?(text) }
        guard question == .events || live.told != before else { return }
        recorder?.add(text, to: question, time: time, wall: Clock.wallMilliseconds)
        if recorder != nil, live.events.count != events { askForRecording() }
        told()
    }
    /// Asks what an operator would want to know after an exit, while it can still be had.
    private func askForRecording() {
        guard let event = live.events.last, ["EXIT", "NOT_READY"].contains(event.kind), let id = event.process else {
            return
        }
        ask(.log(id), every: 0)
        askCrashes(of: id)
    }

    func take(_ outcome: StatsReader.Outcome, _ reader: StatsReader) {
        switch outcome {
        case .report(let boot, _, _):
            if let source = reader.sources[boot], reader.isPresent(source.header) {
                archive?.note(source, now: source.arrived)
            }
        case .history(let history):
            archive?.take(history)
            pieces += 1
        case .event, .late, .control, .dropped: break
        }
        live.take(outcome, reader, withEvents: !live.hasFollowedEvents || (feed != nil && !control.isConnected))
    }
}
