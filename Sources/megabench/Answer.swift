/// An HTTP answer, parsed only as far as a long-poll client needs it: its status, its body by Content-Length, and
/// whether the connection goes on.
struct Answer: Equatable {
    enum Result: Equatable {
        case incomplete
        case answer(Answer)
        /// It is not HTTP/1.1, or the end of its body can't be known.
        case malformed
    }

    var status: Int
    /// Offsets of the body.
    var body: Range<Int>
    /// The server said `Connection: close`.
    var closes: Bool
    /// Offsets of the values with which an nchan subscriber resumes. They are empty if there are none.
    var lastModified: Range<Int> = 0..<0
    var etag: Range<Int> = 0..<0

    /// Header lines are walked once. The names that matter are told apart by length and first letter before they are
    /// compared.
    static func parse(_ bytes: UnsafeRawBufferPointer) -> Result {
        guard bytes.count >= 16 else { return .incomplete }
        guard bytes[0] == UInt8(ascii: "H"), bytes[5] == UInt8(ascii: "1"), bytes[8] == UInt8(ascii: " ") else {
            return .malformed
        }
        var offset = 9
        guard let status = Mark.digits(bytes, at: &offset) else { return .malformed }
        var answer = Answer(status: Int(status), body: 0..<0, closes: false)
        var length: Int?
        guard let first = lineEnd(bytes, from: offset) else { return .incomplete }
        offset = first + 1
        while let end = lineEnd(bytes, from: offset) {
            let last = end > offset && bytes[end - 1] == 13 ? end - 1 : end
            if last == offset {
                let start = end + 1
                guard let length = length ?? (answer.status == 204 || answer.status == 304 ? 0 : nil) else {
                    return .malformed
                }
                guard bytes.count - start >= length else { return .incomplete }
                answer.body = start..<start + length
                return .answer(answer)
            }
            switch bytes[offset] | 32 {
            case UInt8(ascii: "c"):
                if var value = value(bytes, offset, last, "content-length") {
                    guard let number = Mark.digits(bytes, at: &value), number < 1 << 30 else { return .malformed }
                    length = Int(number)
                } else if let value = value(bytes, offset, last, "connection"), last - value == 5 {
                    answer.closes = bytes[value] | 32 == UInt8(ascii: "c")
                }
            case UInt8(ascii: "l"):
                if let value = value(bytes, offset, last, "last-modified") { answer.lastModified = value..<last }
            case UInt8(ascii: "e"):
                if let value = value(bytes, offset, last, "etag") { answer.etag = value..<last }
            default: break
            }
            offset = end + 1
        }
        return .incomplete
    }

    private static func lineEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var at = start
        while at < bytes.count {
            if bytes[at] == 10 { return at }
            at += 1
        }
        return nil
    }

    /// The offset of the value in the header line at `start`, if the line has this name (in lower case).
    private static func value(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ name: StaticString) -> Int? {
        let count = name.utf8CodeUnitCount
        guard end - start > count, bytes[start + count] == UInt8(ascii: ":") else { return nil }
        for index in 0..<count where bytes[start + index] | 32 != name.utf8Start[index] { return nil }
        var value = start + count + 1
        while value < end, bytes[value] == 32 { value += 1 }
        return value
    }
}
