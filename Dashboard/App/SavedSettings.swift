package import Configuration
import Glibc
import Reactor

/// The settings of an operator, which a session kept with `:save`: megatop.toml, as it was read at the start.
package struct SavedSettings: Sendable {
    package struct Entry: Sendable {
        var key: String
        var line: Int?
        /// `nil` for a type that no setting has.
        var value: SettingValue?
        package init(key: String, line: Int?, value: SettingValue?) {
            self.key = key
            self.line = line
            self.value = value
        }
    }
    /// The file. `nil` without a home.
    package let path: String?
    package var entries: [Entry] = []
    /// The file could not be read, or is no TOML.
    package var failure: String?

    package init(_ path: String? = nil) { self.path = path }

    /// `$XDG_CONFIG_HOME/megacomet/megatop.toml`, by default under ~/.config. `nil` without a home.
    package static var path: String? { folder.map { $0 + "/megacomet/megatop.toml" } }
    private static var folder: String? {
        func absolute(_ name: String) -> String? { Environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }
        return absolute("XDG_CONFIG_HOME") ?? absolute("HOME").map { $0 + "/.config" }
    }

    /// Sets everything that can be set, and returns the mistakes.
    package func apply(to session: inout Session) -> [String] {
        var mistakes = failure.map { [$0] } ?? []
        for entry in entries {
            let place = (path ?? "") + (entry.line.map { ":\($0)" } ?? "") + ": \(entry.key): "
            guard let preference = Preference.named(entry.key) else {
                let near = nearest(entry.key, of: Preference.all.map(\.name))
                mistakes.append(place + "unknown key" + (near.map { ", did you mean \($0)?" } ?? ""))
                continue
            }
            guard let text = entry.value.flatMap(SavedSettings.text), preference.set(text, &session) else {
                mistakes.append(place + preference.values)
                continue
            }
        }
        return mistakes
    }
    /// The value as `:set` takes it. Empty texts are no values there.
    private static func text(_ value: SettingValue) -> String? {
        switch value {
        case .bool(let isOn): isOn ? "on" : "off"
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .text(let text): text.isEmpty ? nil : text
        case .list(let texts): texts.joined(separator: " ")
        case .tables: nil
        }
    }

    /// The file for a session.
    package static func text(_ session: Session) -> String {
        var text = "# megatop's settings. :save writes this file anew, without other comments.\n"
        var section = ""
        for preference in Preference.all {
            guard let value = preference.saved(session) else { continue }
            let parts = preference.name.split(separator: ".")
            if parts.count > 1, parts[0] != section {
                section = String(parts[0])
                text += "\n[\(section)]\n"
            }
            text += "\(parts[parts.count - 1]) = \(value.toml)\n"
        }
        return text
    }
    /// Writes the whole file or nothing, for its owner alone. It follows a link, since settings are often kept
    /// elsewhere. A file with mistakes is kept as megatop.toml.old. Returns the reason if it can't.
    package static func write(_ text: String, _ path: String, keepsOld: Bool) -> String? {
        for end in path.indices.dropFirst() where path[end] == "/" { mkdir(String(path[..<end]), 0o700) }
        var resolved = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let target =
            realpath(path, &resolved) == nil
            ? path : String(decoding: resolved.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        do {
            if keepsOld { try Files.write(target + ".old", try Files.text(target), mode: 0o600) }
            try Files.write(target, text, mode: 0o600)
        } catch { return String(cString: strerror(error.code)) }
        return nil
    }

    // MARK: the file of earlier versions

    /// Takes over the file of megatop 1.0, if there is no other: megatop/megatop.conf, with a `name = value` a line.
    package mutating func takeOverOld() {
        guard let folder = SavedSettings.folder, let text = try? Files.text(folder + "/megatop/megatop.conf") else {
            return
        }
        entries = SavedSettings.old(text)
    }
    /// Lines that are unknown here change nothing.
    package static func old(_ text: String) -> [Entry] {
        text.split(separator: "\n").compactMap { line in
            guard !line.hasPrefix("#"), let at = line.firstIndex(of: "=") else { return nil }
            func trimmed(_ text: Substring) -> String { text.split(separator: " ").joined(separator: " ") }
            let name = trimmed(line[..<at])
            let value = trimmed(line[line.index(after: at)...])
            var tried = Session()
            guard Preference.named(name)?.set(value, &tried) == true else { return nil }
            return Entry(key: name, line: nil, value: .text(value))
        }
    }
}
