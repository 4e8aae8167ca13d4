import Glibc
import Reactor
import Watch

/// A setting of the session that `:set` changes and `:save` keeps. The table is also used to read the file at the
/// start.
package struct Preference: Sendable {
    package let name: String
    /// The values that it can have, for people.
    package let values: String
    package let text: @Sendable (Session) -> String
    /// False if the text is no such value.
    package let set: @Sendable (String, inout Session) -> Bool

    package static let all: [Preference] =
        [
            Preference(name: "interval", values: "0.2 to 60 seconds", text: { Format.decimals($0.interval, 1) }) {
                text, session in
                guard let seconds = Double(text), (0.2...60).contains(seconds) else { return false }
                session.interval = seconds
                return true
            },
            Preference(
                name: "screen", values: Screen.allCases.map { "\($0)" }.joined(separator: " "), text: { "\($0.screen)" }
            ) { text, session in
                guard let screen = Screen(text) else { return false }
                session.screen = screen
                session.order = []
                return true
            },
            choice("units", "full", "short", \.showsFullNumbers),
            choice("totals", "on", "off", \.showsTotals),
            choice("history", "24h", "10min", \.showsDay),
            choice("mouse", "on", "off", \.usesMouse),
        ] + Screen.allCases.filter { !Columns.of($0).isEmpty }.map(sort)

    private static func choice(
        _ name: String, _ yes: String, _ no: String, _ path: any WritableKeyPath<Session, Bool> & Sendable
    ) -> Preference {
        Preference(name: name, values: "\(yes) or \(no)", text: { $0[keyPath: path] ? yes : no }) { text, session in
            guard text == yes || text == no || text.isEmpty else { return false }
            session[keyPath: path] = text.isEmpty ? !session[keyPath: path] : text == yes
            return true
        }
    }
    private static func sort(_ screen: Screen) -> Preference {
        Preference(
            name: "sort.\(screen)", values: "a column, and up or down",
            text: { session in
                let sort = session.sorts[screen] ?? Columns.defaultSort(screen)
                return sort.column + (sort.isDescending ? " down" : " up")
            }
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

    // MARK: the file

    package static func text(_ session: Session) -> String {
        "# megatop, by :save\n" + all.map { "\($0.name) = \($0.text(session))\n" }.joined()
    }

    /// Lines that are unknown here change nothing, since another version may have written the file.
    package static func apply(_ text: String, to session: inout Session) {
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let at = line.firstIndex(of: "=") else { continue }
            let name = line[..<at].trimmed, value = line[line.index(after: at)...].trimmed
            _ = all.first { $0.name == name }?.set(value, &session)
        }
    }
    /// `$XDG_CONFIG_HOME/megatop/megatop.conf`, by default under ~/.config. `nil` without a home.
    package static var path: String? {
        func variable(_ name: String) -> String? {
            getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        return (variable("XDG_CONFIG_HOME") ?? variable("HOME").map { $0 + "/.config" }).map {
            $0 + "/megatop/megatop.conf"
        }
    }
    package static func read(_ path: String) -> String { (try? Files.text(path, most: 16_384)) ?? "" }
    /// Writes the whole file or nothing. It follows a link, since settings are often kept elsewhere. `nil` if it is
    /// done, otherwise the reason why not.
    package static func write(_ text: String, _ path: String) -> String? {
        for end in path.indices.dropFirst() where path[end] == "/" { mkdir(String(path[..<end]), 0o700) }
        var resolved = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let target =
            realpath(path, &resolved) == nil
            ? path : String(decoding: resolved.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        do { try Files.write(target, text) } catch { return String(cString: strerror(error.code)) }
        return nil
    }
}

extension Substring {
    fileprivate var trimmed: String { split(separator: " ").joined(separator: " ") }
}
