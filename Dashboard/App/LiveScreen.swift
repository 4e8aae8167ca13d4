import Base
import Glibc
import Reactor
import Stats
import Supervision
import Watch

/// The program on a terminal: one loop over keys, reports, answers, signals and a clock. Handlers change values, and
/// `draw` shows them.
package final class LiveScreen {
    let options: Options
    let loop = Loop()
    let terminal: Terminal
    let capabilities: Capabilities
    /// One for each machine that is looked at.
    let sources: [Source]
    /// The machine that is shown.
    var source: Source
    /// The operator's session. While several machines are shown, it is about their rows.
    var session: Session
    /// The sessions that are not shown: those of the machines, and then that of their rows.
    var sessions: [Session]
    var isShowingHosts: Bool
    private var decoder = KeyDecoder()
    private var watchers: [AnyObject] = []
    private var input: IOWatcher?
    private var clock: Reactor.Timer?
    private var escapeTimer: Reactor.Timer?
    var lastKey: UInt64 = 0
    var lastSort: UInt64 = 0
    var shownScreen: Screen?
    /// The last picture: what was clicked is found in it.
    private var shown: Grid?
    /// The last report. It may still be gathered.
    var gatherer: ReportGatherer?
    var past = PastPicture()
    private var exitCode: Int32 = 0
    private var toastUntil: UInt64 = 0
    private var announcer = Announcer()
    /// Mistakes in the saved settings.
    var mistakes: [String]
    private var theme: Theme?
    /// The terminal's background, by itself or by COLORFGBG. `nil`: unknown.
    private var isLight: Bool?
    /// The restart that was ordered here and has not ended, and the number of the last one that had ended before.
    var awaited: (what: String, before: Int)?

    package init(_ options: Options) throws {
        self.options = options
        let loop = loop
        sources =
            try options.hosts.isEmpty
            ? [Source(loop, options, keepsPast: true)]
            : options.hosts.map { try Source(loop, options, host: $0, keepsPast: true) }
        source = sources[0]
        isShowingHosts = sources.count > 1
        (session, sessions, mistakes) = LiveScreen.sessions(options, of: sources.count)
        terminal = try Terminal(hasColour: options.hasColour)
        capabilities = terminal.capabilities(isASCII: options.isASCII)
        isLight = Environment["COLORFGBG"].flatMap(TerminalBackground.isLight(colorFGBG:))
        terminal.askBackground()
        terminal.setMouse(session.usesMouse)
        for source in sources {
            source.told = { [unowned self, unowned source] in
                guard source === self.source, !isShowingHosts else { return }
                sayOutcome()
                show()
            }
        }
    }

    /// Runs until the operator leaves, and returns the exit code. The terminal is then as it was before.
    package func run() -> Int32 {
        input = IOWatcher(loop, terminal.descriptor, .read) { [unowned self] events in
            if events.contains(.write) {
                terminal.flush()
                if !terminal.isBehind { input?.watch(.read) }
            }
            if events.contains(.read) { readKeys() }
        }
        for (number, code) in [(SIGTERM, Int32(0)), (SIGINT, 130), (SIGHUP, 129), (SIGQUIT, 131)] {
            watchers.append(SignalWatcher(loop, number) { [unowned self] in leave(code) })
        }
        watchers.append(SignalWatcher(loop, SIGWINCH) { [unowned self] in draw() })
        watchers.append(SignalWatcher(loop, SIGTSTP) { [unowned self] in suspend() })
        // Others stopped and continued this process, so the contents of the screen are not known.
        watchers.append(
            SignalWatcher(loop, SIGCONT) { [unowned self] in
                terminal.enter()
                draw()
            })
        Processes.ignoreBrokenPipes()
        clock = Timer(loop) { [unowned self] in draw() }
        escapeTimer = Timer(loop) { [unowned self] in handle(decoder.flush()) }
        sources.forEach { $0.retry() }
        // The first picture is drawn when the first reports are there.
        draw()
        sayAtStart()
        clock?.start(after: 0.15, every: session.interval)
        loop.run()
        source.leave()
        RemoteHost.end(sources.compactMap(\.remote))
        terminal.leave()
        sayGoodbye()
        return exitCode
    }
    private func sayAtStart() {
        let kind = terminal.kind
        if kind.name != kind.wanted {
            say("the terminal \"\(plainText(kind.wanted))\" is not known here: it is taken for \(kind.name)")
        }
        // The events keep all mistakes. The first one can't be overlooked.
        for mistake in mistakes.reversed() {
            source.note(.own("SETTINGS", .warning, mistake, time: source.model.wall))
            say(mistake + (mistakes.count > 1 ? "  (+\(mistakes.count - 1), 5 shows all)" : ""))
        }
    }
    func leave(_ code: Int32) {
        exitCode = code
        loop.stop()
    }
    func suspend() {
        terminal.suspend()
        draw()
    }
    private func sayGoodbye() {
        guard exitCode == 0, !source.isReplay else { return }
        let running = source.model.processes.values.count { $0.state(source.model.now).isRunning }
        var text =
            running == 0 || source.remote != nil
            ? "megatop: detached\n"
            : "megatop: detached; \(running + (source.model.supervisor.pid > 0 && !source.model.isLost ? 1 : 0)) "
                + "processes keep running\n"
        if options.saysHowToStop {
            let file = Shell.option(configuration: options.configuration)
            text +=
                "  look again:  \(Shell.typed("megatop", in: Files.ownFolder))\(file)\n  stop them:   "
                + "\(Shell.typed("megacomet", in: Files.ownFolder)) stop\(file)\n"
        }
        // The terminal's own descriptor never waits, so a terminal that nobody reads does not keep the program.
        _ = text.withCString { write(terminal.descriptor, $0, strlen($0)) }
    }

    // MARK: pictures

    var model: Model { past.model ?? source.model }

    private func draw() {
        sources.forEach { $0.tick($0 === source ? session.moment : nil) }
        if isShowingHosts {
            if session.toast != nil, toastUntil != 0, Clock.monotonicNanoseconds > toastUntil { session.toast = nil }
            return show()
        }
        keepMoment()
        if let until = session.adminUntil, source.model.now >= until {
            session.adminUntil = nil
            session.showsClientIDs = false
            say("admin mode is over: A starts it again")
        }
        if session.toast != nil, toastUntil != 0, Clock.monotonicNanoseconds > toastUntil { session.toast = nil }
        sortRows()
        ask()
        show()
    }
    /// Asks for the facts that the screen shows beside the reports, each only as often as it is worth.
    private func ask() {
        // Answers are about the present.
        if past.model != nil { return }
        let isNew = shownScreen != session.screen
        shownScreen = session.screen
        for (question, seconds) in Views.questions(model, session, terminal.size) {
            source.ask(question, every: isNew && question == .doctor ? 0 : seconds)
        }
        source.follow(session.client?.id)
    }
    func show() {
        if isShowingHosts {
            let wall = Clock.wallMilliseconds
            return show(Views.drawHosts(sources.map(\.model), session, wall: wall, terminal.size, capabilities))
        }
        show(Views.draw(model, session, terminal.size, capabilities))
    }
    private func show(_ grid: Grid) {
        shown = grid
        let theme = session.theme(isLight: isLight)
        if theme != self.theme { terminal.use(theme) }
        self.theme = theme
        if !terminal.show(grid) { source.skippedFrame() }
        let host = plainText(source.model.server.host)
        let words = announcer.announce(source.model.alerts.filter(\.isOpen), host: host, session)
        terminal.tell(words, session.notification)
        if terminal.isBehind { input?.watch([.read, .write]) }
    }
    /// Brings the picture to the moment that the operator looks at.
    private func keepMoment() {
        guard let archive = source.archive else { return }
        past.show(session.moment, of: source.model, archive, pieces: source.pieces)
    }
    func goToEvent(_ forward: Bool) {
        guard let moment = source.moment(ofEvent: forward, from: model.now, session.eventLevel) else {
            return say(forward ? "no later event" : "no event before")
        }
        _ = KeyHandler(model, terminal.size).stand(at: moment, &session)
    }
    /// Sorts at most once a second, and not in the two seconds after a key, so that rows do not run away under the
    /// cursor.
    private func sortRows() {
        let now = Clock.monotonicNanoseconds
        guard session.order.isEmpty || (now > lastSort + 950_000_000 && now > lastKey + 2_000_000_000) else { return }
        lastSort = now
        guard session.screen != .events, session.screen != .host, session.screen != .nodes else { return }
        session.order = Table.sorted(session.screen, Context(model, session, capabilities)).map(\.id)
    }

    // MARK: keys

    private func readKeys() {
        switch terminal.read() {
        case .gone: leave(129)
        case .nothing: return
        case .bytes(let bytes):
            escapeTimer?.stop()
            handle(decoder.receive(bytes))
            if decoder.isWaiting { escapeTimer?.start(after: 0.05) }
        }
    }
    private func handle(_ keys: [Key]) {
        guard !keys.isEmpty else { return }
        lastKey = Clock.monotonicNanoseconds
        let (interval, usesMouse, moment) = (session.interval, session.usesMouse, session.moment)
        for key in keys { effects(of: key).forEach(perform) }
        toastUntil = session.toast == nil ? 0 : Clock.monotonicNanoseconds + 4_000_000_000
        if session.interval != interval { clock?.start(after: session.interval, every: session.interval) }
        if session.usesMouse != usesMouse { terminal.setMouse(session.usesMouse) }
        guard !isShowingHosts else { return show() }
        if session.moment != moment {
            if source.isReplay { source.tick(session.moment) }
            keepMoment()
            // The rows of another moment have another order.
            session.order = []
        }
        if session.order.isEmpty { sortRows() }
        ask()
        show()
    }
    private func effects(of key: Key) -> [Effect] {
        if case .background(let isLight) = key {
            self.isLight = isLight
            terminal.gotBackground()
            return []
        }
        if isShowingHosts {
            let handler = HostsHandler(sources.map(\.model), terminal.size)
            guard case .click(let row, let column) = key else { return handler.handle(key, &session) }
            return handler.click(shown?.target(row: row, column: column), &session)
        }
        let handler = KeyHandler(model, terminal.size)
        guard case .click(let row, let column) = key else { return handler.handle(key, &session) }
        return handler.click(shown?.target(row: row, column: column), &session)
    }
    func say(_ text: String) {
        session.toast = text
        toastUntil = Clock.monotonicNanoseconds + 6_000_000_000
    }
}
