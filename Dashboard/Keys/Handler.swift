import Stats
package import Supervision

/// The things that a key asks of the program, beside a new picture.
package enum Effect: Equatable, Sendable {
    case quit, suspend, redraw
    /// Write the screen to a text file.
    case write
    case saveSettings
    case act(Confirmation)
    /// Run `megacomet start` as a process of its own.
    case startSupervisor
    case fetchOutput(ProcessName)
    case fetchCrashes(ProcessName)
    case retry
    case zeroPeaks
    /// An entry of megatop's own in the list of events.
    case note(String)
}

/// Keys change the session, never the screen. Everything else that they ask for is returned.
package struct KeyHandler {
    package var model: Model
    package var size: Size
    static let intervals = [0.2, 0.5, 1, 2, 5, 10, 30, 60]
    static let adminSeconds: UInt64 = 300

    package init(_ model: Model, _ size: Size) {
        self.model = model
        self.size = size
    }

    package func handle(_ key: Key, _ session: inout Session) -> [Effect] {
        session.toast = nil
        switch key {
        case .click(let row, let column): return click(row, column, &session)
        case .wheelUp, .wheelDown: return (0..<3).flatMap { _ in handle(key == .wheelUp ? .up : .down, &session) }
        default: break
        }
        switch session.overlay {
        case .edit(let editor): return edit(key, editor, &session)
        case .confirm(let confirmation): return confirm(key, confirmation, &session)
        case .sortMenu(let choice): return choose(key, choice, &session)
        case .help(let page): return help(key, page, &session)
        case .explain(let column): return explain(key, column, &session)
        case .detail(let id, let pane): return detail(key, id, pane, &session)
        case .clients: return clients(key, &session)
        case nil: break
        }
        guard let command = Binding.command(key, on: session.screen) else {
            session.toast = "no such key; ? shows all"
            return []
        }
        return run(command, &session)
    }

    package func run(_ command: Command, _ session: inout Session) -> [Effect] {
        switch command {
        case .screen(let screen): show(screen, &session)
        case .nextScreen: show(Screen(rawValue: session.screen.rawValue % 6 + 1) ?? .overview, &session)
        case .previousScreen: show(Screen(rawValue: (session.screen.rawValue + 4) % 6 + 1) ?? .overview, &session)
        case .up: move(-1, &session)
        case .down: move(1, &session)
        case .pageUp: move(-max(1, size.height / 2), &session)
        case .pageDown: move(max(1, size.height / 2), &session)
        case .top: session.cursor = nil
        case .bottom: move(.max / 2, &session)
        case .enter:
            if session.screen == .host { return run(.explain, &session) }
            if session.screen == .queues, size.width < Views.wideFrom {
                session.overlay = .clients
            } else if let id = selected(session) {
                session.overlay = .detail(id, .history)
            }
        case .back:
            if !session.filter.isEmpty {
                session.filter = Filter("")
            } else if session.isFollowing {
                session.isFollowing = false
            } else if session.screen == .procs, model.told.rolling != nil {
                return run(.act(.finish), &session)
            }
        case .nextMatch: match(1, &session)
        case .previousMatch: match(-1, &session)
        case .filter:
            var editor = Editor(.filter)
            editor.text = session.filter.text
            editor.hint = "text  !text  state=backoff  conns>100k   Enter keeps, Esc drops"
            type(editor, &session)
        case .sortMenu:
            let columns = Columns.of(session.screen)
            guard !columns.isEmpty else { return toast("nothing to sort here", &session) }
            let now = Columns.sort(session)
            session.overlay = .sortMenu(choice: columns.firstIndex { $0.id == now.column } ?? 0)
        case .nextColumn: sort(by: 1, &session)
        case .previousColumn: sort(by: -1, &session)
        case .invert:
            var sort = Columns.sort(session)
            sort.isDescending.toggle()
            session.sorts[session.screen] = sort
        case .follow:
            session.cursor = selected(session).map { .process($0) } ?? session.cursor
            session.isFollowing.toggle()
            session.toast =
                session.isFollowing ? "following \(selected(session)?.short ?? "this row")" : "no longer following"
        case .totals:
            session.showsTotals.toggle()
            session.toast = session.showsTotals ? "totals since each process started" : "rates, a second"
        case .day:
            session.showsDay.toggle()
            session.toast = session.showsDay ? "history lines: the last 24 hours" : "history lines: the last minutes"
        case .units: session.showsFullNumbers.toggle()
        case .zero:
            session.toast = "peak zeroed, here only"
            return [.zeroPeaks]
        case .pause: session.pausedAt = session.pausedAt == nil ? model.now : nil
        case .faster: step(-1, &session)
        case .slower: step(1, &session)
        case .save: return [.write]
        case .commandLine:
            var editor = Editor(.command)
            editor.hint = CommandLine.hint
            type(editor, &session)
        case .acknowledge:
            let shown = Views.shownEvents(model, session)
            if session.screen == .events, let at = Views.cursor(shown, session) {
                session.acknowledged.insert(shown[at].key)
            }
        case .acknowledgeAll:
            session.acknowledgedBefore = model.events.last?.time ?? 0
            session.toast = "all events acknowledged, here only"
        case .level:
            let all = Severity.allCases
            session.eventLevel = all[((all.firstIndex(of: session.eventLevel) ?? 0) + 1) % all.count]
        case .eventJSON: session.showsEventJSON.toggle()
        case .clientIDs:
            if session.showsClientIDs {
                session.showsClientIDs = false
                return []
            }
            guard session.isAdmin(model.now) else { return toast(needsAdmin(session), &session) }
            session.showsClientIDs = true
            return [.note("client ids are shown until admin mode ends")]
        case .explain:
            let count = Views.explained(session.screen, model).count
            guard count > 0 else { return toast("no columns here", &session) }
            let column = Columns.sort(session).column
            session.overlay = .explain(
                column: session.screen == .host
                    ? Views.cursor(count, session) : Columns.of(session.screen).firstIndex { $0.id == column } ?? 0)
        case .output: return open(.output(back: 0), &session)
        case .crash: return open(.crash(number: 0, scroll: 0), &session)
        case .act(let action): return ask(action, selected(session), &session)
        case .admin:
            if session.isReadOnly { return toast("started with --readonly: no admin mode", &session) }
            if session.isAdmin(model.now) {
                session.adminUntil = nil
                session.showsClientIDs = false
                session.toast = "admin mode left"
            } else {
                session.adminUntil = model.now + KeyHandler.adminSeconds * 1_000_000_000
                session.toast = "admin mode for 5 minutes: R D S U K X P H act, each asks first"
            }
        case .help: session.overlay = .help(page: 0)
        case .redraw: return [.redraw]
        case .suspend: return [.suspend]
        case .quit: return [.quit]
        case .retry: return [.retry]
        }
        return []
    }

    // MARK: helpers

    func toast(_ text: String, _ session: inout Session) -> [Effect] {
        session.toast = text
        return []
    }
    package func selected(_ session: Session) -> ProcessName? {
        if session.screen == .events {
            let shown = Views.shownEvents(model, session)
            return Views.cursor(shown, session).flatMap { shown[$0].process }
        }
        guard session.screen != .host else { return nil }
        let rows = Table.rows(session.screen, Context(model, session, Capabilities()))
        return Table.cursor(rows, session).map { rows[$0].id }
    }
    private func type(_ editor: Editor, _ session: inout Session) {
        session.underlay = session.overlay
        session.overlay = .edit(editor)
    }
    private func needsAdmin(_ session: Session) -> String {
        session.screen == .events ? "admin mode first: :admin" : "press A first: admin mode"
    }
    /// Goes to the next row that is shown and matches. After the last comes the first.
    private func match(_ by: Int, _ session: inout Session) {
        guard !session.filter.isEmpty else {
            session.toast = "no filter: / sets one"
            return
        }
        let keys = rowKeys(session)
        guard let at = rowIndex(keys, session) else { return }
        session.cursor = keys[(at + by + keys.count) % keys.count]
    }
    private func click(_ row: Int, _ column: Int, _ session: inout Session) -> [Effect] {
        switch Views.draw(model, session, size, Capabilities()).target(row: row, column: column) {
        case .screen(let screen):
            session.overlay = nil
            show(screen, &session)
        case .row(let key):
            guard session.overlay == nil else { break }
            // A second click on a row opens it.
            if session.cursor == key { return run(.enter, &session) }
            session.cursor = key
        case .column(let id):
            guard session.overlay == nil, let column = Columns.named(id, session.screen) else { break }
            if Columns.sort(session).column == id { return run(.invert, &session) }
            setSort(column, &session)
        case nil: break
        }
        return []
    }
    private func show(_ screen: Screen, _ session: inout Session) {
        session.screen = screen
        session.order = []
    }
    /// The keys of the rows that the screen shows, in their order.
    private func rowKeys(_ session: Session) -> [RowKey] {
        switch session.screen {
        case .events: Views.shownEvents(model, session).map { .event($0.key) }
        case .host: Views.kernelCounters(model).indices.map { .line($0) }
        default: Table.rows(session.screen, Context(model, session, Capabilities())).map { .process($0.id) }
        }
    }
    private func rowIndex(_ keys: [RowKey], _ session: Session) -> Int? {
        keys.isEmpty ? nil : session.cursor.flatMap { keys.firstIndex(of: $0) } ?? 0
    }
    private func move(_ by: Int, _ session: inout Session) {
        let keys = rowKeys(session)
        guard let at = rowIndex(keys, session) else { return }
        session.cursor = keys[max(0, min(keys.count - 1, at + max(-keys.count, min(keys.count, by))))]
    }
    private func sort(by step: Int, _ session: inout Session) {
        let columns = Columns.of(session.screen).filter { $0.history == nil }
        guard !columns.isEmpty else { return }
        let now = Columns.sort(session)
        let at = columns.firstIndex { $0.id == now.column } ?? 0
        setSort(columns[(at + step + columns.count) % columns.count], &session)
    }
    func setSort(_ column: Column, _ session: inout Session) {
        // Figures begin with the greatest, names with the first.
        session.sorts[session.screen] = Sort(column.id, descending: column.id != "id")
        session.order = []
        session.toast = "sorted by \(column.title)"
    }
    private func step(_ by: Int, _ session: inout Session) {
        let at = KeyHandler.intervals.firstIndex { $0 >= session.interval } ?? 2
        session.interval = KeyHandler.intervals[max(0, min(KeyHandler.intervals.count - 1, at + by))]
        session.toast = "a picture every \(Format.decimals(session.interval, 1)) s"
    }
    private func open(_ pane: Overlay.Pane, _ session: inout Session) -> [Effect] {
        guard let id = selected(session) else { return toast("choose a process first", &session) }
        return show(id, pane, &session)
    }
    func show(_ id: ProcessName, _ pane: Overlay.Pane, _ session: inout Session) -> [Effect] {
        session.overlay = .detail(id, pane)
        switch pane {
        case .history: return []
        case .output: return [.fetchOutput(id)]
        case .crash: return [.fetchCrashes(id)]
        }
    }
    func ask(_ action: Confirmation.Action, _ target: ProcessName?, _ session: inout Session) -> [Effect] {
        if session.isReadOnly { return toast("started with --readonly: it only looks", &session) }
        if model.isReplay { return toast("a recording: nothing to act on", &session) }
        if model.isLost {
            guard action == .start else {
                return toast("actions are off: no supervisor answers (U starts one)", &session)
            }
            session.overlay = .confirm(Confirmation(.start, target: nil, pid: 0, boot: 0))
            return []
        }
        guard session.isAdmin(model.now) else { return toast(needsAdmin(session), &session) }
        if action.isForAll {
            if action == .finish, model.told.rolling == nil {
                return toast("no rolling restart is under way", &session)
            }
            session.overlay = .confirm(Confirmation(action, target: nil, pid: 0, boot: 0))
            return []
        }
        guard let target, let process = model.processes[target] else {
            return toast("choose a process first", &session)
        }
        let isRunning = process.state(model.now).isRunning
        session.overlay = .confirm(
            Confirmation(action, target: target, pid: isRunning ? process.pid : 0, boot: isRunning ? process.boot : 0))
        return []
    }
}
