import Stats
package import Supervision
package import Watch

/// The things that a key asks of the program, beside a new picture.
package enum Effect: Equatable, Sendable {
    case quit, suspend, redraw
    /// Write the screen to a file. Without a path it gets a name of its own.
    case shot(Shot.Format, path: String?)
    /// Gather a report about the last seconds, and write it to a file.
    case report(seconds: Double)
    /// Put the text of a row into the terminal's clipboard.
    case copy(_ name: String, _ text: String)
    case saveSettings
    case act(Confirmation)
    /// Acknowledge this alert, for everybody. `nil`: all of them.
    case acknowledge(String?)
    /// Run `megacomet start` as a process of its own.
    case startSupervisor
    case fetchOutput(ProcessName)
    case fetchCrashes(ProcessName)
    case retry
    /// Show all machines.
    case hosts
    /// Show this machine, by its number among those that were named, on this screen or on the one that it had.
    case openHost(Int, Screen?)
    /// Ask the manager again to tell what happens to a client, since it has refused.
    case followAgain
    /// Go to the event after or before the moment of the picture.
    case nextEvent, previousEvent
    case zeroPeaks
    /// Look which process is at the other end of this connection of an app.
    case findProcess(peer: String)
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
        // The drawer of the picture knows what was clicked, and what its background is.
        case .click, .background: return []
        case .wheelUp, .wheelDown: return (0..<3).flatMap { _ in handle(key == .wheelUp ? .up : .down, &session) }
        default: break
        }
        switch session.overlay {
        case .edit(let editor): return edit(key, editor, &session)
        case .confirm(let confirmation): return confirm(key, confirmation, &session)
        case .sortMenu(let choice): return choose(key, choice, &session)
        case .columns(let menu): return columns(key, menu, &session)
        case .help(let page): return help(key, page, &session)
        case .explain(let column): return explain(key, column, &session)
        case .detail(let id, let pane): return detail(key, id, pane, &session)
        case .clients(let chosen): return clients(key, chosen, &session)
        case .client(let look): return client(key, look, &session)
        case .group(let look): return group(key, look, &session)
        case .apps(let look): return apps(key, look, &session)
        case .app(let look): return app(key, look, &session)
        case .addresses(let first): return addresses(key, from: first, &session)
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
        case .hosts: return [.hosts]
        case .up: move(-1, &session)
        case .down: move(1, &session)
        case .pageUp: move(-max(1, size.height / 2), &session)
        case .pageDown: move(max(1, size.height / 2), &session)
        case .top: session.cursor = nil
        case .bottom: move(.max / 2, &session)
        case .enter: return enter(&session)
        case .back: return back(&session)
        case .nextMatch: match(1, &session)
        case .previousMatch: match(-1, &session)
        case .filter: editFilter(&session)
        case .sortMenu: return openSortMenu(&session)
        case .columns: return openColumns(&session)
        case .nextColumn: sort(by: 1, &session)
        case .previousColumn: sort(by: -1, &session)
        case .invert: invert(&session)
        case .follow: follow(&session)
        case .totals: toggle(\.showsTotals, "totals since each process started", "rates, a second", &session)
        case .span:
            session.span = session.span.next
            session.toast = "graphs and history lines: the last \(session.span.words)"
        case .graph:
            session.graph = session.graph.next
            session.toast =
                session.graph == .automatic ? "graphs where there is room" : "first graph: \(session.graph.text)"
        case .units: session.showsFullNumbers.toggle()
        case .zero: return toast("peak zeroed, here only", &session) + [.zeroPeaks]
        case .step(let seconds): return step(seconds: seconds, &session)
        case .nextEvent: return [.nextEvent]
        case .previousEvent: return [.previousEvent]
        case .pause: pause(&session)
        case .now: now(&session)
        case .faster: step(-1, &session)
        case .slower: step(1, &session)
        case .save: return [.shot(.text, path: nil)]
        case .copy: return copy(&session)
        case .commandLine: type(Editor(.command, hint: CommandLine.hint), &session)
        case .acknowledge: return acknowledge(&session)
        case .acknowledgeAll: acknowledgeAll(&session)
        case .level: session.eventLevel = session.eventLevel.next
        case .fold: toggle(\.foldsEvents, "events of one cause are one line", "each event is a line", &session)
        case .eventJSON: session.showsEventJSON.toggle()
        case .clientIDs: return clientIDs(&session)
        case .addresses: session.overlay = .addresses(from: 0)
        case .apps: session.overlay = .apps(AppsLook())
        case .explain: return openExplanation(&session)
        case .output: return open(.output(back: 0), &session)
        case .crash: return open(.crash(number: 0, scroll: 0), &session)
        case .act(let action): return ask(action, selected(session), &session)
        case .admin: return admin(&session)
        case .help: help(&session)
        case .redraw: return [.redraw]
        case .suspend: return [.suspend]
        case .quit: return [.quit]
        case .retry: return space(&session)
        }
        return []
    }

    /// A click on a place of the picture that is shown. `target`: what stands there.
    package func click(_ target: Grid.Target?, _ session: inout Session) -> [Effect] {
        session.toast = nil
        switch target {
        case .screen(let screen):
            session.overlay = nil
            session.underlay = nil
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

    // MARK: helpers

    func toast(_ text: String, _ session: inout Session) -> [Effect] {
        session.toast = text
        return []
    }
    package func selected(_ session: Session) -> ProcessName? {
        if session.screen == .events {
            let shown = Views.eventRows(model, session)
            return Views.cursor(shown, session).flatMap { shown[$0].process }
        }
        guard session.screen != .host, session.screen != .nodes else { return nil }
        let rows = Table.rows(session.screen, Context(model, session, Capabilities()))
        return Table.cursor(rows, session).map { rows[$0].id }
    }
    func type(_ editor: Editor, _ session: inout Session) {
        session.underlay = session.overlay
        session.overlay = .edit(editor)
    }
    func needsAdmin(_ session: Session) -> String {
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
    private func show(_ screen: Screen, _ session: inout Session) {
        session.screen = screen
        session.order = []
    }
    /// The keys of the rows that the screen shows, in their order.
    private func rowKeys(_ session: Session) -> [RowKey] {
        switch session.screen {
        case .events: Views.eventRows(model, session).map(\.key)
        case .host: (0..<Views.hostRows(model)).map { .line($0) }
        case .nodes: Views.shownNodes(model, session).indices.map { .line($0) }
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
}
