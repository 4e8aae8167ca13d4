import Watch

// Keys in the menu of columns.
extension KeyHandler {
    func openColumns(_ session: inout Session) -> [Effect] {
        guard !Columns.of(session.screen).isEmpty else { return toast("no columns to choose here", &session) }
        session.overlay = .columns(ColumnMenu(session.screen, session))
        return []
    }
    func columns(_ key: Key, _ menu: ColumnMenu, _ session: inout Session) -> [Effect] {
        var menu = menu
        switch key {
        case .up, .character("k"): menu.choose(-1)
        case .down, .character("j"), .tab: menu.choose(1)
        case .left, .character("<"): menu.move(-1)
        case .right, .character(">"): menu.move(1)
        case .character(" "), .enter:
            if !menu.toggle() { session.toast = "ID always stays" }
        case .character("d"):
            session.columns[menu.screen] = nil
            menu = ColumnMenu(menu.screen, session)
        case .character("S"): return [.saveSettings]
        default:
            session.overlay = nil
            return []
        }
        session.columns[menu.screen] = menu.chosen
        session.overlay = .columns(menu)
        return []
    }
}
