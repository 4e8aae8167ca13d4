/// The colours of the roles in pictures that a browser shows, as CSS writes them. A terminal has colours of its own.
///
/// Each colour can be read on the paper of its scheme: a test holds the contrast of WCAG 2.1 for text, 4.5 to 1.
package struct Palette: Sendable {
    package let paper: String
    private let normal, dim, title, warning, critical: String

    package static let dark = Palette(
        paper: "#15171c", normal: "#d0d4dc", dim: "#8b919e", title: "#ffffff", warning: "#f0c24b", critical: "#ff7b72")
    package static let light = Palette(
        paper: "#ffffff", normal: "#24292f", dim: "#656d76", title: "#000000", warning: "#875700", critical: "#b42318")

    package func colour(_ role: Role) -> String {
        switch role {
        case .normal: normal
        case .dim: dim
        case .title: title
        case .warning: warning
        case .critical: critical
        }
    }

    /// A class for each role, and `paper`. They set `color` alone, so that they serve HTML and, by `currentColor`, SVG.
    /// Dark is also for programs that do not know the scheme.
    static let stylesheet =
        dark.rules + "@media (prefers-color-scheme: light) {\n" + light.rules + "}\n"
        + ".title, .critical { font-weight: bold; }\n"
    private var rules: String {
        ".paper { color: \(paper); }\n"
            + Role.allCases.map { ".\($0) { color: \(colour($0)); }\n" }.joined()
    }
    /// Fonts whose characters all have the same width.
    static let fonts = "ui-monospace, \"DejaVu Sans Mono\", Menlo, Consolas, \"Liberation Mono\", monospace"
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
