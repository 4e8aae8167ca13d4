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
            text += "\(setting.name) = \(setting.value(in: self).toml)\n" + (comments ? "\n" : "")
        }
        return text
    }

    /// The list in docs/settings.txt.
    package static func documentation() -> String {
        var text = ""
        for setting in Setting.all {
            let left = "  \(setting.key) = \(setting.defaultValue.toml)"
            text += left + "\n"
            for line in Paragraph.lines(setting.meaning, width: 112) { text += "      \(line)\n" }
            let flags = [
                setting.workerFlag.map { "megaworker --\($0)" }, setting.managerFlag.map { "megamanager --\($0)" },
            ].compactMap { $0 }
            var facts = "Range: \(setting.rangeText). Takes effect \(setting.applies.rawValue)."
            if !flags.isEmpty { facts += " As \(flags.joined(separator: ", "))." }
            for line in Paragraph.lines(facts, width: 112) { text += "      \(line)\n" }
        }
        return text
    }
}
