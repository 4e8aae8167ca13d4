public import Base

/// The facts of a request's token for the manager. It follows the `Announcement` in the body of a
/// `connected`, and is the whole body of an `acknowledged` and follows the print of a `leave`. Empty without a token.
/// In network byte order:
///
///     offset  0..3                             4..
///             iat, in seconds since 1970       channels, each a byte with its length and its name
///
/// The manager refuses a token that was revoked, and subscribes the client to the channels when it comes.
public struct Grant {
    /// The time when the token was made, in seconds since 1970. 0 if there is no token.
    public var issuedAt: UInt32
    /// The list of channels as it stands in the frame. It points into the parsed bytes.
    public var channels: UnsafeRawBufferPointer

    /// Bytes of the time.
    public static let headBytes = 4

    @inlinable public init(issuedAt: UInt32, channels: UnsafeRawBufferPointer) {
        self.issuedAt = issuedAt
        self.channels = channels
    }
    /// Reads what follows the first `offset` bytes of a frame's body.
    @inlinable public init(body: UnsafeRawBufferPointer, after offset: Int) {
        guard body.count >= offset + Grant.headBytes else {
            self.init(issuedAt: 0, channels: .init(start: nil, count: 0))
            return
        }
        let start = offset + Grant.headBytes
        self.init(issuedAt: body.bigEndian(at: offset), channels: body.part(start, body.count - start))
    }
    /// Writes it, if there is a token.
    package func append(to body: inout Buffer) {
        guard issuedAt > 0 else { return }
        body.append(bigEndian: issuedAt)
        body.append(channels)
    }
}

/// The names of a list of channels: each a byte with its length, and its bytes. A list that is cut off ends early.
package struct ChannelNames: Sequence, IteratorProtocol {
    private var rest: UnsafeRawBufferPointer
    package init(_ list: UnsafeRawBufferPointer) { rest = list }

    package mutating func next() -> UnsafeRawBufferPointer? {
        guard let count = rest.first.map({ Int($0) }), rest.count > count else { return nil }
        let name = rest.part(1, count)
        rest = rest.part(1 + count, rest.count - 1 - count)
        return name
    }
    /// Appends a name of 1 to `Limits.clientIdBytes` bytes.
    package static func append(_ name: UnsafeRawBufferPointer, to list: inout Buffer) {
        list.append(UInt8(name.count))
        list.append(name)
    }
}
