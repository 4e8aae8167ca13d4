package import Configuration
import TOMLKit

/// A TOML file with sections of plain values, as a list. It knows no settings: whoever reads it does.
package enum FlatFile {
    package struct Entry: Equatable, Sendable {
        /// With its section: `sort.overview`.
        package var key: String
        /// Counted from 1.
        package var line: Int?
        /// `nil` for a type that no setting has.
        package var value: SettingValue?
    }

    /// Reads a file. Its mistakes are those of the whole file: it can't be read, or it is no TOML.
    package static func load(_ path: String) -> Result<[Entry], ConfigurationError> {
        ConfigurationFile.contents(of: path).flatMap { parse($0, file: path) }
    }
    package static func parse(_ text: String, file: String) -> Result<[Entry], ConfigurationError> {
        ConfigurationFile.table(text, file: file).map { root in
            let lines = KeyLines(text)
            var entries: [Entry] = []
            func read(_ table: TOMLTable, _ prefix: String) {
                for name in table.keys {
                    guard let value = table[name] else { continue }
                    if let section = value.table, prefix.isEmpty {
                        read(section, name + ".")
                    } else {
                        let key = prefix + name
                        entries.append(Entry(key: key, line: lines.line(of: key), value: SettingValue(value)))
                    }
                }
            }
            withExtendedLifetime(root) { read(root, "") }
            return entries.sorted { ($0.line ?? .max) < ($1.line ?? .max) }
        }
    }
}
