/// Splits a stream of bytes into lines of text. The pieces of the stream may end anywhere.
///
/// A line ends with a newline, and a carriage return before the newline is left out. If a line is longer than
/// `mostBytes`, only its first `mostBytes` are given out.
package struct LineSplitter {
    private let mostBytes: Int
    private var partial: [UInt8] = []
    /// The first `mostBytes` of this line were given out already.
    private var isSkipping = false

    package init(mostBytes: Int = .max) { self.mostBytes = mostBytes }

    /// Bytes of the line that has not ended yet.
    package var unfinishedBytes: Int { partial.count }

    /// The next line, or `nil` if `input` was used up before a line ended. The bytes that were used are taken off
    /// `input`.
    package mutating func next(_ input: inout ArraySlice<UInt8>) -> String? {
        while let byte = input.popFirst() {
            if byte == 10 {
                if !isSkipping { return line() }
                isSkipping = false
            } else if !isSkipping {
                partial.append(byte)
                if partial.count >= mostBytes {
                    isSkipping = true
                    return line()
                }
            }
        }
        return nil
    }
    /// The bytes after the last newline, once the stream has ended. `nil` if there are none.
    package mutating func rest() -> String? { partial.isEmpty ? nil : line() }

    private mutating func line() -> String {
        if partial.last == 13 { partial.removeLast() }
        defer { partial.removeAll(keepingCapacity: true) }
        return String(decoding: partial, as: UTF8.self)
    }
}
