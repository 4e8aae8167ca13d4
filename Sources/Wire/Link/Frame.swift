/// The frames between our manager and our workers (docs/protocol.txt, 5), all fields of fixed width and in
/// network byte order:
///
///     offset  0       1       2..3              4..7          8..15            16..
///             op      flags   client id bytes   body bytes    number           client id, then body
///
/// Parsing only looks at bytes: it reads nothing, keeps nothing and copies nothing.
package struct Frame {
    package enum Op: UInt8 {
        /// Worker: my number is `number`; body: see `Hello`. Always the first frame.
        case hello = 16
        /// Worker: this client polls; `number` is its cursor. Flags: `acknowledges`, `single`, and the poll's tag.
        /// Body: see `PollNote`.
        case connected = 17
        /// Worker: the poll ended without an answer of the manager's: its connection closed, or it timed out (flag
        /// `timedOut`). Flags carry the tag of the poll that ended.
        case gone = 18
        /// Manager: message `number` for this client's poll. Flags: `more`, `gap`, and the tag of the poll that it
        /// answers. All frames of one answer stand together on the link. With `gap` and no body it is only the news of
        /// the gap.
        case message = 19
        /// Worker: message `number` given back whole: the poll that it was meant for was over when it came.
        case undelivered = 20
        /// Manager: accepted. `number` is how many bytes the worker may leave unread before the manager holds back. No
        /// body.
        case welcome = 21
        /// Manager: this client polls on another worker now; end its poll with the error `replaced`. Flags carry the
        /// tag, `number` and body are those of the poll that took its place: where it is a copy of the same poll, there
        /// is no error.
        case replaced = 22
        /// Manager: the answers that follow were decided in the turn of its loop that began at `number`, nanoseconds of
        /// CLOCK_MONOTONIC (one clock for all processes of a machine). Sent once for each flush that carries messages;
        /// from it the worker measures the latency from publish (or from the poll, where the message waited for it) to
        /// write.
        case turn = 23
    }

    /// The flags byte: bits 0 and 1 say something by op, bits 2 to 7 are the poll's tag.
    ///
    /// The tag is counted up by the worker for each poll of a connection and comes back on each answer, so that an
    /// answer which crosses with the end of its poll is never taken for an answer to the client's next one.
    package struct Flags: OptionSet, Equatable, Sendable {
        package let rawValue: UInt8
        @inlinable package init(rawValue: UInt8) { self.rawValue = rawValue }
        /// The one that comes with OptionSet asks for metadata at run time, for each `[]` of each frame.
        @inlinable package init(arrayLiteral flags: Flags...) { rawValue = flags.reduce(0) { $0 | $1.rawValue } }
        @inlinable package init(_ flags: Flags, tag: UInt8) { rawValue = (flags.rawValue & 3) | (tag << 2) }

        package static let acknowledges = Flags(rawValue: 1)  // connected
        package static let single = Flags(rawValue: 2)  // connected: one message to an answer (the seed's bare form)
        package static let timedOut = Flags(rawValue: 1)  // gone
        package static let more = Flags(rawValue: 1)  // message: another frame for this same answer follows
        package static let gap = Flags(rawValue: 2)  // message: messages after the client's cursor were lost
        /// 0..63.
        @inlinable package var tag: UInt8 { rawValue >> 2 }
    }

    package static let headerBytes = 16

    package var op: Op
    package var flags: Flags
    package var number: UInt64
    /// 0 to `Limits.clientIdBytes` bytes, decoded UTF-8. Points into the parsed bytes.
    package var client: UnsafeRawBufferPointer
    package var body: UnsafeRawBufferPointer

    package enum Parsed {
        case incomplete
        case frame(Frame, bytes: Int)
        /// The link can't be trusted any more: close it.
        case malformed(String)
    }

    /// The frame at the start of `input`.
    @inlinable package static func parse(_ input: UnsafeRawBufferPointer) -> Parsed {
        guard input.count >= headerBytes else {
            if input.count > 0, Op(rawValue: input[0]) == nil { return .malformed("unknown op \(input[0])") }
            return .incomplete
        }
        guard let op = Op(rawValue: input[0]) else { return .malformed("unknown op \(input[0])") }
        let idBytes = Int(input.bigEndian(at: 2, as: UInt16.self))
        let bodyBytes = Int(input.bigEndian(at: 4, as: UInt32.self))
        guard idBytes <= Limits.clientIdBytes else { return .malformed("client id of \(idBytes) bytes") }
        guard bodyBytes <= Limits.frameBodyBytes else { return .malformed("body of \(bodyBytes) bytes") }
        let total = headerBytes + idBytes + bodyBytes
        guard input.count >= total else { return .incomplete }
        return .frame(
            Frame(
                op: op, flags: Flags(rawValue: input[1]), number: input.bigEndian(at: 8),
                client: input.part(headerBytes, idBytes), body: input.part(headerBytes + idBytes, bodyBytes)),
            bytes: total)
    }

    @inlinable package init(
        op: Op, flags: Flags = [], number: UInt64, client: UnsafeRawBufferPointer = .init(start: nil, count: 0),
        body: UnsafeRawBufferPointer = .init(start: nil, count: 0)
    ) {
        self.op = op
        self.flags = flags
        self.number = number
        self.client = client
        self.body = body
    }

    @inlinable package func write(to out: inout Buffer) {
        let room = out.reserve(Frame.headerBytes)
        room.storeBytes(of: op.rawValue, as: UInt8.self)
        room.storeBytes(of: flags.rawValue, toByteOffset: 1, as: UInt8.self)
        room.storeBytes(of: UInt16(truncatingIfNeeded: client.count).bigEndian, toByteOffset: 2, as: UInt16.self)
        room.storeBytes(of: UInt32(truncatingIfNeeded: body.count).bigEndian, toByteOffset: 4, as: UInt32.self)
        room.storeBytes(of: number.bigEndian, toByteOffset: 8, as: UInt64.self)
        out.advance(by: Frame.headerBytes)
        out.append(client)
        out.append(body)
    }
}

/// The body of a hello: protocol version (1 byte), pid (4 bytes), token (16 bytes; zeros where the daemon was started
/// by hand without one).
package struct Hello: Equatable {
    package static let version: UInt8 = 1
    package static let bytes = 21
    package var version = Hello.version
    package var pid: UInt32
    package var token: [UInt8]

    package init(pid: UInt32, token: [UInt8]) {
        precondition(token.count == 16, "a token is 16 bytes")
        self.pid = pid
        self.token = token
    }

    /// Nil where the body is of another length.
    package init?(body: UnsafeRawBufferPointer) {
        guard body.count == Hello.bytes else { return nil }
        version = body[0]
        pid = body.bigEndian(at: 1)
        token = Array(body.part(5, 16))
    }

    package func write(to out: inout Buffer) {
        out.append(version)
        out.append(bigEndian: pid)
        for byte in token { out.append(byte) }
    }
}

/// What a `connected` says beside its cursor, in its body: nothing (no bytes), one byte, or five.
package struct PollNote: Equatable, Sendable {
    /// Bit 0 of the first byte: it is to be answered at once with what waits, and where nothing does with nothing.
    package var isAtOnce: Bool
    /// Four bytes in network byte order, a print of the request's `c`: two polls with one print, one id and one cursor
    /// are copies of one request. 0, and not written: it has no `c`.
    package var print: UInt32

    package init(isAtOnce: Bool, print: UInt32) {
        self.isAtOnce = isAtOnce
        self.print = print
    }
    /// Takes the bytes that this version knows, where the other end says more.
    package init(body: UnsafeRawBufferPointer) {
        isAtOnce = body.count > 0 && body[0] & 1 != 0
        print = body.count >= 5 ? body.bigEndian(at: 1, as: UInt32.self) : 0
    }

    /// Hands out its bytes, which are valid in `use` only.
    package func withBytes(_ use: (UnsafeRawBufferPointer) -> Void) {
        guard isAtOnce || print != 0 else { return use(.init(start: nil, count: 0)) }
        let value = print
        let bytes = (
            UInt8(isAtOnce ? 1 : 0), UInt8(truncatingIfNeeded: value >> 24), UInt8(truncatingIfNeeded: value >> 16),
            UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)
        )
        withUnsafeBytes(of: bytes) { use($0.part(0, value == 0 ? 1 : 5)) }
    }
}
