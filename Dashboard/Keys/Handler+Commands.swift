import Stats
import Supervision
import Watch

// The commands that need more than a line.
extension KeyHandler {
    func enter(_ session: inout Session) -> [Effect] {
        if session.screen == .host { return openExplanation(&session) }
        if session.screen == .events {
            let shown = Views.eventRows(model, session)
            if let at = Views.cursor(shown, session), case .incident(let incident, let isUnfolded) = shown[at] {
                if isUnfolded {
                    session.unfolded.remove(incident.key)
                } else {
                    session.unfolded.insert(incident.key)
                }
                session.cursor = .incident(incident.key)
                return []
            }
        }
        if session.screen == .queues {
            session.overlay = .clients(chosen: nil)
        } else if let id = selected(session) {
            session.overlay = .detail(id, .history)
        }
        return []
    }
    /// Takes back what was chosen last; on the processes' screen it ends a rolling restart.
    func back(_ session: inout Session) -> [Effect] {
        if session.moment != nil, !model.isReplay {
            session.moment = nil
        } else if !session.filter.isEmpty {
            session.filter = Filter("")
        } else if session.isFollowing {
            session.isFollowing = false
        } else if session.screen == .procs, model.told.rolling != nil {
            return run(.act(.finish), &session)
        }
        return []
    }
    func editFilter(_ session: inout Session) {
        let hint = "text  !text  state=backoff  conns>100k   Enter keeps, Esc drops"
        type(Editor(.filter, text: session.filter.text, hint: hint), &session)
    }
    func openSortMenu(_ session: inout Session) -> [Effect] {
        let columns = Columns.of(session.screen)
        guard !columns.isEmpty else { return toast("nothing to sort here", &session) }
        let now = Columns.sort(session)
        session.overlay = .sortMenu(choice: columns.firstIndex { $0.id == now.column } ?? 0)
        return []
    }
    func invert(_ session: inout Session) {
        var sort = Columns.sort(session)
        sort.isDescending.toggle()
        session.sorts[session.screen] = sort
    }
    func follow(_ session: inout Session) {
        session.cursor = selected(session).map { .process($0) } ?? session.cursor
        let row = selected(session)?.short ?? "this row"
        toggle(\.isFollowing, "following \(row)", "no longer following", &session)
    }
    func toggle(
        _ choice: WritableKeyPath<Session, Bool>, _ yes: String, _ no: String, _ session: inout Session
    ) {
        session[keyPath: choice].toggle()
        session.toast = session[keyPath: choice] ? yes : no
    }
    /// On the events' screen the event, here only; elsewhere the worst alert, for everybody.
    func acknowledge(_ session: inout Session) -> [Effect] {
        if session.screen == .events {
            let shown = Views.eventRows(model, session)
            guard let at = Views.cursor(shown, session) else { return [] }
            switch shown[at] {
            case .event(let event, _): session.acknowledged.insert(event.key)
            case .incident(let incident, _): session.acknowledged.formUnion(incident.events.map(\.key))
            }
            return []
        }
        guard let alert = model.alerts.first(where: \.isOpen) else { return toast("no alert is open", &session) }
        return acknowledge(alert.key, &session)
    }
    func acknowledge(_ key: String?, _ session: inout Session) -> [Effect] {
        if session.isReadOnly { return toast("started with --readonly: it only looks", &session) }
        if model.isReplay { return toast("a recording: nothing to act on", &session) }
        if model.past != nil { return toast("nothing to act on in the past: End returns to now", &session) }
        if let remote = model.server.remote {
            return toast("another machine, which is only looked at: ssh \(remote) megacomet acknowledge", &session)
        }
        if model.isLost { return toast("no supervisor answers: it keeps the alerts", &session) }
        return [.acknowledge(key)]
    }
    func acknowledgeAll(_ session: inout Session) {
        session.acknowledgedBefore = model.events.last?.time ?? 0
        session.toast = "all events acknowledged, here only"
    }
    func clientIDs(_ session: inout Session) -> [Effect] {
        if session.showsClientIDs {
            session.showsClientIDs = false
            return []
        }
        guard session.isAdmin(model.now) else { return toast(needsAdmin(session), &session) }
        session.showsClientIDs = true
        return [.note("client ids are shown until admin mode ends")]
    }
    func openExplanation(_ session: inout Session) -> [Effect] {
        let count = Views.explained(session.screen, model).count
        guard count > 0 else { return toast("no columns here", &session) }
        let column = Columns.sort(session).column
        session.overlay = .explain(
            column: session.screen == .host
                ? Views.cursor(count, session) : Columns.of(session.screen).firstIndex { $0.id == column } ?? 0)
        return []
    }
    func admin(_ session: inout Session) -> [Effect] {
        if session.isReadOnly { return toast("started with --readonly: no admin mode", &session) }
        if session.isAdmin(model.now) {
            session.adminUntil = nil
            session.showsClientIDs = false
            return toast("admin mode left", &session)
        }
        session.adminUntil = model.present + KeyHandler.adminSeconds * 1_000_000_000
        return toast("admin mode for 5 minutes: R D S U K X P H act, each asks first", &session)
    }

    func open(_ pane: Overlay.Pane, _ session: inout Session) -> [Effect] {
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
        if model.past != nil { return toast("nothing to act on in the past: End returns to now", &session) }
        if let remote = model.server.remote {
            return toast("another machine, which is only looked at: ssh -t \(remote) megatop acts there", &session)
        }
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
