/// Finds the two mistakes that the TOML parser does not survive: it ends the program. A supervisor that is told to
/// reload must outlive a slip of the pen, so a file with such a mistake is refused before the parser sees it.
///
///     [$workers]          a header that begins with what no name begins with; also [[[, [.a] and an empty [
///     origins = [ } ]     a brace that closes what was not opened
///
/// It follows strings, comments and brackets only as far as that needs. The parser finds all other mistakes.
struct TOMLGuard {
    struct Mistake: Equatable {
        /// Counted from 1.
        var line: Int
        var message: String
    }
    private let bytes: [UInt8]
    private var at = 0
    private var line = 1
    /// The opening brackets of values that are not closed yet.
    private var open: [UInt8] = []
    private var isLineStart = true
    private var isHeader = false

    /// The first such mistake. `nil` if there is none.
    static func mistake(in text: String) -> Mistake? {
        var guarding = TOMLGuard(bytes: Array(text.utf8))
        return guarding.find()
    }
    private init(bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
    }

    private mutating func find() -> Mistake? {
        while let byte = byte(0) {
            switch byte {
            case UInt8(ascii: "\n"):
                line += 1
                if open.isEmpty { (isLineStart, isHeader) = (true, false) }
                at += 1
                continue
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                at += 1
                continue
            case UInt8(ascii: "#"):
                while let next = self.byte(0), next != UInt8(ascii: "\n") { at += 1 }
                continue
            case UInt8(ascii: "\""), UInt8(ascii: "'"): skipString(byte)
            case UInt8(ascii: "[") where isLineStart:
                if let mistake = header() { return mistake }
            case UInt8(ascii: "[") where !isHeader, UInt8(ascii: "{") where !isHeader: open.append(byte)
            case UInt8(ascii: "]") where open.last == UInt8(ascii: "["),
                UInt8(ascii: "}") where open.last == UInt8(ascii: "{"):
                open.removeLast()
            case UInt8(ascii: "}"): return Mistake(line: line, message: "a } closes what was not opened")
            default: break
            }
            isLineStart = false
            at += 1
        }
        return nil
    }
    private func byte(_ offset: Int) -> UInt8? { at + offset < bytes.count ? bytes[at + offset] : nil }

    /// Reads the opening brackets of a header. It stops before the name.
    private mutating func header() -> Mistake? {
        isHeader = true
        func skipSpaces(_ from: Int) -> Int {
            (from..<bytes.count).first { bytes[$0] != UInt8(ascii: " ") && bytes[$0] != UInt8(ascii: "\t") }
                ?? bytes.count
        }
        var name = skipSpaces(at + 1)
        if name < bytes.count, bytes[name] == UInt8(ascii: "[") { name = skipSpaces(name + 1) }
        guard name < bytes.count else { return nil }
        let isName =
            switch bytes[name] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "]"): true
            default: false
            }
        at = name - 1
        return isName ? nil : Mistake(line: line, message: "a section is written [name]")
    }
    /// Skips to the last quote of a string. A string that is not closed ends with its line, or with the file if it may
    /// have several lines.
    private mutating func skipString(_ quote: UInt8) {
        let isLong = byte(1) == quote && byte(2) == quote
        at += isLong ? 3 : 1
        while let next = byte(0) {
            if next == UInt8(ascii: "\\"), quote == UInt8(ascii: "\""), byte(1) != UInt8(ascii: "\n") {
                at += 2
                continue
            }
            if next == UInt8(ascii: "\n") {
                guard isLong else {
                    at -= 1
                    return
                }
                line += 1
            }
            if next == quote, !isLong { return }
            if next == quote, byte(1) == quote, byte(2) == quote {
                at += 2
                // A string may end with up to two quotes before the closing three.
                for _ in 0..<2 where byte(1) == quote { at += 1 }
                return
            }
            at += 1
        }
    }
}
