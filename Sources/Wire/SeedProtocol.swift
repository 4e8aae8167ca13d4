package import Base

/// The protocol of the seed, as its programs of 2011 spoke it: binary, no lengths, no answers.
///
///     01 n              a worker says its number, one byte
///     02 c.. 00 m.. 00  message m for client c: from an app to the manager, and from it to a worker that said `01 n`
package enum SeedProtocol {
    package enum Parsed {
        case incomplete
        case worker(UInt8)
        /// It is always 3 bytes longer than the two together.
        case message(client: UnsafeRawBufferPointer, text: UnsafeRawBufferPointer)
        /// No boundary can be found any more, so the connection must be closed.
        case malformed(String)
    }

    /// True for the first byte of a connection that speaks the seed's protocol.
    package static func isOp(_ byte: UInt8) -> Bool { byte == 1 || byte == 2 }

    /// The operation at the start of `input`; `maxMessage` bounds its text.
    package static func parse(_ input: UnsafeRawBufferPointer, maxMessage: Int) -> Parsed {
        guard input.count > 0 else { return .incomplete }
        switch input[0] {
        case 1: return input.count >= 2 ? .worker(input[1]) : .incomplete
        case 2:
            let client = string(input.part(1, input.count - 1), longest: Limits.clientIdBytes)
            guard case .whole(let id) = client else {
                return client == .tooLong ? .malformed("client id over 128 bytes") : .incomplete
            }
            let start = 2 + id
            let message = string(input.part(start, input.count - start), longest: maxMessage)
            guard case .whole(let text) = message else {
                return message == .tooLong ? .malformed("message over \(maxMessage) bytes") : .incomplete
            }
            return .message(client: input.part(1, id), text: input.part(start, text))
        default: return .malformed("op \(input[0])")
        }
    }

    private enum Found: Equatable { case whole(Int), tooLong, incomplete }

    /// The bytes before the NUL.
    private static func string(_ input: UnsafeRawBufferPointer, longest: Int) -> Found {
        var at = 0
        while at < input.count {
            if input[at] == 0 { return at <= longest ? .whole(at) : .tooLong }
            at += 1
        }
        return input.count > longest ? .tooLong : .incomplete
    }

    /// A message for a worker of the seed. Neither part may hold a NUL.
    package static func write(client: UnsafeRawBufferPointer, text: UnsafeRawBufferPointer, to out: inout Buffer) {
        out.append(UInt8(2))
        out.append(client)
        out.append(UInt8(0))
        out.append(text)
        out.append(UInt8(0))
    }

    /// The seed's hash of a client id: X31 over signed bytes. Modulo the number of workers it gives the client's
    /// worker. `supercalifragilisticexpialidocious` gives 1077910243.
    package static func hash(_ client: UnsafeRawBufferPointer) -> UInt32 {
        var hash: UInt32 = 0
        for byte in client { hash = hash &* 31 &+ UInt32(bitPattern: Int32(Int8(bitPattern: byte))) }
        return hash
    }
}
