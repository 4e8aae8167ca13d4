/// Colours as numbers of a terminal's palette.
package enum Palette {
    /// The first 16, as xterm has them.
    private static let first: [(Int, Int, Int)] = [
        (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
        (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255),
        (255, 255, 255),
    ]
    private static let levels = [0, 95, 135, 175, 215, 255]

    package static func components(_ colour: Colour) -> (red: Int, green: Int, blue: Int) {
        switch colour {
        case .rgb(let red, let green, let blue): return (Int(red), Int(green), Int(blue))
        case .palette(let number):
            switch Int(number) {
            case let number where number < 16: return first[number]
            case let number where number < 232:
                let place = number - 16
                return (levels[place / 36], levels[place / 6 % 6], levels[place % 6])
            case let number:
                let grey = 8 + 10 * (number - 232)
                return (grey, grey, grey)
            }
        }
    }
    /// The nearest colour of those that are the same on every terminal with 256.
    package static func of256(_ colour: Colour) -> UInt8 {
        if case .palette(let number) = colour { return number }
        return nearest(colour, of: 16...255)
    }
    package static func of16(_ colour: Colour) -> UInt8 {
        if case .palette(let number) = colour, number < 16 { return number }
        return nearest(colour, of: 0...15)
    }
    private static func nearest(_ colour: Colour, of numbers: ClosedRange<UInt8>) -> UInt8 {
        let wanted = components(colour)
        func distance(_ number: UInt8) -> Int {
            let (red, green, blue) = components(.palette(number))
            let (r, g, b) = (red - wanted.red, green - wanted.green, blue - wanted.blue)
            return 2 * r * r + 4 * g * g + 3 * b * b
        }
        return numbers.min { distance($0) < distance($1) } ?? 0
    }

    // MARK: text

    private static let names = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"]

    /// `#ff8700`, a number of the palette, `red`, `bright-red`, or `default`; `bold` may come before it.
    package static func look(_ text: String) -> Look? {
        var words = text.lowercased().split(separator: " ")
        let isBold = words.first == "bold"
        if isBold { words.removeFirst() }
        guard words.count == 1, let word = words.first else {
            return isBold && words.isEmpty ? Look(isBold: true) : nil
        }
        if word == "default" { return Look(isBold: isBold) }
        guard let colour = colour(word) else { return nil }
        return Look(colour, few: of16(colour), isBold: isBold)
    }
    private static func colour(_ word: Substring) -> Colour? {
        if word.hasPrefix("#") {
            guard word.utf8.count == 7, let hex = UInt32(word.dropFirst(), radix: 16) else { return nil }
            return Colour(hex: hex)
        }
        if let number = UInt8(word) { return .palette(number) }
        let isBright = word.hasPrefix("bright-")
        let name = isBright ? word.dropFirst("bright-".count) : word
        return names.firstIndex { $0 == name }.map { .palette(UInt8($0 + (isBright ? 8 : 0))) }
    }
}
