import Base

// Cursors of receivers that stay.
extension PollRequest {
    /// The cursor that the client of a WebSocket acknowledges: `{"cursor":N}`, with white space as JSON has it. `nil`
    /// if the message is anything else.
    package static func acknowledgement(_ text: UnsafeRawBufferPointer) -> UInt64? {
        var rest = text
        func skipSpace() {
            while let byte = rest.first, byte == 32 || byte == 9 || byte == 10 || byte == 13 { drop(1) }
        }
        func drop(_ count: Int) { rest = rest.part(count, rest.count - count) }
        func take(_ token: StaticString) -> Bool {
            skipSpace()
            let count = token.utf8CodeUnitCount
            guard rest.count >= count, matches(rest.part(0, count), token) else { return false }
            drop(count)
            return true
        }
        guard take("{"), take("\"cursor\""), take(":") else { return nil }
        skipSpace()
        let digits = rest.prefix { isDigit($0) }.count
        guard digits == 1 || rest.first != 48, let cursor = parseCursor(rest.part(0, digits)) else { return nil }
        drop(digits)
        guard take("}") else { return nil }
        skipSpace()
        return rest.isEmpty ? cursor : nil
    }

    /// Takes the largest of the cursors of an event stream.
    mutating func findCursor(_ given: [UnsafeRawBufferPointer?]) {
        for text in given {
            guard let text else { continue }
            guard let parsed = parseCursor(text) else {
                hasLostCursor = true
                continue
            }
            cursor = max(cursor ?? 0, parsed)
        }
        if cursor != nil { hasLostCursor = false }
    }
}
