import Configuration
import Watch

/// A setting of the session that `:set` changes and `:save` keeps. The table is also used to read the file at the
/// start.
package struct Preference: Sendable {
    /// With its section in the file, as `sort.queues`.
    package let name: String
    /// The values that it can have, for people.
    package let values: String
    /// The values that Tab completes.
    package let candidates: [String]
    package let text: @Sendable (Session) -> String
    /// The value in the file. `nil` if the file need not have it.
    let saved: @Sendable (Session) -> SettingValue?
    /// False if the text is no such value.
    package let set: @Sendable (String, inout Session) -> Bool

    package static let all: [Preference] =
        [
            Preference(
                name: "interval", values: "0.2 to 60 seconds", candidates: [],
                text: { Format.decimals($0.interval, 1) }, saved: { .number($0.interval) }
            ) { text, session in
                guard let seconds = Double(text), (0.2...60).contains(seconds) else { return false }
                session.interval = seconds
                return true
            },
            screen, filter,
            choice("units", "full", "short", \.showsFullNumbers),
            choice("totals", "on", "off", \.showsTotals),
            option("history", \.span),
            Preference(
                name: "graph", values: GraphWish.all.map(\.text).joined(separator: " "),
                candidates: GraphWish.all.map(\.text), text: { $0.graph.text }, saved: { .text($0.graph.text) }
            ) { text, session in
                guard let wish = GraphWish.all.first(where: { $0.text == text }) else { return false }
                session.graph = wish
                return true
            },
            choice("braille", "on", "off", \.usesBraille),
            choice("mouse", "on", "off", \.usesMouse),
            option("theme", \.theme),
            option("background", \.background),
            choice("bell", "on", "off", \.ringsBell),
            choice("title", "on", "off", \.setsTitle),
            option("notify", \.notification),
        ] + tables.map(sort) + tables.map(columns) + Role.allCases.map(colour)

    package static func named(_ name: String) -> Preference? { all.first { $0.name == name } }
    /// The names, with one for all of a section: `sort.SCREEN`.
    static var names: [String] {
        all.filter { !$0.name.contains(".") }.map(\.name) + ["sort.SCREEN", "columns.SCREEN", "colours.ROLE"]
    }
    /// The manual names the colours of all roles at once, and the columns of all screens elsewhere.
    var isInManual: Bool { !name.hasPrefix("colours.") && !name.hasPrefix("columns.") }
    private static var tables: [Screen] { Screen.allCases.filter { !Columns.of($0).isEmpty } }

    private static let screen = Preference(
        name: "screen", values: Screen.allCases.map { "\($0)" }.joined(separator: " "),
        candidates: Screen.allCases.map { "\($0)" }, text: { "\($0.screen)" }, saved: { .text("\($0.screen)") }
    ) { text, session in
        guard let screen = Screen(text) else { return false }
        session.screen = screen
        session.order = []
        return true
    }
    private static let filter = Preference(
        name: "filter", values: "a filter, as after /", candidates: [], text: { $0.filter.text },
        saved: { $0.filter.isEmpty ? nil : .text($0.filter.text) }
    ) { text, session in
        session.filter = Filter(text)
        return true
    }
    private static func choice(
        _ name: String, _ yes: String, _ no: String, _ path: any WritableKeyPath<Session, Bool> & Sendable
    ) -> Preference {
        Preference(
            name: name, values: "\(yes) or \(no)", candidates: [yes, no], text: { $0[keyPath: path] ? yes : no },
            saved: { yes == "on" ? .bool($0[keyPath: path]) : .text($0[keyPath: path] ? yes : no) }
        ) { text, session in
            guard text == yes || text == no || text.isEmpty else { return false }
            session[keyPath: path] = text.isEmpty ? !session[keyPath: path] : text == yes
            return true
        }
    }
    private static func option<Value: CaseIterable & RawRepresentable<String> & Sendable>(
        _ name: String, _ path: any WritableKeyPath<Session, Value> & Sendable
    ) -> Preference {
        let names = Value.allCases.map(\.rawValue)
        return Preference(
            name: name, values: names.joined(separator: ", "), candidates: names,
            text: { $0[keyPath: path].rawValue }, saved: { .text($0[keyPath: path].rawValue) }
        ) { text, session in
            guard let value = Value(rawValue: text) else { return false }
            session[keyPath: path] = value
            return true
        }
    }
    private static func sort(_ screen: Screen) -> Preference {
        @Sendable func text(_ sort: Sort) -> String { sort.column + (sort.isDescending ? " down" : " up") }
        return Preference(
            name: "sort.\(screen)", values: "a column, and up or down",
            candidates: Columns.of(screen).filter { $0.history == nil }.map(\.id),
            text: { text(Columns.sort($0, screen)) }, saved: { $0.sorts[screen].map { .text(text($0)) } }
        ) { text, session in
            let words = text.split(separator: " ").map(String.init)
            guard let column = words.first.flatMap({ Columns.named($0, screen) }),
                words.count == 1 || words.count == 2 && ["up", "down"].contains(words[1])
            else { return false }
            session.sorts[screen] = Sort(
                column.id, descending: words.count == 1 ? column.id != "id" : words[1] == "down")
            session.order = []
            return true
        }
    }
    private static func columns(_ screen: Screen) -> Preference {
        let ids = Columns.of(screen).map(\.id)
        return Preference(
            name: "columns.\(screen)", values: "default, or some of " + ids.joined(separator: " "),
            candidates: ["default"] + ids, text: { $0.columns[screen]?.joined(separator: " ") ?? "default" },
            saved: { $0.columns[screen].map { .list($0) } }
        ) { text, session in
            let chosen = text.split { $0 == " " || $0 == "," }.map(String.init)
            guard chosen != ["default"] else {
                session.columns[screen] = nil
                return true
            }
            guard !chosen.isEmpty, Set(chosen).count == chosen.count, chosen.allSatisfy(ids.contains) else {
                return false
            }
            session.columns[screen] = ["id"] + chosen.filter { $0 != "id" }
            return true
        }
    }
    private static func colour(_ role: Role) -> Preference {
        Preference(
            name: "colours.\(role)", values: "#ff8700, 0 to 255, red, bright-red or default; bold may come before it",
            candidates: [], text: { $0.ownColours[role] ?? "the theme's" },
            saved: { $0.ownColours[role].map { .text($0) } }
        ) { text, session in
            guard Palette.look(text) != nil else { return false }
            session.ownColours[role] = text
            return true
        }
    }
}

extension Session {
    /// The colours on a terminal of which it is known whether its background is light. `nil`: it is not known.
    func theme(isLight: Bool?) -> Theme {
        let isLight = background == .auto ? isLight ?? false : background == .light
        return Theme(theme, isLight: isLight, own: ownColours.compactMapValues(Palette.look))
    }
}
