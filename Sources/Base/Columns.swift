// Text in columns of a fixed width, counted in characters.

extension String {
    /// The text at the left of a column of `width` characters. A text that is wider stays whole.
    package func leftAligned(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
    /// The text at the right of a column of `width` characters. A text that is wider stays whole.
    package func rightAligned(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}

/// Words broken into lines of at most `width` characters. A word that is longer than a line is cut.
package enum Paragraph {
    private static let leastWidth = 8

    package static func lines(_ text: String, width: Int) -> [String] {
        lines(words: text.split(separator: " ").map(String.init), gap: " ", width: width)
    }
    /// `gap` stands between two words of a line.
    package static func lines(words: [String], gap: String, width: Int) -> [String] {
        let width = max(leastWidth, width)
        var lines: [String] = []
        var line = ""
        for word in words {
            if !line.isEmpty, line.count + gap.count + word.count > width {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : gap) + word
            while line.count > width {
                lines.append(String(line.prefix(width)))
                line = String(line.dropFirst(width))
            }
        }
        return line.isEmpty ? lines : lines + [line]
    }
}
