import Base
import Glibc

/// What the bytes of event streams (WHATWG HTML, 9.2) and WebSockets (RFC 6455) say, as far as a client of the
/// generator needs it.
enum StreamText {
    /// A line of an event stream.
    enum Field: Equatable {
        /// The number that the id begins with, and where in the line the id begins.
        case id(UInt64, text: Int)
        /// The mark in it, if it has one.
        case data(Mark?)
        /// After so many milliseconds a stream that breaks is to come back.
        case retry(UInt64)
        /// The server ends this stream. After so many milliseconds it is to come back.
        case comeBack(UInt64)
        case gap, heartbeat
        /// The server says that the stream is over for good.
        case ended
        case other
    }

    /// A whole frame of a server: its first byte, its payload, and the offset of what follows.
    struct Frame {
        var first: UInt8
        var payload: UnsafeRawBufferPointer
        var end: Int
    }

    /// The key of every WebSocket of the generator, and what a server must answer to it (RFC 6455, 1.3). The limit
    /// loop has no SHA-1.
    static let key: StaticString = "dGhlIHNhbXBsZSBub25jZQ=="
    static let accept: StaticString = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

    /// The end of the answer's head. `nil` if it is not whole.
    static func endOfHead(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var at = position(of: 13, in: bytes)
        while at + 3 < bytes.count {
            if bytes[at + 1] == 10, bytes[at + 2] == 13, bytes[at + 3] == 10 { return at + 4 }
            at = position(of: 13, in: bytes, from: at + 1)
        }
        return nil
    }

    /// Whether the head opens a stream of this form: the status, and its type or the right answer to the key.
    static func isOpen(_ head: UnsafeRawBufferPointer, _ form: LoadPlan.Form) -> Bool {
        var offset = 9
        guard head.count > 12, let status = Mark.digits(head, at: &offset) else { return false }
        return form == .ws ? status == 101 && has(accept, head) : status == 200 && has("text/event-stream", head)
    }

    private static func has(_ text: StaticString, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let count = text.utf8CodeUnitCount
        var at = position(of: text.utf8Start[0], in: bytes)
        while at + count <= bytes.count {
            if bytes[at..<(at + count)].elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: count)) {
                return true
            }
            at = position(of: text.utf8Start[0], in: bytes, from: at + 1)
        }
        return false
    }

    /// A line without its line feed. A space behind the colon means nothing (WHATWG HTML, 9.2.6).
    static func field(_ line: UnsafeRawBufferPointer) -> Field {
        if let text = value(line, "id:") {
            var at = text
            return Mark.digits(line, at: &at).map { .id($0, text: text) } ?? .other
        }
        if let at = value(line, "data:") {
            if var retry = value(line, "data:{\"retry\":") {
                return Mark.digits(line, at: &retry).map { .comeBack($0) } ?? .other
            }
            var found = position(of: UInt8(ascii: "@"), in: line, from: at)
            return .data(found < line.count ? Mark.read(line, at: &found) : nil)
        }
        if var at = value(line, "retry:") { return Mark.digits(line, at: &at).map { .retry($0) } ?? .other }
        guard value(line, "event:") != nil else { return .other }
        if value(line, "event:heartbeat") != nil { return .heartbeat }
        if value(line, "event:gap") != nil { return .gap }
        return value(line, "event:replaced") != nil || value(line, "event:disconnected") != nil ? .ended : .other
    }

    /// The offset behind `name` and a space, if the line begins with it.
    private static func value(_ line: UnsafeRawBufferPointer, _ name: StaticString) -> Int? {
        let count = name.utf8CodeUnitCount
        guard line.count >= count else { return nil }
        for at in 0..<count where line[at] != name.utf8Start[at] { return nil }
        return count < line.count && line[count] == 32 ? count + 1 : count
    }

    /// The server's frame at `offset`. `nil` if it is not whole. A masked one, which no server may send, has 0 as its
    /// first byte.
    static func frame(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Frame? {
        guard bytes.count >= offset + 2 else { return nil }
        var (length, start) = (Int(bytes[offset + 1]), offset + 2)
        if length > 127 { return Frame(first: 0, payload: bytes.part(start, 0), end: start) }
        if length == 126 || length == 127 {
            let digits = length == 126 ? 2 : 8
            guard bytes.count >= start + digits else { return nil }
            length = bytes[start..<(start + digits)].reduce(0) { $0 << 8 | Int($1) }
            start += digits
        }
        guard length >= 0, bytes.count - start >= length else { return nil }
        return Frame(first: bytes[offset], payload: bytes.part(start, length), end: start + length)
    }
}
