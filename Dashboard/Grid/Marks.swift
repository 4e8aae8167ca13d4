import Base

/// The characters that the terminal can show. Bars and histories are drawn with them.
package struct Capabilities: Equatable, Sendable {
    package var isUTF8: Bool
    package var hasColour: Bool
    /// Its font has the blocks of eighths (`▁▂▃`). That of the kernel's console has none.
    package var hasBlocks: Bool
    /// Graphs may use braille, which has two values in a cell. Many fonts lack it: it is off unless the operator
    /// wants it.
    package var hasBraille: Bool
    /// `hasBlocks` is by default `isUTF8`.
    package init(isUTF8: Bool = false, hasColour: Bool = false, hasBlocks: Bool? = nil, hasBraille: Bool = false) {
        self.isUTF8 = isUTF8
        self.hasColour = hasColour
        self.hasBlocks = hasBlocks ?? isUTF8
        self.hasBraille = hasBraille
    }

    private static let asciiLevels = Array(" .:-=+*#%@")
    private static let blockLevels = Array("▁▂▃▄▅▆▇█")
    private static let eighths = Array("▏▎▍▌▋▊▉")

    /// `[####----]`, of `width` columns with its brackets. A share outside 0...1 is full or empty.
    package func bar(_ share: Double, width: Int) -> String {
        let inner = max(0, width - 2)
        let share = share.isFinite ? min(1, max(0, share)) : 0
        guard hasBlocks else {
            let filled = Int((share * Double(inner)).rounded())
            return "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: inner - filled) + "]"
        }
        let eighth = Int((share * Double(inner) * 8).rounded())
        var text = String(repeating: "█", count: eighth / 8)
        if eighth % 8 > 0 { text.append(Capabilities.eighths[eighth % 8 - 1]) }
        return "[" + text.leftAligned(inner) + "]"
    }

    /// A history, the newest value at the right. `nil` is a gap. Between values it is `x` (no report: an exit, or
    /// silence), before the first it is blank. The scale begins at zero and ends at `top`, or else at the greatest
    /// value: a line that is scaled to itself would make a mountain of every ripple.
    package func history(_ values: [Double?], width: Int, top: Double? = nil) -> String {
        let shown = squeeze(values, to: width)
        guard let greatest = shown.compactMap(\.self).max() else { return String(repeating: " ", count: width) }
        let top = top ?? greatest
        let levels = hasBlocks ? Capabilities.blockLevels : Capabilities.asciiLevels
        var begun = false
        var text = String(repeating: " ", count: max(0, width - shown.count))
        for value in shown {
            guard let value else {
                text.append(begun ? "x" : " ")
                continue
            }
            begun = true
            let level = top > 0 ? Int((min(1, max(0, value / top)) * Double(levels.count - 1)).rounded()) : 0
            text.append(levels[max(value > 0 ? 1 : 0, level)])
        }
        return text
    }

    /// One column for each value if they fit. Otherwise each column has the greatest of several values.
    func squeeze(_ values: [Double?], to width: Int) -> [Double?] {
        guard width > 0 else { return [] }
        guard values.count > width else { return values }
        return (0..<width).map { column in
            let part = values[column * values.count / width..<(column + 1) * values.count / width]
            return part.compactMap(\.self).max()
        }
    }

    /// Text from outside, with each character one column wide and nothing that a terminal obeys.
    package func clean(_ text: String) -> String {
        var result = ""
        for scalar in plainText(text).unicodeScalars {
            switch scalar.value {
            case 0..<127: result.unicodeScalars.append(scalar)
            // Latin, Greek and Cyrillic letters have one column each. Wider and combining ones would break the line.
            case 0xA1...0x2FF, 0x370...0x52F: if isUTF8 { result.unicodeScalars.append(scalar) } else { result += "?" }
            case 0x300...0x36F: break
            default: result += "?"
            }
        }
        return result
    }
}
