package import Base

/// A worker's first frame. Its layout is that of version 1 in every version of the link. Its body tells the version of
/// all frames that follow, in both directions: version (1 byte), pid (4 bytes), token (16 bytes). The token is zeros if
/// the daemon was started by hand without one.
package struct Hello: Equatable {
    package static let bytes = 21
    /// The `LinkVersion`, or a number that this program does not know.
    package var version = LinkVersion.two.rawValue
    package var pid: UInt32
    package var token: [UInt8]

    package init(pid: UInt32, token: [UInt8]) {
        precondition(token.count == 16, "a token is 16 bytes")
        self.pid = pid
        self.token = token
    }

    /// `nil` if the body has another length.
    package init?(body: UnsafeRawBufferPointer) {
        guard body.count == Hello.bytes else { return nil }
        version = body[0]
        pid = body.bigEndian(at: 1)
        token = Array(body.part(5, 16))
    }

    /// Writes the whole frame. `number` is the worker's number.
    package func write(number: UInt64, to out: inout Buffer) {
        var body = Buffer()
        body.append(version)
        body.append(bigEndian: pid)
        for byte in token { body.append(byte) }
        Frame(op: .hello, number: number, body: body.bytes).write(to: &out, .one)
    }
}
