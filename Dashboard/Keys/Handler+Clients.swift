// Keys in the list of the clients with most waiting, and while one client is looked at.
import Watch

extension KeyHandler {
    func clients(_ key: Key, _ chosen: String?, _ session: inout Session) -> [Effect] {
        let ids = Views.shownClients(model).map(\.id)
        let at = chosen.flatMap { ids.firstIndex(of: $0) } ?? 0
        func choose(_ to: Int) {
            if !ids.isEmpty { session.overlay = .clients(chosen: ids[max(0, min(ids.count - 1, to))]) }
        }
        switch key {
        case .enter:
            guard !ids.isEmpty else { return toast("no client here; :client ID shows any", &session) }
            session.overlay = .client(ClientLook(id: ids[at], isTyped: false))
        case .escape, .backspace, .control("c"), .character("q"): session.overlay = nil
        case .up, .character("k"): choose(at - 1)
        case .down, .character("j"): choose(at + 1)
        case .pageUp: choose(at - size.height / 2)
        case .pageDown, .character(" "): choose(at + size.height / 2)
        case .home, .character("g"): session.overlay = .clients(chosen: nil)
        case .end, .character("G"): choose(ids.count - 1)
        default: return under(key, nil, &session)
        }
        return []
    }

    func client(_ key: Key, _ look: ClientLook, _ session: inout Session) -> [Effect] {
        switch key {
        case .escape, .backspace, .control("c"), .character("q"):
            session.overlay = look.group.map { .group($0) } ?? (look.isTyped ? nil : .clients(chosen: look.id))
        case .enter: return model.told.followed?.isRefused == true ? [.followAgain] : []
        case .up, .character("k"): scroll(look, -1, &session)
        case .down, .character("j"): scroll(look, 1, &session)
        case .pageUp: scroll(look, -size.height / 2, &session)
        case .pageDown, .character(" "): scroll(look, size.height / 2, &session)
        case .home, .character("g"): scroll(look, -Told.Followed.most, &session)
        case .end, .character("G"): scroll(look, Told.Followed.most, &session)
        case .character("n"), .character("N"): find(look, key == .character("n") ? 1 : -1, &session)
        default:
            // The row of the screen can't be seen, so no key acts on it.
            if case .act? = Binding.command(key, on: .overview) {
                return toast("orders are for processes: Esc, and choose one", &session)
            }
            return under(key, nil, &session)
        }
        return []
    }
    /// The clients of a user, or the subscribers of a channel.
    func group(_ key: Key, _ look: GroupLook, _ session: inout Session) -> [Effect] {
        let ids = Views.shownGroup(look, model, session).map(\.client)
        let at = look.chosen.flatMap { ids.firstIndex(of: $0) } ?? 0
        func choose(_ to: Int) {
            guard !ids.isEmpty else { return }
            session.overlay = .group(GroupLook(name: look.name, chosen: ids[max(0, min(ids.count - 1, to))]))
        }
        switch key {
        case .enter:
            guard !ids.isEmpty else { return toast("no client here; :client ID shows any", &session) }
            let back = GroupLook(name: look.name, chosen: ids[at])
            session.overlay = .client(ClientLook(id: ids[at], isTyped: look.showsIDs, group: back))
        case .escape, .backspace, .control("c"), .character("q"): session.overlay = nil
        case .home, .character("g"): session.overlay = .group(GroupLook(name: look.name))
        default:
            guard let by = rows(key, ids.count) else { return inList(key, &session) }
            choose(at + by)
        }
        return []
    }
    /// By how many rows a key moves. `nil` if it does not move.
    func rows(_ key: Key, _ count: Int) -> Int? {
        switch key {
        case .up, .character("k"): -1
        case .down, .character("j"): 1
        case .pageUp: -size.height / 2
        case .pageDown, .character(" "): size.height / 2
        case .end, .character("G"): count
        default: nil
        }
    }
    /// A key in a list of clients or apps that has no meaning of its own there.
    func inList(_ key: Key, _ session: inout Session) -> [Effect] {
        // The row of the screen can't be seen, so no key acts on it.
        if case .act? = Binding.command(key, on: .overview) {
            return toast("orders are for processes: Esc, and choose one", &session)
        }
        return under(key, nil, &session)
    }

    /// Moves the lowest row that is shown. At the end it stays with the newest, whichever it is.
    private func scroll(_ look: ClientLook, _ by: Int, _ session: inout Session) {
        guard let followed = model.told.followed, followed.client == look.id else { return }
        let room = Views.clientRoom(look, Context(model, session, Capabilities()), size)
        let to = max(followed.first + room - 1, min(followed.last, look.bottom ?? followed.last) + by)
        var look = look
        look.bottom = to >= followed.last ? nil : to
        session.overlay = .client(look)
    }
    private func find(_ look: ClientLook, _ by: Int, _ session: inout Session) {
        guard let followed = model.told.followed, followed.client == look.id else { return }
        let context = Context(model, session, Capabilities())
        let texts = followed.rows.map { Views.clientText($0, look, context, width: Views.wideFrom) }
        let shown = min(followed.last, look.bottom ?? followed.last) - followed.first
        guard let at = match(texts, from: shown, by, &session) else { return }
        var look = look
        look.bottom = at == texts.count - 1 ? nil : followed.first + at
        session.overlay = .client(look)
    }
}
