import Base

/// The colours of the roles in pictures that a browser shows, as CSS writes them: those of the themes dark and light.
package enum Sheet {
    /// The background of pictures. A test holds that each role can be read on it.
    package static func paper(isLight: Bool) -> Colour { Colour(hex: isLight ? 0xFFFFFF : 0x15171C) }
    /// The terminal's own colour of text, for roles that have none.
    private static func text(isLight: Bool) -> Colour { Colour(hex: isLight ? 0x24292F : 0xD0D4DC) }
    package static func colour(_ role: Role, isLight: Bool) -> Colour {
        Theme(.auto, isLight: isLight)[role].colour ?? text(isLight: isLight)
    }

    /// A class for each role, and `paper`. They set `color` alone, so that they serve HTML and, by `currentColor`, SVG.
    /// Dark is also for programs that do not know the scheme.
    static let stylesheet =
        rules(isLight: false) + "@media (prefers-color-scheme: light) {\n" + rules(isLight: true) + "}\n"
        + ".title, .critical { font-weight: bold; }\n"
    private static func rules(isLight: Bool) -> String {
        ".paper { color: \(paper(isLight: isLight).css); }\n"
            + Role.allCases.map { ".\($0) { color: \(colour($0, isLight: isLight).css); }\n" }.joined()
    }
    /// Fonts whose characters all have the same width.
    static let fonts = "ui-monospace, \"DejaVu Sans Mono\", Menlo, Consolas, \"Liberation Mono\", monospace"
}

extension Colour {
    /// `#ff8700`.
    package var css: String {
        let (red, green, blue) = Palette.components(self)
        return "#" + hex(UInt8(red), digits: 2) + hex(UInt8(green), digits: 2) + hex(UInt8(blue), digits: 2)
    }
}

/// Text in HTML or XML, also between quotes. A character that XML 1.0 does not have (section 2.2) becomes U+FFFD.
func markup(_ text: String) -> String {
    var out = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": out += "&amp;".unicodeScalars
        case "<": out += "&lt;".unicodeScalars
        case ">": out += "&gt;".unicodeScalars
        case "\"": out += "&quot;".unicodeScalars
        case "\n", "\t": out.append(scalar)
        case "\0"..<" ", "\u{FFFE}", "\u{FFFF}": out.append("\u{FFFD}")
        default: out.append(scalar)
        }
    }
    return String(out)
}

extension Grid {
    /// Neighbouring cells that look alike.
    struct Run {
        var column: Int
        var text: String
        var look: Cell
    }
    /// The cells of a row from left to right, without the blanks at its end that nobody sees.
    func runs(row: Int) -> [Run] {
        var runs: [Run] = []
        for column in 0..<size.width {
            let cell = self[row, column]
            if let last = runs.last, last.look.role == cell.role, last.look.isReversed == cell.isReversed {
                runs[runs.count - 1].text.append(cell.character)
            } else {
                runs.append(Run(column: column, text: String(cell.character), look: cell))
            }
        }
        while let last = runs.last, !last.look.isReversed {
            let seen = last.text.lastIndex { $0 != " " }
            guard let seen else {
                runs.removeLast()
                continue
            }
            runs[runs.count - 1].text = String(last.text[...seen])
            break
        }
        return runs
    }
}
