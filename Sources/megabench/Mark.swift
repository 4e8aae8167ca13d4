import Base

/// The text of a benchmark's message: when it was published, for which client, and its number among that client's
/// messages.
///
///     @123456789012.77.5.xxxxxxxx         nanoseconds . client . sequence . padding
///
/// It needs no escape in JSON, in HTML or in a URL, so it reads the same in every form of answer.
struct Mark: Equatable {
    /// Stands for a client number in a message to all clients of a channel.
    static let everyone = UInt32.max

    var nanoseconds: UInt64
    var client: UInt32
    /// Counted from 0 for each client.
    var sequence: UInt32

    /// Appends the mark. A shorter one is filled up with `x` to `bytes` bytes.
    func write(to buffer: inout Buffer, bytes: Int) {
        let start = buffer.count
        buffer.append(UInt8(ascii: "@"))
        buffer.append(decimal: nanoseconds)
        buffer.append(UInt8(ascii: "."))
        buffer.append(decimal: UInt64(client))
        buffer.append(UInt8(ascii: "."))
        buffer.append(decimal: UInt64(sequence))
        buffer.append(UInt8(ascii: "."))
        while buffer.count - start < bytes { buffer.append(UInt8(ascii: "x")) }
    }

    func text(bytes: Int) -> String {
        var buffer = Buffer()
        write(to: &buffer, bytes: bytes)
        return String(decoding: buffer.bytes, as: UTF8.self)
    }

    /// Reads the mark at `offset`, which is then behind the padding. `nil` if there is none.
    static func read(_ bytes: UnsafeRawBufferPointer, at offset: inout Int) -> Mark? {
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: "@") else { return nil }
        offset += 1
        guard let nanoseconds = number(bytes, at: &offset, end: UInt8(ascii: ".")),
            let client = number(bytes, at: &offset, end: UInt8(ascii: ".")),
            let sequence = number(bytes, at: &offset, end: UInt8(ascii: "."))
        else { return nil }
        while offset < bytes.count, bytes[offset] == UInt8(ascii: "x") { offset += 1 }
        return Mark(
            nanoseconds: nanoseconds, client: UInt32(truncatingIfNeeded: client),
            sequence: UInt32(truncatingIfNeeded: sequence))
    }

    /// Reads a decimal number of at least one digit, and the byte that ends it. `offset` is behind both then.
    static func number(_ bytes: UnsafeRawBufferPointer, at offset: inout Int, end: UInt8) -> UInt64? {
        guard let value = digits(bytes, at: &offset), offset < bytes.count, bytes[offset] == end else { return nil }
        offset += 1
        return value
    }

    /// Reads one to 19 digits.
    static func digits(_ bytes: UnsafeRawBufferPointer, at offset: inout Int) -> UInt64? {
        let start = offset
        var value: UInt64 = 0
        while offset < bytes.count, offset - start < 19 {
            let digit = bytes[offset] &- 48
            guard digit < 10 else { break }
            value = value &* 10 &+ UInt64(digit)
            offset += 1
        }
        return offset > start ? value : nil
    }
}
