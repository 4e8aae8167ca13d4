import Stats
package import Watch

/// Keys on the screen of several machines. They mean what they mean on the other screens.
package struct HostsHandler {
    package let models: [Model]
    package let size: Size

    package init(_ models: [Model], _ size: Size) {
        self.models = models
        self.size = size
    }

    package func handle(_ key: Key, _ session: inout Session) -> [Effect] {
        session.toast = nil
        // The help and the line of the filter have no need of a machine.
        let handler = KeyHandler(Model(), size)
        if session.overlay != nil { return handler.handle(key, &session) }
        switch key {
        case .click: return []
        case .wheelUp: move(-3, &session)
        case .wheelDown: move(3, &session)
        default: return run(Binding.command(key, on: .overview), handler, &session)
        }
        return []
    }
    private func run(_ command: Command?, _ handler: KeyHandler, _ session: inout Session) -> [Effect] {
        switch command {
        case .up: move(-1, &session)
        case .down: move(1, &session)
        case .pageUp: move(-max(1, size.height / 2), &session)
        case .pageDown: move(max(1, size.height / 2), &session)
        case .top: move(.min / 2, &session)
        case .bottom: move(.max / 2, &session)
        case .enter: return open(nil, session)
        case .screen(let screen): return open(screen, session)
        case .sortMenu, .nextColumn: sort(1, &session)
        case .previousColumn: sort(-1, &session)
        case .invert: session.hostSort.isDescending.toggle()
        case .back: session.filter = Filter("")
        case .hosts: break
        case .filter, .faster, .slower, .help, .redraw, .suspend, .quit, .retry:
            return command.map { handler.run($0, &session) } ?? []
        default: session.toast = "not here: Enter opens a host, ? shows all keys"
        }
        return []
    }
    package func click(_ target: Grid.Target?, _ session: inout Session) -> [Effect] {
        session.toast = nil
        guard session.overlay == nil else { return [] }
        switch target {
        case .row(let key):
            // A second click on a row opens it.
            if session.cursor == key { return open(nil, session) }
            session.cursor = key
        case .column(let id): choose(id, &session)
        case .screen, nil: break
        }
        return []
    }

    private var table: (Session) -> HostTable { { HostTable(models, $0, Capabilities()) } }
    private func open(_ screen: Screen?, _ session: Session) -> [Effect] {
        let table = table(session), shown = table.shown
        return table.cursor(shown).map { [.openHost(shown[$0].index, screen)] } ?? []
    }
    private func move(_ by: Int, _ session: inout Session) {
        let table = table(session), shown = table.shown
        guard let at = table.cursor(shown) else { return }
        let to = max(0, min(shown.count - 1, at + max(-shown.count, min(shown.count, by))))
        session.cursor = .line(shown[to].index)
    }
    private func sort(_ step: Int, _ session: inout Session) {
        let columns = ["host"] + HostColumn.all.map(\.id)
        let at = columns.firstIndex(of: session.hostSort.column) ?? 0
        choose(columns[(at + step + columns.count) % columns.count], &session)
    }
    /// Figures begin with the greatest, names with the first. A second choice turns the order round.
    private func choose(_ id: String, _ session: inout Session) {
        if session.hostSort.column == id {
            session.hostSort.isDescending.toggle()
        } else {
            session.hostSort = Sort(id, descending: id != "host")
        }
        session.toast = "sorted by \(HostColumn.named(id)?.title ?? "HOST")"
    }
}
