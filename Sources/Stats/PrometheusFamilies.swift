/// Samples in Prometheus' text format 0.0.4, by family. Each family occurs once, with its HELP and TYPE. The families
/// are in the order in which they were first named.
package struct PrometheusFamilies {
    private struct Family {
        let name: String
        let help: String
        let type: String
        var samples = ""

        /// `labels` and `more` are each `key="value"` or empty.
        mutating func add(_ labels: String, _ more: String, _ value: String, suffix: String = "") {
            samples += name
            samples += suffix
            if !labels.isEmpty || !more.isEmpty {
                samples += "{"
                samples += labels
                if !labels.isEmpty, !more.isEmpty { samples += "," }
                samples += more
                samples += "}"
            }
            samples += " "
            samples += value
            samples += "\n"
        }
    }
    private var families: [Family] = []
    private var byName: [String: Int] = [:]

    package init() {}

    /// The place of a family. `help` is asked for when it is new.
    package mutating func place(_ name: String, _ type: String, help: () -> String) -> Int {
        if let at = byName[name] { return at }
        byName[name] = families.count
        families.append(Family(name: name, help: help(), type: type))
        return families.count - 1
    }
    /// `labels` and `more` are each `key="value"` or empty. `suffix` follows the family's name.
    package mutating func add(
        _ place: Int, _ labels: String, _ more: String, _ value: String, suffix: String = ""
    ) {
        families[place].add(labels, more, value, suffix: suffix)
    }

    package var text: String {
        var text = ""
        for family in families {
            text += "# HELP \(family.name) \(family.help)\n# TYPE \(family.name) \(family.type)\n"
            text += family.samples
        }
        return text
    }
}
