package import Base

// Receivers that stay: one answer without an end, whose parts are written one after the other.
extension Answer {
    /// Writes the head of an event stream. It has no length: its content comes in chunks (RFC 9112, 7.1), or in
    /// HTTP/1.0 until the connection is closed.
    package static func eventsHead(_ style: Style, to out: inout Buffer) {
        fields(200, style, to: &out)
        if style.minorVersion > 0 { out.append("Transfer-Encoding: chunked\r\n") }
        style.head.end(to: &out)
    }
    /// Writes what ends the stream after its last part.
    package static func eventsEnd(_ style: Style, to out: inout Buffer) {
        if style.minorVersion > 0 { out.append("0\r\n\r\n") }
    }

    /// Tells an event stream where it begins, before its messages. `id` is `nil` if only the manager knows it, and is
    /// not there. Other transports tell it in the end (`finish`).
    package mutating func hello(id: UInt64?, retry: Int, heartbeat: UInt32, to out: inout Buffer) {
        guard transport == .events else { return }
        EventStream.hello(id: id, retry: retry, heartbeat: heartbeat, to: &out)
        lastId = id ?? 0
        isFirst = false
    }
    /// Tells an event stream that messages before those that follow were lost. Other transports tell it in the end.
    package mutating func gap(to out: inout Buffer) {
        guard transport == .events else { return }
        EventStream.gap(to: &out)
        (toldGap, isFirst) = (true, false)
    }

    /// Begins a part of a receiver that stays: a chunk or a frame. The result is the place of its content.
    static func openFrame(_ style: Style, to out: inout Buffer) -> Int {
        if style.transport == .webSocket { return WebSocketFrames.open(to: &out) }
        guard style.minorVersion > 0 else { return -1 }
        out.append("00000000\r\n")
        return out.count
    }
    /// Ends the part. The length that was made room for gets as many digits as it needs.
    static func closeFrame(_ start: Int, _ transport: Transport, in out: inout Buffer) {
        if transport == .webSocket { return WebSocketFrames.finish(start, in: &out) }
        guard start >= 0 else { return }
        let bytes = out.count - start
        guard bytes > 0 else { return out.truncate(to: start - lengthBytes) }  // an empty chunk would be the last
        let digits = (UInt64.bitWidth - UInt64(bytes).leadingZeroBitCount + 3) / 4
        for digit in 0..<digits {
            let value = UInt8(bytes >> (4 * digit) & 15)
            out.overwrite(value < 10 ? 48 + value : 87 + value, at: start - 3 - digit)
        }
        out.resizeGap(at: start - lengthBytes, from: lengthBytes - 2 - digits, to: 0)
        out.append("\r\n")
    }
    /// Eight hexadecimal digits and a line end.
    private static let lengthBytes = 10
}
