import Supervision
import Watch

// Keys while something lies over the screen.
extension KeyHandler {
    func edit(_ key: Key, _ editor: Editor, _ session: inout Session) -> [Effect] {
        var editor = editor
        func leave() {
            session.overlay = session.underlay
            session.underlay = nil
        }
        switch key {
        case .escape, .control("c"):
            leave()
            if editor.purpose == .filter { session.filter = Filter("") }
            return []
        case .enter:
            leave()
            guard editor.purpose == .command else { return [] }
            if !editor.text.isEmpty, session.commands.last != editor.text {
                session.commands = (session.commands + [editor.text]).suffix(Session.commandsKept)
            }
            return CommandLine.run(editor.text, self, &session)
        case .up, .down:
            guard editor.purpose == .command else { break }
            editor.back = max(0, min(session.commands.count, editor.back + (key == .up ? 1 : -1)))
            editor.text = editor.back == 0 ? "" : session.commands[session.commands.count - editor.back]
        case .backspace:
            if editor.text.isEmpty {
                leave()
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
        case .character("I"):
            session.overlay = nil
            if columns.indices.contains(choice) { setSort(columns[choice], &session) }
            invert(&session)
        case .character("e"): session.overlay = .explain(column: choice)
        default: session.overlay = nil
        }
        return []
    }
    /// Opens the help over what is shown now.
    func help(_ session: inout Session) {
        session.underlay = session.overlay
        session.overlay = .help(page: 0)
    }
    func help(_ key: Key, _ page: Int, _ session: inout Session) -> [Effect] {
        switch key {
        case .character(" "), .pageDown, .down, .right, .tab: session.overlay = .help(page: page + 1)
        case .pageUp, .up, .left: session.overlay = .help(page: max(0, page - 1))
        case .character("q"), .escape, .enter, .character("?"), .character("h"), .function(1), .control("c"):
            session.overlay = session.underlay
            session.underlay = nil
        default: break
        }
        return []
    }
    func explain(_ key: Key, _ column: Int, _ session: inout Session) -> [Effect] {
        let count = Views.explained(session.screen, model).count
        switch key {
        case .right, .down, .tab, .character(">"), .character(" "), .character("j"):
            session.overlay = .explain(column: (column + 1) % max(1, count))
        case .left, .up, .backTab, .character("<"), .character("k"):
            session.overlay = .explain(column: (column + count - 1) % max(1, count))
        case .character(let letter):
            // The next title that begins with the letter. Another letter closes the box.
            let titles = Views.explained(session.screen, model).map(\.title)
            let after = (1...max(1, count)).map { (column + $0) % max(1, count) }
            let found = after.first {
                titles.indices.contains($0) && titles[$0].lowercased().hasPrefix("\(letter)".lowercased())
            }
            session.overlay = letter == "q" ? nil : found.map { .explain(column: $0) }
        default: session.overlay = nil
        }
        return []
    }
    func addresses(_ key: Key, from first: Int, _ session: inout Session) -> [Effect] {
        let last = max(0, Views.shownAddresses(model, session).count - 1)
        func scroll(_ by: Int) { session.overlay = .addresses(from: max(0, min(last, first + by))) }
        switch key {
        case .escape, .enter, .backspace, .control("c"), .character("q"), .character("b"): session.overlay = nil
        case .up, .character("k"): scroll(-1)
        case .down, .character("j"): scroll(1)
        case .pageUp: scroll(-size.height / 2)
        case .pageDown, .character(" "): scroll(size.height / 2)
        case .home, .character("g"): scroll(-last)
        case .end, .character("G"): scroll(last)
        default:
            // The row of the screen can't be seen, so no key acts on it.
            if case .act(let action)? = Binding.command(key, on: .overview) { return ask(action, nil, &session) }
            return under(key, nil, &session)
        }
        return []
    }
    func detail(_ key: Key, _ id: ProcessName, _ pane: Overlay.Pane, _ session: inout Session) -> [Effect] {
        func scroll(_ by: Int) {
            switch pane {
            case .output(let back):
                session.overlay = .detail(
                    id, .output(back: max(0, min((model.told.children[id]?.output?.count ?? 1) - 1, back - by))))
            case .crash(let number, let scroll):
                let reports = model.told.crashes(of: id) ?? []
                let most = reports.indices.contains(number) ? reports[number].lines?.count ?? 1 : 1
                session.overlay = .detail(id, .crash(number: number, scroll: max(0, min(most - 1, scroll + by))))
            case .history: break
            }
        }
        switch key {
        case .escape, .character("q"), .backspace, .control("c"):
            session.overlay = pane == .history ? nil : .detail(id, .history)
        case .enter: session.overlay = nil
        case .up, .character("k"): scroll(-1)
        case .down, .character("j"): scroll(1)
        case .pageUp: scroll(-size.height / 2)
        case .pageDown, .character(" "): scroll(size.height / 2)
        case .character("l"): return show(id, .output(back: 0), &session)
        case .character("c"): return show(id, .crash(number: 0, scroll: 0), &session)
        case .character("n"), .character("N"):
            switch pane {
            case .crash(let number, _):
                let count = max(1, model.told.crashes(of: id)?.count ?? 1)
                return show(
                    id, .crash(number: (number + (key == .character("n") ? 1 : count - 1)) % count, scroll: 0), &session
                )
            case .output(let back): return matchLine(id, back, key == .character("n") ? 1 : -1, &session)
            case .history: break
            }
        case .tab, .backTab:
            let all = model.ordered.map(\.id)
            guard let at = all.firstIndex(of: id) else { break }
            return show(
                all[(at + (key == .backTab ? all.count - 1 : 1)) % all.count],
                pane == .history ? .history : .output(back: 0), &session)
        default: return under(key, id, &session)
        }
        return []
    }
    /// The next line of an output that matches the filter. With `by` 1 it is older, with -1 newer.
    private func matchLine(_ id: ProcessName, _ back: Int, _ by: Int, _ session: inout Session) -> [Effect] {
        let lines = model.told.children[id]?.output ?? []
        if let at = match(lines, from: lines.count - 1 - back, by, &session) {
            session.overlay = .detail(id, .output(back: lines.count - 1 - at))
        }
        return []
    }
    /// The place of the next line that matches the filter. The search begins at the lowest visible line, which was
    /// found last. If there is none, that is said.
    func match(_ lines: [String], from last: Int, _ by: Int, _ session: inout Session) -> Int? {
        guard !session.filter.isEmpty else {
            session.toast = "nothing to look for: / sets it"
            return nil
        }
        var at = last - by
        while lines.indices.contains(at), !session.filter.matches(text: lines[at], column: { _ in nil }) { at -= by }
        if lines.indices.contains(at) { return at }
        session.toast = "no further line with \"\(session.filter.text)\""
        return nil
    }
    /// Keys that also work while something lies over the screen. `id` is the process that it is about.
    func under(_ key: Key, _ id: ProcessName?, _ session: inout Session) -> [Effect] {
        let command = Binding.command(key, on: .overview)
        switch command {
        case .act(let action)?: return ask(action, action.isForAll ? nil : id ?? selected(session), &session)
        // The row that it would go to in the present can't be seen.
        case .now? where session.moment == nil && !model.isReplay: return []
        case .step?, .previousEvent?, .nextEvent?, .now?: return command.map { run($0, &session) } ?? []
        case .admin?, .pause?, .save?, .copy?, .help?, .redraw?, .suspend?, .units?, .filter?, .commandLine?,
            .clientIDs?, .hosts?:
            return command.map { run($0, &session) } ?? []
        case .screen?:
            session.overlay = nil
            return command.map { run($0, &session) } ?? []
        default: return []
        }
    }
}
