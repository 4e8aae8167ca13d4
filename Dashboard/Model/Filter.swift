/// The filter of rows: `w5`, `!ready`, `state=backoff`, `conns>100k`. If it has several words, all must hold. The
/// header's totals do not depend on it.
package struct Filter: Equatable, Sendable {
    package let text: String
    private let terms: [Term]

    private struct Term: Equatable, Sendable {
        var isInverted: Bool
        var column: String?
        var comparison: Character
        var value: String
    }

    package init(_ text: String) {
        self.text = text
        terms = text.lowercased().split(separator: " ").map { word in
            var word = word
            let isInverted = word.hasPrefix("!")
            if isInverted { word.removeFirst() }
            guard let at = word.firstIndex(where: { "=<>".contains($0) }), at > word.startIndex else {
                return Term(isInverted: isInverted, column: nil, comparison: " ", value: String(word))
            }
            return Term(
                isInverted: isInverted, column: String(word[..<at]), comparison: word[at],
                value: String(word[word.index(after: at)...]))
        }
    }
    package var isEmpty: Bool { terms.isEmpty }

    /// Why no row can match, if that is so: a column that does not exist, a comparison with no number, or a `*`.
    /// `isColumn` knows the columns' ids and titles.
    package func problem(_ isColumn: (String) -> Bool) -> String? {
        for term in terms {
            guard let column = term.column else {
                if term.value.contains("*") { return "* is no wildcard: part of a word is enough" }
                continue
            }
            if !isColumn(column) { return "no column \(column)" }
            if term.comparison != "=", !term.value.isEmpty, Filter.number(term.value) == nil {
                return "\(term.value) is no number"
            }
        }
        return nil
    }
    /// `text` has all words of the row. `column` gives its text and value in a column, by the column's id or title.
    package func matches(text: String, column: (String) -> (text: String, value: Double?)?) -> Bool {
        terms.allSatisfy { term in
            term.isInverted != holds(term, text, column)
        }
    }
    private func holds(_ term: Term, _ text: String, _ column: (String) -> (text: String, value: Double?)?) -> Bool {
        guard let name = term.column else { return term.value.isEmpty || text.lowercased().contains(term.value) }
        // While the value is being typed, nothing is hidden yet.
        guard !term.value.isEmpty else { return true }
        guard let found = column(name) else { return false }
        if let wanted = Filter.number(term.value), let value = found.value {
            switch term.comparison {
            case "<": return value < wanted
            case ">": return value > wanted
            default: return value == wanted
            }
        }
        return term.comparison == "=" && found.text.lowercased().contains(term.value)
    }
    /// Reads a number such as `100k` or `1.5m`.
    package static func number(_ text: String) -> Double? {
        let factor: Double
        switch text.last {
        case "k": factor = 1e3
        case "m": factor = 1e6
        case "g": factor = 1e9
        default: return Double(text)
        }
        return Double(text.dropLast()).map { $0 * factor }
    }
}
