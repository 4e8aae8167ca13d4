package import Configuration
import Glibc
import Reactor
import TOMLKit

/// A mistake in the file, or between its settings.
package struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    package var file: String
    /// Counted from 1. `nil` if the mistake is something that the file does not say.
    package var line: Int?
    /// `nil` if the mistake is in the file as a whole: it can't be read, or it is no TOML.
    package var key: String?
    package var message: String

    package init(file: String, line: Int? = nil, key: String? = nil, message: String) {
        self.file = file
        self.line = line
        self.key = key
        self.message = message
    }

    package var description: String {
        file + (line.map { ":\($0)" } ?? "") + ": " + (key.map { "\($0): " } ?? "") + message
    }
}

/// Reads config/megacomet.toml. The result is its settings, or everything that is wrong with it.
package enum ConfigurationFile {
    /// The path of an installed service's file.
    package static let standard = "/etc/megacomet/megacomet.toml"
    /// The file that counts: the named one, or else the standard one if it is there. `nil` means that the defaults
    /// count. If this user may not look whether the standard file is there, its path is returned, and reading it is
    /// refused.
    package static func path(_ named: String?) -> String? {
        named ?? (access(standard, F_OK) == 0 || errno == EACCES ? standard : nil)
    }

    /// A file larger than this is not ours.
    private static let mostBytes = 1 << 20

    package enum Outcome: Equatable, Sendable {
        case settings(Settings)
        /// At least one error, in the order of the file.
        case errors([ConfigurationError])
    }

    /// Reads the file at `path`; if it is `nil`, the defaults count. Variables of the environment replace values of the
    /// file, and `overrides`, the values that flags give, replace both. All are checked together.
    ///
    /// `refusesEmpty` makes a file that says nothing a mistake. A full disk can leave such a file behind, and the
    /// defaults would open what the operator had closed.
    package static func load(
        _ path: String?, refusesEmpty: Bool = false, overrides: (inout Settings) -> Void = { _ in }
    ) -> Outcome {
        let environment = Environment.all
        let hostName = Sockets.hostName
        guard let path else {
            return parse("", file: "defaults", environment: environment, hostName: hostName, overrides: overrides)
        }
        switch contents(of: path) {
        case .success(let text):
            return parse(
                text, file: path, refusesEmpty: refusesEmpty, environment: environment, hostName: hostName,
                overrides: overrides)
        case .failure(let error): return .errors([error])
        }
    }

    /// The settings that can be read from a file with mistakes, with defaults for the others. Commands need them to
    /// find the supervisor that still runs with the file's earlier text. `nil` if the file does not say for certain
    /// where that supervisor is.
    package static func settingsBesideMistakes(_ path: String) -> Settings? {
        guard case .success(let text) = contents(of: path), case .success(var reader) = read(text, file: path) else {
            return nil
        }
        reader.errors += EnvironmentSettings.take(Environment.all, in: &reader.settings)
        let variable = EnvironmentSettings.variable(Setting.runDirectory)
        return reader.errors.contains { $0.key == Setting.runDirectory.key || $0.key == variable }
            ? nil : reader.settings
    }

    /// True if the file can be read and holds only comments.
    package static func saysNothing(_ path: String) -> Bool {
        guard case .success(let text) = contents(of: path), case .success(let reader) = read(text, file: path) else {
            return false
        }
        return reader.isEmpty
    }

    package static func parse(
        _ text: String, file: String, refusesEmpty: Bool = false,
        environment: [(name: String, value: String)] = [], hostName: String? = nil,
        overrides: (inout Settings) -> Void = { _ in }
    ) -> Outcome {
        var reader: Reader
        switch read(text, file: file) {
        case .success(let read): reader = read
        case .failure(let error): return .errors([error])
        }
        if refusesEmpty, reader.isEmpty {
            return .errors([
                ConfigurationError(
                    file: file, message: "says nothing: what runs would be left with the defaults, without a key")
            ])
        }
        let mistakes = EnvironmentSettings.take(environment, in: &reader.settings)
        overrides(&reader.settings)
        reader.settings.nameMachine(hostName)
        let given = EnvironmentSettings.given(by: environment).map(\.setting)
        let wrong =
            reader.errors.compactMap(\.key)
            + given.filter { setting in mistakes.contains { $0.key == EnvironmentSettings.variable(setting) } }.map(
                \.key)
        // A mistake in app.keys[1] also says enough about whether there is a key.
        for conflict in reader.settings.conflicts() where !wrong.contains(where: { $0.hasPrefix(conflict.key) }) {
            let variable = given.first { $0.key == conflict.key }.flatMap(EnvironmentSettings.variable)
            reader.errors.append(
                variable.map { EnvironmentSettings.mistake($0, conflict.message) }
                    ?? ConfigurationError(
                        file: file, line: reader.lines.line(of: conflict.key), key: conflict.key,
                        message: conflict.message))
        }
        let errors = reader.errors.sorted { ($0.line ?? .max) < ($1.line ?? .max) } + mistakes
        guard errors.isEmpty else { return .errors(errors) }
        return .settings(reader.settings)
    }

    private static func read(_ text: String, file: String) -> Result<Reader, ConfigurationError> {
        table(text, file: file).map { root in
            var reader = Reader(file: file, lines: KeyLines(text))
            withExtendedLifetime(root) { reader.read(root, prefix: "") }
            reader.isEmpty = root.keys.isEmpty
            return reader
        }
    }

    /// Parses a text. The parser ends the program at some mistakes, so these are looked for first.
    static func table(_ text: String, file: String) -> Result<TOMLTable, ConfigurationError> {
        guard !text.utf8.contains(0) else {
            return .failure(ConfigurationError(file: file, message: "holds a NUL byte: not a text file"))
        }
        if let mistake = TOMLGuard.mistake(in: text) {
            return .failure(ConfigurationError(file: file, line: mistake.line, message: "not TOML: \(mistake.message)"))
        }
        do {
            return .success(try TOMLTable(string: text))
        } catch let error as TOMLParseError {
            return .failure(
                ConfigurationError(file: file, line: error.source.begin.line, message: "not TOML: \(error.description)")
            )
        } catch {
            return .failure(ConfigurationError(file: file, message: "not TOML: \(error)"))
        }
    }

    static func contents(of path: String) -> Result<String, ConfigurationError> {
        func failed(_ message: String) -> Result<String, ConfigurationError> {
            .failure(ConfigurationError(file: path, message: message))
        }
        let bytes: [UInt8]
        do { bytes = try Files.bytes(path, most: mostBytes + 1) } catch {
            return failed(String(cString: strerror(error.code)))
        }
        guard bytes.count <= mostBytes else { return failed("more than \(mostBytes) bytes: not a configuration") }
        guard let text = String(validating: bytes, as: UTF8.self) else { return failed("not UTF-8") }
        return .success(text)
    }
}

/// Walks the parsed file and sets the values that it finds. It goes on after a mistake.
private struct Reader {
    let file: String
    let lines: KeyLines
    var settings = Settings()
    var errors: [ConfigurationError] = []
    var isEmpty = false

    init(file: String, lines: KeyLines) {
        self.file = file
        self.lines = lines
    }

    mutating func read(_ table: TOMLTable, prefix: String) {
        for key in table.keys {
            guard let value = table[key] else { continue }
            let whole = prefix + key
            if let setting = Setting.named(whole) {
                guard let found = SettingValue(value) else {
                    wrong(whole, "a \(value.type) is not \(setting.typeText)")
                    continue
                }
                for mistake in setting.take(found, in: &settings) { wrong(whole + mistake.place, mistake.description) }
            } else if Setting.all.contains(where: { $0.section == whole }) {
                if let section = value.table {
                    read(section, prefix: whole + ".")
                } else {
                    wrong(whole, "is a section: write [\(whole)]")
                }
            } else if prefix.isEmpty, value.type == .table {
                let near = nearest(key, of: Array(Set(Setting.all.map(\.section))).filter { !$0.isEmpty }.sorted())
                wrong(whole, "unknown section" + (near.map { ", did you mean [\($0)]?" } ?? ""))
            } else {
                let near = nearest(whole, of: Setting.all.map(\.key))
                wrong(whole, "unknown key" + (near.map { ", did you mean \($0)?" } ?? ""))
            }
        }
    }

    private mutating func wrong(_ key: String, _ message: String) {
        errors.append(ConfigurationError(file: file, line: lines.line(of: key), key: key, message: message))
    }
}
