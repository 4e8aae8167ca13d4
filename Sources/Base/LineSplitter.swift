/// Takes a stream of bytes apart into lines of text, in whatever pieces it comes.
///
/// A line ends with a newline; a carriage return in front of that is left out. Of a line that is longer than
/// `mostBytes` the first `mostBytes` are given out, and the others are left out.
package struct LineSplitter {
    private let mostBytes: Int
    private var partial: [UInt8] = []
    /// The beginning of this line was given out already.
    private var isSkipping = false

    package init(mostBytes: Int = .max) { self.mostBytes = mostBytes }

    /// Bytes of the line that has not ended yet.
    package var unfinishedBytes: Int { partial.count }

    /// The next line, with what was used taken off `input`; `nil` when all of the input was used.
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
    /// What came after the last newline when the stream has ended; `nil` where nothing did.
    package mutating func rest() -> String? { partial.isEmpty ? nil : line() }

    private mutating func line() -> String {
        if partial.last == 13 { partial.removeLast() }
        defer { partial.removeAll(keepingCapacity: true) }
        return String(decoding: partial, as: UTF8.self)
    }
}
