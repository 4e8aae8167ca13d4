/// The background of a terminal, as far as it is known.
package enum TerminalBackground {
    /// Asks for the colour of the background, as xterm does it (OSC 11). Most terminals answer within a blink.
    static let question = "\u{1B}]11;?\u{07}"

    /// The answer to the question, between `ESC ]` and its end: `11;rgb:1e1e/1e1e/2e2e`. Whether that is light. `nil`
    /// if it is another text.
    package static func isLight(answer: some StringProtocol) -> Bool? {
        let parts = answer.split(separator: ";")
        guard parts.count == 2, parts[0] == "11", let colon = parts[1].firstIndex(of: ":"),
            parts[1].hasPrefix("rgb:") || parts[1].hasPrefix("rgba:")
        else { return nil }
        // Each component has one to four digits.
        let components = parts[1][parts[1].index(after: colon)...].split(separator: "/").prefix(3).compactMap {
            digits in
            (1...4).contains(digits.count)
                ? UInt32(digits, radix: 16).map { Double($0) / Double((1 << (4 * UInt32(digits.count))) - 1) } : nil
        }
        guard components.count == 3 else { return nil }
        return 0.299 * components[0] + 0.587 * components[1] + 0.114 * components[2] > 0.5
    }
    /// COLORFGBG, which rxvt and Konsole set: `0;15`, or with a word in the middle. The last one is the background, a
    /// number of the 16 colours.
    package static func isLight(colorFGBG text: String) -> Bool? {
        guard let number = text.split(separator: ";").last.flatMap({ Int($0) }), (0...15).contains(number) else {
            return nil
        }
        return number == 7 || number > 8
    }
}
