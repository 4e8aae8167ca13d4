import Glibc
import Reactor
import Wire

/// Where the model's facts come from: the hub and the control socket, or a recording.
final class Source {
    private let options: Options
    private var feed: StatsFeed?
    private var player: Player?
    private var recorder: Recording.Writer?
    let control: ControlClient
    private(set) var model = Model()
    private var startedAt = Clock.monotonicNanoseconds
    private var lastStatus: UInt64 = 0
    private var eventsFollowed = false

    /// Without a report for so long the supervisor is lost; it reports each second, and answers a subscription every three.
    private static let lostAfterIntervals: UInt64 = 4

    init(_ loop: Loop, _ options: Options) throws {
        self.options = options
        control = ControlClient(loop, path: options.runDirectory + "/control.sock")
        model.server = Source.server(options)
        if let path = options.replayPath {
            let pieces = try Recording.read(path).get()
            player = Player(pieces, from: options.replayFrom, to: options.replayTo, speed: options.replaySpeed, now: Clock.monotonicNanoseconds)
            model.link = .live
            return
        }
        if let path = options.recordPath {
            guard let writer = Recording.Writer(path) else { throw Recording.Mistake(description: "\(path): \(String(cString: strerror(errno)))") }
            recorder = writer
        }
        let feed = try StatsFeed(loop, hub: options.hub, tokenPath: options.runDirectory + "/stats.token")
        feed.received = { [unowned self] in take($0, $1) }
        feed.recorded = { [unowned self] in recorder?.add($0, time: Clock.monotonicNanoseconds, wall: Clock.wallMicroseconds / 1000) }
        self.feed = feed
        control.event = { [unowned self] event in
            eventsFollowed = true
            model.take(event)
        }
    }
    private static func server(_ options: Options) -> Model.Server {
        var server = Model.Server()
        var name = utsname()
        if uname(&name) == 0 {
            server.host = withUnsafeBytes(of: &name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            server.kernel = withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        server.runDirectory = options.runDirectory
        server.statsAddress = "\(options.hub)"
        server.policy = options.policy
        return server
    }

    var isReplay: Bool { player != nil }
    /// What was heard last is no older than so; nil: nothing yet.
    var heardAt: UInt64? { feed?.heardAt }
    func leave() { feed?.leave() }
    func retry() {
        feed?.subscribe()
        control.connect()
    }
    func zeroPeaks() { model.zeroPeaks() }
    func note(_ event: Event) { model.take(event) }

    /// Before each picture: the clock, the link, what is derived.
    func tick() {
        let now = Clock.monotonicNanoseconds
        if player != nil {
            player?.advance(now: now) { [unowned self] in take($0, $1) }
            model.now = player?.time ?? now
            model.wall = player?.wall ?? 0
        } else {
            model.now = now
            model.wall = Clock.wallMicroseconds / 1000
            checkLink(now)
            if now - lastStatus > 900_000_000 { askStatus(now) }
        }
        model.health.late = feed?.late ?? 0
        model.health.isUnauthenticated = feed?.isUnauthenticated ?? false
        if let drops = feed?.drops { model.health.dropped = drops.badMagic + drops.badToken + drops.foreign + drops.newer + drops.truncated }
        model.tick()
        recorder?.flush()
    }
    func skippedFrame() { model.health.framesSkipped += 1 }

    private func checkLink(_ now: UInt64) {
        let patience = max(model.supervisor.own.interval, 1000) * 1_000_000 * Source.lostAfterIntervals
        let heard = max(feed?.heardAt ?? 0, startedAt)
        guard now > heard + patience || (feed?.heardAt == nil && !control.isConnected && now > startedAt + 1_500_000_000) else {
            if feed?.heardAt != nil, model.link != .live {
                if model.isLost { own("LIVE", .info, "the supervisor answers again") }
                model.link = .live
            }
            return
        }
        let reason = control.isConnected ? "silent, though its control socket answers" : access(options.runDirectory + "/control.sock", F_OK) == 0 ? "no supervisor answers" : "no supervisor runs in \(options.runDirectory)"
        if case .lost(let since, _) = model.link {
            model.link = .lost(since: since, reason: reason)
            // A supervisor that comes back is found within a second.
            if now % 1_000_000_000 < UInt64(options.interval * 1e9) { feed?.subscribe() }
        } else {
            if feed?.heardAt != nil { own("LOST", .error, "no stats: \(reason); the last values are shown, actions are off") }
            model.link = .lost(since: heard, reason: reason)
        }
    }
    private func own(_ kind: String, _ severity: Event.Severity, _ text: String) {
        model.take(Event(time: Clock.wallMicroseconds / 1000, severity: severity, who: "top", kind: kind, text: text))
    }
    private func askStatus(_ now: UInt64) {
        lastStatus = now
        control.status { [unowned self] children, rolling in
            guard let children else { return }
            for (id, child) in children {
                var child = child
                child.output = model.children[id]?.output ?? []
                model.children[id] = child
            }
            model.rolling = rolling
        }
    }
    /// Its last lines, for the screens that show them.
    func askOutput(_ id: ProcessID) {
        guard player == nil else { return }
        control.output(id) { [unowned self] lines in
            guard let lines, model.children[id] != nil else { return }
            model.children[id]?.output = lines.suffix(20).map(\.self)
        }
    }

    private func take(_ outcome: StatsReader.Outcome, _ reader: StatsReader) {
        switch outcome {
        case .report(let boot, _, let lost):
            if let source = reader.sources[boot] { model.take(Report(source, lost: lost)) }
        case .event(let json, _):
            // The control socket's events have numbers, and all that happened before.
            if !eventsFollowed || !control.isConnected, let event = Event(json: json) { model.take(event) }
        case .history(let history): model.take(history)
        case .late, .control, .dropped: break
        }
    }
}
