/// The command line: `:restart w5`, `:sort queue`, `:set interval 2`. Actions open their box as the keys do.
package enum CommandLine {
    static let hint = "restart drain stop start kill hold rolling  sort filter screen set save quit"
    private static let words = ["restart", "drain", "stop", "start", "kill", "hold", "rolling", "sort", "filter", "screen", "set", "save", "quit", "help", "explain", "admin"]
    private static let settings = ["interval", "units", "totals"]

    static func run(_ text: String, _ handler: KeyHandler, _ session: inout Session) -> [Effect] {
        let words = text.split(separator: " ").map(String.init)
        guard let first = words.first else { return [] }
        let rest = Array(words.dropFirst())
        if let action = Confirmation.Action(rawValue: first) {
            if action == .rolling { return handler.ask(action, nil, &session) }
            guard let name = rest.first, let id = ProcessID(name) else { return handler.toast(":\(first) w0, or mgr", &session) }
            guard handler.model.processes[id] != nil else { return handler.toast("there is no \(name)", &session) }
            return handler.ask(action, id, &session)
        }
        switch first {
        case "q", "quit": return [.quit]
        case "w", "save": return [.save]
        case "help": return handler.run(.help, &session)
        case "admin": return handler.run(.admin, &session)
        case "explain": return handler.run(.explain, &session)
        case "filter":
            session.filter = Filter(rest.joined(separator: " "))
            return []
        case "sort":
            guard let name = rest.first?.lowercased(), let column = Columns.of(session.screen).first(where: { $0.id == name || $0.title.lowercased() == name }) else {
                return handler.toast("sort by: " + Columns.of(session.screen).map(\.id).joined(separator: " "), &session)
            }
            handler.setSort(column, &session)
            return []
        case "screen":
            guard let name = rest.first?.lowercased(), let screen = Screen.allCases.first(where: { "\($0)".hasPrefix(name) || "\($0.rawValue)" == name }) else {
                return handler.toast("screens: " + Screen.allCases.map { "\($0)" }.joined(separator: " "), &session)
            }
            return handler.run(.screen(screen), &session)
        case "set": return set(rest, handler, &session)
        default: return handler.toast("no command \"\(first)\": " + hint, &session)
        }
    }
    private static func set(_ rest: [String], _ handler: KeyHandler, _ session: inout Session) -> [Effect] {
        switch (rest.first, rest.dropFirst().first) {
        case ("interval", let text?):
            guard let seconds = Double(text), (0.2...60).contains(seconds) else { return handler.toast("interval: 0.2 to 60 seconds", &session) }
            session.interval = seconds
        case ("units", let text?): session.showsFullNumbers = text != "short"
        case ("totals", let text?): session.showsTotals = ["on", "true", "yes"].contains(text)
        default: return handler.toast("set interval SECONDS | units full|short | totals on|off", &session)
        }
        return []
    }

    /// The text completed as far as it is certain, and what could follow.
    static func complete(_ text: String, _ model: Model) -> (String, String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let candidates: [String]
        switch words.count {
        case 0, 1: candidates = CommandLine.words
        case 2:
            switch words[0] {
            case "sort": candidates = Array(Set(Screen.allCases.flatMap { Columns.of($0).map(\.id) })).sorted()
            case "screen": candidates = Screen.allCases.map { "\($0)" }
            case "set": candidates = settings
            default: candidates = Confirmation.Action(rawValue: words[0]) != nil ? model.ordered.map(\.id.short) : []
            }
        default: candidates = []
        }
        let begun = words.last ?? ""
        let fitting = candidates.filter { $0.hasPrefix(begun) }
        guard let first = fitting.first else { return (text, "nothing begins with \"\(begun)\"") }
        if fitting.count == 1 { return ((words.dropLast() + [first]).joined(separator: " ") + " ", "") }
        var common = first
        for candidate in fitting { while !candidate.hasPrefix(common) { common.removeLast() } }
        return ((words.dropLast() + [common]).joined(separator: " "), fitting.joined(separator: " "))
    }
}
