/// The line of each key of a TOML file. The parser knows a key's value but not its place, so the lines are read once
/// more. Only `[section]` and `key =` at the start of a line are looked at: a file without errors of syntax has keys
/// only there.
struct KeyLines {
    private var lines: [String: Int] = [:]
    /// How many tables `[[name]]` there were. The second one's keys are `name[2].key`.
    private var tables: [String: Int] = [:]

    init(_ text: String) {
        var section = ""
        var number = 0
        var inMultiline = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            let quotes = line.components(of: "\"\"\"") + line.components(of: "'''")
            defer { if quotes % 2 == 1 { inMultiline.toggle() } }
            if inMultiline { continue }
            let bare = line.drop { $0 == " " || $0 == "\t" }
            if bare.first == "[" {
                let name = plain(bare.drop { $0 == "[" }.prefix { $0 != "]" })
                section = name
                lines[name] = lines[name] ?? number
                if bare.dropFirst().first == "[" {
                    tables[name, default: 0] += 1
                    section = "\(name)[\(tables[name, default: 0])]"
                    lines[section] = number
                }
            } else if bare.first != "#", let equals = bare.firstIndex(of: "=") {
                let key = plain(bare[..<equals])
                var whole = section.isEmpty ? key : section + "." + key
                // A dotted key also makes the tables on its way. They get this line, too.
                while lines[whole] == nil {
                    lines[whole] = number
                    guard let dot = whole.lastIndex(of: ".") else { break }
                    whole = String(whole[..<dot])
                }
            }
        }
    }

    /// The key's own line, or the line of the section, table or list that holds it.
    func line(of key: String) -> Int? {
        var key = key[...]
        while lines[String(key)] == nil {
            guard let end = key.lastIndex(where: { $0 == "." || $0 == "[" }) else { return nil }
            key = key[..<end]
        }
        return lines[String(key)]
    }

    /// Turns `a . "b"` into a.b.
    private func plain(_ name: Substring) -> String {
        String(name.filter { $0 != " " && $0 != "\t" && $0 != "\"" && $0 != "'" && $0 != "\r" })
    }
}

extension Substring {
    /// How often `part` occurs, without overlap.
    fileprivate func components(of part: String) -> Int {
        var rest = self[...]
        var count = 0
        while let first = rest.firstIndex(where: { $0 == part.first }) {
            rest = rest[first...]
            if rest.hasPrefix(part) {
                count += 1
                rest = rest.dropFirst(part.count)
            } else {
                rest = rest.dropFirst()
            }
        }
        return count
    }
}
