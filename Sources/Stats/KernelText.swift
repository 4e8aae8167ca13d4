import Base

/// The text of a file under /proc, read from its bytes. Such files are read each second, so nothing here makes strings.
package struct KernelText {
    private let bytes: UnsafeRawBufferPointer
    private var at = 0

    /// The text is valid as long as the bytes are.
    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The rest of the next line that begins with `start`. The search begins at the present place and ends behind that
    /// line.
    package mutating func line(_ start: StaticString) -> KernelText? {
        while at < bytes.count {
            var end = at
            while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
            let line = bytes.part(at, end - at)
            at = end + 1
            guard line.count >= start.utf8CodeUnitCount, matches(line.part(0, start.utf8CodeUnitCount), start) else {
                continue
            }
            return KernelText(line.part(start.utf8CodeUnitCount, line.count - start.utf8CodeUnitCount))
        }
        return nil
    }

    /// The whole text as a string, for files that are read once.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The next word. It ends at a space, a tab, an equals sign or the end of the line.
    private mutating func word() -> UnsafeRawBufferPointer? {
        func isGap(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 10 || byte == 61 }
        while at < bytes.count, isGap(bytes[at]) { at += 1 }
        let start = at
        while at < bytes.count, !isGap(bytes[at]) { at += 1 }
        return at > start ? bytes.part(start, at - start) : nil
    }

    /// The word at this place, counted from 0, as a whole number. `nil` if it is no number.
    package func number(at place: Int) -> UInt64? {
        var rest = self
        for _ in 0..<place { _ = rest.word() }
        return rest.word().flatMap(KernelText.number)
    }
    /// The first word, a decimal number, in thousandths: "0.52" is 520.
    package func thousandths() -> UInt64? {
        var rest = self
        guard let word = rest.word() else { return nil }
        let point = word.firstIndex(of: UInt8(ascii: ".")) ?? word.count
        guard let whole = KernelText.number(word.part(0, point)) else { return nil }
        var value = whole
        for place in 1...3 {
            let digit = point + place < word.count ? word[point + place] : UInt8(ascii: "0")
            guard isDigit(digit) else { return nil }
            value = value * 10 + UInt64(digit - UInt8(ascii: "0"))
        }
        return value
    }
    /// The number behind the word `name` in a line that has names and numbers in turn: "inuse 5 orphan 0".
    package func number(after name: StaticString) -> UInt64? {
        var rest = self
        while let word = rest.word() {
            if matches(word, name) { return rest.number(at: 0) }
        }
        return nil
    }
    /// The number under the word `name`. Two lines begin with `start`: the first has the names, the second the values.
    package func number(under name: StaticString, in start: StaticString) -> UInt64? {
        var rest = self
        guard var names = rest.line(start), var values = rest.line(start) else { return nil }
        while let word = names.word(), let value = values.word() {
            if matches(word, name) { return KernelText.number(value) }
        }
        return nil
    }

    private static func number(_ word: UnsafeRawBufferPointer) -> UInt64? {
        guard word.count > 0, word.count <= 19, word.allSatisfy(isDigit) else { return nil }
        return word.reduce(0) { $0 * 10 + UInt64($1 - UInt8(ascii: "0")) }
    }
}
