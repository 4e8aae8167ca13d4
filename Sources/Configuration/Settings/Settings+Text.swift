import Base

extension Settings {
    /// The whole configuration as a file: every key with a comment on its meaning, range and default. With the defaults
    /// it is config/megacomet.toml as it ships. `megacomet check --show` prints it with the values that count now.
    package func fileText(comments: Bool = true) -> String {
        var text =
            comments
            ? "# MegaComet. Every key is here with its default, and each may be left out. Times are in seconds, sizes "
                + "in bytes.\n# `megacomet check` says what is wrong with this file. `megacomet check --show` shows "
                + "the values in force.\n\n"
            : ""
        var section = ""
        for setting in Setting.all {
            if setting.section != section {
                section = setting.section
                text += (comments ? "" : "\n") + "[\(section)]\n"
            }
            if comments {
                for line in Paragraph.lines(setting.meaning, width: 118) { text += "# \(line)\n" }
                let value = setting.value(in: self)
                let isChanged = value != setting.defaultValue ? "; default \(setting.defaultValue.toml)" : ""
                text += "# (\(setting.rangeText)\(isChanged); a change takes effect \(setting.applies.rawValue))\n"
            }
            text += setting.assignment(in: self, comments: comments) + (comments ? "\n" : "")
        }
        return text
    }

    /// What stands for a key that is not shown. A file with it as a key is refused.
    static let mask = "***"

    /// The list in docs/settings.txt.
    package static func documentation() -> String {
        var text = ""
        for setting in Setting.all {
            if case .keys = setting.field {
                text += AppKeySetting.example(setting.key).map { "  \($0)\n" }.joined()
            } else {
                text += "  \(setting.key) = \(setting.defaultValue.toml)\n"
            }
            for line in Paragraph.lines(setting.meaning, width: 112) { text += "      \(line)\n" }
            let flags = [
                setting.workerFlag.map { "megaworker --\($0)" }, setting.managerFlag.map { "megamanager --\($0)" },
                setting.webhookFlag.map { "megahook --\($0)" },
            ].compactMap { $0 }
            var facts = "Range: \(setting.rangeText). Takes effect \(setting.applies.rawValue)."
            if !flags.isEmpty { facts += " As \(flags.joined(separator: ", "))." }
            for line in Paragraph.lines(facts, width: 112) { text += "      \(line)\n" }
        }
        return text
    }
}

extension Setting {
    /// The lines that give the setting its value. Keys are masked.
    fileprivate func assignment(in settings: Settings, comments: Bool) -> String {
        switch value(in: settings) {
        case .text(let text) where isSecret && !text.isEmpty:
            let shown =
                if case .text(_, .redis) = field {
                    (try? RedisAddress.parse(text)).map { "\($0)" } ?? Settings.mask
                } else { Settings.mask }
            return "\(name) = \(SettingValue.text(shown).toml)\n"
        case .tables(let tables):
            // An empty list would forbid the tables that someone adds behind it.
            if tables.isEmpty { return comments ? AppKeySetting.example(key).map { "# \($0)\n" }.joined() : "" }
            return tables.map { table in
                var table = table
                if table["key"] != nil { table["key"] = .text(Settings.mask) }
                let fields = AppKeySetting.fields.compactMap { field in
                    table[field].map { "\(field) = \($0.toml)\n" }
                }
                return "[[\(key)]]\n" + fields.joined()
            }.joined(separator: "\n")
        case let value: return "\(name) = \(value.toml)\n"
        }
    }
}

extension AppKeySetting {
    /// An example of a table of this name.
    fileprivate static func example(_ key: String) -> [String] {
        [
            "[[\(key)]]", "name = \"shop\"", "key_file = \"/etc/megacomet/shop.key\"",
            "may = [\"publish\", \"subscribe\"]",
        ]
    }
}
