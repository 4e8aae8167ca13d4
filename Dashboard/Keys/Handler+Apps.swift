// Keys in the list of apps, and while one app is looked at.
import Watch
import Wire

extension KeyHandler {
    func apps(_ key: Key, _ look: AppsLook, _ session: inout Session) -> [Effect] {
        let peers = Views.shownApps(model, session).map(\.peer)
        let at = look.chosen.flatMap { peers.firstIndex(of: $0) } ?? 0
        switch key {
        case .enter:
            guard !peers.isEmpty else { return toast("no app here", &session) }
            return open(app: peers[at], &session)
        case .escape, .backspace, .control("c"), .character("q"), .character("a"): session.overlay = nil
        case .home, .character("g"): session.overlay = .apps(AppsLook())
        case .character("s"), .character(">"): sortApps(by: 1, &session)
        case .character("<"): sortApps(by: -1, &session)
        case .character("I"): session.appSort.isDescending.toggle()
        default:
            guard let by = rows(key, peers.count) else { return inList(key, &session) }
            if !peers.isEmpty {
                session.overlay = .apps(AppsLook(chosen: peers[max(0, min(peers.count - 1, at + by))]))
            }
        }
        return []
    }
    private func sortApps(by step: Int, _ session: inout Session) {
        let columns = AppListColumn.allCases
        let at = columns.firstIndex { $0.rawValue == session.appSort.column } ?? 0
        let column = columns[(at + step + columns.count) % columns.count]
        session.appSort = Sort(column.rawValue, descending: !column.isText)
        session.toast = "sorted by \(column.title)"
    }

    /// Shows all about the connection of this peer.
    func open(app peer: String, _ session: inout Session) -> [Effect] {
        session.overlay = .app(AppsLook(chosen: peer))
        return session.peerProcess?.peer == peer || model.isReplay ? [] : [.findProcess(peer: peer)]
    }
    func app(_ key: Key, _ look: AppsLook, _ session: inout Session) -> [Effect] {
        switch key {
        case .escape, .backspace, .control("c"), .character("q"), .enter: session.overlay = .apps(look)
        case .tab, .right, .left, .backTab:
            let peers = Views.shownApps(model, session).map(\.peer)
            guard !peers.isEmpty else { break }
            let at = look.chosen.flatMap { peers.firstIndex(of: $0) } ?? 0
            let by = key == .tab || key == .right ? 1 : peers.count - 1
            return open(app: peers[(at + by) % peers.count], &session)
        default: return inList(key, &session)
        }
        return []
    }
}
