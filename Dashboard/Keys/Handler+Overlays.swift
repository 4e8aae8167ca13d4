// Keys while something lies over the screen.
extension KeyHandler {
    func edit(_ key: Key, _ editor: Editor, _ session: inout Session) -> [Effect] {
        var editor = editor
        switch key {
        case .escape, .control("c"):
            session.overlay = nil
            if editor.purpose == .filter { session.filter = Filter("") }
            return []
        case .enter:
            session.overlay = nil
            guard editor.purpose == .command else { return [] }
            return CommandLine.run(editor.text, self, &session)
        case .backspace:
            if editor.text.isEmpty {
                session.overlay = nil
                return []
            }
            editor.text.removeLast()
        case .control("u"): editor.text = ""
        case .tab:
            if editor.purpose == .command { (editor.text, editor.hint) = CommandLine.complete(editor.text, model) }
        case .character(let character): if editor.text.count < 200 { editor.text.append(character) }
        default: break
        }
        if editor.purpose == .filter { session.filter = Filter(editor.text) }
        session.overlay = .edit(editor)
        return []
    }

    func confirm(_ key: Key, _ confirmation: Confirmation, _ session: inout Session) -> [Effect] {
        var box = confirmation
        switch key {
        case .escape, .control("c"):
            session.overlay = nil
            return toast("\(box.action.rawValue) cancelled", &session)
        case .enter:
            switch box.field {
            case .cancel:
                session.overlay = nil
                return toast("\(box.action.rawValue) cancelled", &session)
            case .reason: box.field = .word
            case .word:
                guard box.isReady else {
                    session.toast = "type \"\(box.word)\" to do it, Esc cancels"
                    break
                }
                session.overlay = nil
                return box.target == nil && box.action == .start ? [.startSupervisor] : [.act(box)]
            }
        case .tab, .down, .right: box.field = box.field == .cancel ? .reason : box.field == .reason ? .word : .cancel
        case .backTab, .up, .left: box.field = box.field == .cancel ? .word : box.field == .word ? .reason : .cancel
        case .backspace:
            if box.field == .reason { _ = box.reason.popLast() } else { _ = box.typed.popLast() }
        case .character(let character):
            if box.field == .reason {
                if box.reason.count < 120 { box.reason.append(character) }
            } else {
                box.field = .word
                if box.typed.count < 20 { box.typed.append(character) }
            }
        default: break
        }
        session.overlay = .confirm(box)
        return []
    }

    func choose(_ key: Key, _ choice: Int, _ session: inout Session) -> [Effect] {
        let columns = Columns.of(session.screen).filter { $0.history == nil }
        switch key {
        case .up, .character("k"): session.overlay = .sortMenu(choice: max(0, choice - 1))
        case .down, .character("j"), .tab: session.overlay = .sortMenu(choice: min(columns.count - 1, choice + 1))
        case .enter, .character(" "):
            session.overlay = nil
            if columns.indices.contains(choice) { setSort(columns[choice], &session) }
        default: session.overlay = nil
        }
        return []
    }
    func help(_ key: Key, _ page: Int, _ session: inout Session) -> [Effect] {
        switch key {
        case .character(" "), .pageDown, .down, .right, .tab: session.overlay = .help(page: page + 1)
        case .pageUp, .up, .left: session.overlay = .help(page: max(0, page - 1))
        case .character("q"), .escape, .enter, .character("?"), .character("h"), .function(1), .control("c"): session.overlay = nil
        default: break
        }
        return []
    }
    func explain(_ key: Key, _ column: Int, _ session: inout Session) -> [Effect] {
        let count = Columns.of(session.screen).count
        switch key {
        case .right, .down, .tab, .character(">"), .character(" "), .character("j"): session.overlay = .explain(column: (column + 1) % max(1, count))
        case .left, .up, .backTab, .character("<"), .character("k"): session.overlay = .explain(column: (column + count - 1) % max(1, count))
        default: session.overlay = nil
        }
        return []
    }
    func detail(_ key: Key, _ id: ProcessID, _ pane: Overlay.Pane, _ session: inout Session) -> [Effect] {
        func scrolled(_ by: Int) -> Overlay.Pane {
            switch pane {
            case .output(let lines, let scroll): .output(lines: lines, scroll: max(0, min(max(0, lines.count - 1), scroll + by)))
            case .crash(let report, let number, let of, let scroll): .crash(report: report, number: number, of: of, scroll: max(0, min(max(0, report.count - 1), scroll + by)))
            case .history, .waiting: pane
            }
        }
        switch key {
        case .escape, .character("q"), .backspace, .control("c"):
            session.overlay = pane == .history ? nil : .detail(id, .history)
        case .enter: session.overlay = nil
        case .up, .character("k"): session.overlay = .detail(id, scrolled(-1))
        case .down, .character("j"): session.overlay = .detail(id, scrolled(1))
        case .pageUp: session.overlay = .detail(id, scrolled(-size.height / 2))
        case .pageDown, .character(" "): session.overlay = .detail(id, scrolled(size.height / 2))
        case .character("l"):
            session.overlay = .detail(id, .waiting("asking the supervisor ..."))
            return [.fetchOutput(id)]
        case .character("c"):
            session.overlay = .detail(id, .waiting("asking the supervisor ..."))
            return [.fetchCrashes(id)]
        case .character("n"):
            if case .crash = pane { return [.fetchCrashes(id)] }
        case .tab, .right, .left:
            let all = model.ordered.map(\.id)
            guard let at = all.firstIndex(of: id) else { break }
            session.overlay = .detail(all[(at + (key == .left ? all.count - 1 : 1)) % all.count], .history)
        default:
            switch Binding.command(key) {
            case .act(let action): return ask(action, action == .rolling ? nil : id, &session)
            case .admin, .pause, .save, .help, .redraw, .suspend, .units: return Binding.command(key).map { run($0, &session) } ?? []
            case .screen(let screen):
                session.overlay = nil
                return run(.screen(screen), &session)
            default: break
            }
        }
        return []
    }
}
