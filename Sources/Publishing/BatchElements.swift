/// The elements of a JSON array, as ranges of its text. An element is a string, a text between brackets that match, or
/// a run of other bytes, and need not be JSON itself. So one bad publish does not spoil the others.
///
/// The array itself is no JSON if brackets do not match, a string has no end, or two values have no comma between them.
/// Nobody can tell then where the elements begin.
struct BatchElements: IteratorProtocol, Sequence {
    private let text: UnsafeRawBufferPointer
    private var at = 0
    private var isFirst = true
    private var hasEnded = false
    /// Whether the text is one whole array. It is known when the last element has been given.
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

    /// The range of the next element.
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

    /// `nil` behind the last byte.
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

    /// Moves behind the value that starts here. False if its end can't be found.
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
    /// Moves behind brackets that match. An array keeps the open ones instead of recursion; the text bounds it.
    private mutating func brackets() -> Bool {
        var open: [UInt8] = []
        while let byte {
            switch byte {
            case UInt8(ascii: "\""):
                guard string() else { return false }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): open.append(byte)
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                // In ASCII a closing bracket or brace is its opening one plus two.
                guard open.popLast() == byte - 2 else { return false }
            default: break
            }
            at += 1
            if open.isEmpty { return true }
        }
        return false
    }
}
