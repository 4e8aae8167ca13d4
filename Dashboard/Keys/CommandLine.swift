import Supervision
import Watch
import Wire

/// The command line: `:restart w5`, `:sort queue`, `:set interval 2`. Actions open a box to confirm, as their keys do.
package enum CommandLine {
    private static let words =
        Confirmation.Action.allCases.map(\.rawValue) + [
            "client", "user", "channel", "apps", "app", "ack", "goto", "sort", "filter", "screen", "set", "save",
            "write", "shot", "report", "quit", "help", "explain", "admin",
        ]
    static let hint = words.joined(separator: " ")

    static func run(_ text: String, _ handler: KeyHandler, _ session: inout Session) -> [Effect] {
        let words = text.split(separator: " ").map(String.init)
        guard let first = words.first else { return [] }
        let rest = Array(words.dropFirst())
        if let action = Confirmation.Action(rawValue: first) {
            if action.isForAll { return handler.ask(action, nil, &session) }
            guard let name = rest.first, let id = ProcessName(typed: name) else {
                return handler.toast(":\(first) w0, or mgr", &session)
            }
            guard handler.model.processes[id] != nil else { return handler.toast("there is no \(name)", &session) }
            return handler.ask(action, id, &session)
        }
        switch first {
        case "q", "quit": return [.quit]
        case "w", "write": return shot(["text"] + rest, handler, &session)
        case "shot": return shot(rest, handler, &session)
        case "report":
            guard let seconds = rest.isEmpty ? 600 : seconds(rest[0]), rest.count < 2 else {
                return handler.toast(":report 10m (a number and s, m, h or d)", &session)
            }
            return [.report(seconds: seconds)]
        case "save": return [.saveSettings]
        case "help": return handler.run(.help, &session)
        case "admin": return handler.run(.admin, &session)
        case "explain": return handler.run(.explain, &session)
        case "client", "user", "channel":
            guard let start = rest.first.flatMap({ text.firstRange(of: " " + $0) }) else {
                return handler.toast(":\(first) \(first == "client" ? "ID" : "NAME")", &session)
            }
            // Spaces in a name count. Those around it can't be seen.
            let name = String(text[start.lowerBound...].reversed().drop { $0 == " " }.reversed().drop { $0 == " " })
            session.overlay =
                switch first {
                case "client": .client(ClientLook(id: name, isTyped: true))
                case "user": .group(GroupLook(name: .user(name)))
                default: .group(GroupLook(name: .channel(name)))
                }
            return []
        case "ack":
            let key = rest.joined(separator: " ")
            return handler.acknowledge(key.isEmpty ? nil : key, &session)
        case "apps", "app":
            // The app's number, or the beginning of its name or its peer.
            let rows = Views.shownApps(handler.model, session)
            let found = rest.first.flatMap { text in
                rows.first { row in
                    row.number == Double(text) || (row.ownName ?? "").hasPrefix(text) || row.peer.hasPrefix(text)
                }
            }
            if let found { return handler.open(app: found.peer, &session) }
            session.overlay = .apps(AppsLook())
            return rest.first.map { handler.toast("no app \"\($0)\" among these", &session) } ?? []
        case "goto": return handler.go(to: rest.first ?? "", &session)
        case "filter":
            session.filter = Filter(rest.joined(separator: " "))
            return []
        case "sort": return set(["sort.\(session.screen)"] + rest, handler, &session)
        case "screen": return set([first] + rest, handler, &session)
        case "set": return set(rest, handler, &session)
        default: return handler.toast("no command \"\(first)\": " + hint, &session)
        }
    }
    /// `:shot [FORMAT] [FILE]`. Without a format the file's name says which one it is. Blanks in the name count.
    private static func shot(_ rest: [String], _ handler: KeyHandler, _ session: inout Session) -> [Effect] {
        guard let first = rest.first else { return [.shot(.text, path: nil)] }
        if let format = Shot.Format(rawValue: first) {
            return [.shot(format, path: rest.count > 1 ? rest.dropFirst().joined(separator: " ") : nil)]
        }
        let path = rest.joined(separator: " ")
        guard let format = Shot.Format(path: path) else {
            return handler.toast(":shot text, json, html or svg, and then a file's name", &session)
        }
        return [.shot(format, path: path)]
    }
    /// `90s`, `10m`, `2h` or `1d`, at most a year.
    private static func seconds(_ text: String) -> Double? {
        guard let unit = ["s": 1.0, "m": 60, "h": 3600, "d": 86_400][text.suffix(1)], let count = Int(text.dropLast()),
            (1...366 * 86_400).contains(Double(count) * unit)
        else { return nil }
        return Double(count) * unit
    }
    private static func set(_ rest: [String], _ handler: KeyHandler, _ session: inout Session) -> [Effect] {
        guard let name = rest.first, let preference = Preference.named(name) else {
            return handler.toast("set: " + Preference.names.joined(separator: " "), &session)
        }
        guard preference.set(rest.dropFirst().joined(separator: " "), &session) else {
            return handler.toast("\(name): \(preference.values)", &session)
        }
        return handler.toast("\(name) is \(preference.text(session))", &session)
    }

    /// Completes the text as far as it is certain. The second text has the words that could follow.
    static func complete(_ text: String, _ model: Model) -> (String, String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let candidates: [String]
        switch words.count {
        case 0, 1: candidates = CommandLine.words
        case 2:
            switch words[0] {
            case "sort": candidates = Array(Set(Screen.allCases.flatMap { Columns.of($0).map(\.id) })).sorted()
            case "screen": candidates = Screen.allCases.map { "\($0)" }
            case "ack": candidates = model.alerts.filter(\.isOpen).map(\.key)
            case "shot": candidates = Shot.Format.allCases.map(\.rawValue)
            case "set": candidates = Preference.all.map(\.name)
            default: candidates = Confirmation.Action(rawValue: words[0]) != nil ? model.ordered.map(\.id.short) : []
            }
        default:
            candidates = words[0] == "set" ? Preference.named(words[1])?.candidates ?? [] : []
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
