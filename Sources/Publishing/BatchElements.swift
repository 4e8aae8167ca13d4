/// The elements of a JSON array as they stand in its text, also where some are no JSON themselves: an element is a
/// string, what stands between brackets that match, or a run of other bytes. So one bad publish is told from the others
/// around it.
///
/// Where brackets do not match, a string has no end, or no comma stands between two values, nobody can say what the
/// elements are: then the array itself is no JSON.
struct BatchElements: IteratorProtocol, Sequence {
    private let text: UnsafeRawBufferPointer
    private var at = 0
    private var isFirst = true
    private var hasEnded = false
    /// Asked when the last element was given: whether the text is one whole array.
    private(set) var isWhole = false

    init(_ text: UnsafeRawBufferPointer) {
        self.text = text
        skipSpace()
        hasEnded = byte != UInt8(ascii: "[")
        at += 1
    }

    /// Whether the text is one whole array, whatever its elements are.
    static func areIn(_ text: UnsafeRawBufferPointer) -> Bool {
        var elements = BatchElements(text)
        while elements.next() != nil {}
        return elements.isWhole
    }

    /// Where the next element stands.
    mutating func next() -> Range<Int>? {
        guard !hasEnded else { return nil }
        skipSpace()
        if isFirst, byte == UInt8(ascii: "]") {
            end()
            return nil
        }
        isFirst = false
        let start = at
        guard value() else {
            hasEnded = true
            return nil
        }
        let element = start..<at
        skipSpace()
        switch byte {
        case UInt8(ascii: ","): at += 1
        case UInt8(ascii: "]"): end()
        default: hasEnded = true
        }
        return element
    }

    /// Nil behind the last byte.
    private var byte: UInt8? { at < text.count ? text[at] : nil }
    private mutating func skipSpace() {
        while let byte, byte == 32 || byte == 10 || byte == 13 || byte == 9 { at += 1 }
    }
    private mutating func end() {
        at += 1
        skipSpace()
        hasEnded = true
        isWhole = at == text.count
    }

    /// Goes behind the value that starts here; false where that can't be told.
    private mutating func value() -> Bool {
        switch byte {
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: "{"), UInt8(ascii: "["): return brackets()
        default:
            let start = at
            while let byte, !isDelimiter(byte) { at += 1 }
            return at > start
        }
    }
    private func isDelimiter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"): true
        case UInt8(ascii: "\""), UInt8(ascii: ","), 32, 10, 13, 9: true
        default: false
        }
    }
    private mutating func string() -> Bool {
        at += 1
        while let byte {
            at += byte == UInt8(ascii: "\\") ? 2 : 1
            if byte == UInt8(ascii: "\"") { return true }
        }
        return false
    }
    /// Not recursive: what is open stands in an array, which the text bounds.
    private mutating func brackets() -> Bool {
        var open: [UInt8] = []
        while let byte {
            switch byte {
            case UInt8(ascii: "\""):
                guard string() else { return false }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): open.append(byte)
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                // A closing bracket is two behind its opening one.
                guard open.popLast() == byte - 2 else { return false }
            default: break
            }
            at += 1
            if open.isEmpty { return true }
        }
        return false
    }
}
