public import Base

/// The frames between our manager and our workers (docs/protocol.txt, 5), version 2 of the link. All fields have a
/// fixed width and stand in network byte order:
///
///     offset  0   1                2..3   4..5  6..7       8..11  12..15      16..23  24..
///             op  client id bytes  flags  tag   receivers  slot   body bytes  number  client id, receivers, body
///
/// A `hello` has the layout of version 1 for ever, since its body is what tells the version (`Frame+Version1.swift`).
/// Parsing only looks at bytes: it reads nothing, keeps nothing and copies nothing.
///
/// The type is public, as `Buffer` is, so that the compiler inlines its members into the rooms of the decisions.
public struct Frame {
    public enum Op: UInt8, Sendable {
        /// Worker: my number is `number`; body: see `Hello`. Always the first frame.
        case hello = 16
        /// Worker: this client has a receiver here; `number` is its cursor. Flags: `acknowledges`, `single`, `atOnce`,
        /// `stays`. Body: see `Announcement`.
        case connected = 17
        /// Worker: the receiver ended by itself: its connection closed, or its time was over (flag `timedOut`).
        case gone = 18
        /// Manager: message `number` for this receiver. Flags: `more`, `gap`. All frames of one answer stand together
        /// on the link. With no body it says only that there is nothing, or with `gap` that something was lost.
        case message = 19
        /// Worker: message `number` given back whole: the receiver that it was meant for was over when it came.
        case undelivered = 20
        /// Manager: accepted. `number` is how many bytes the worker may leave unread before the manager holds back. No
        /// body.
        case welcome = 21
        /// Manager: this client has a receiver on another worker now; end this one with the error `replaced`. `number`
        /// and body are those of the receiver that took its place: where it is a copy of the same poll, there is no
        /// error.
        case replaced = 22
        /// Manager: the answers that follow were decided in the turn of its loop that began at `number`, nanoseconds of
        /// CLOCK_MONOTONIC (one clock for all processes of a machine). Sent once for each flush that carries messages;
        /// from it the worker measures the latency from publish (or from the poll, where the message waited for it) to
        /// write.
        case turn = 23
        /// Worker: this receiver takes `number` bytes more.
        case credit = 24
    }

    /// What a frame says by single bits. Each bit has one meaning, whatever the op.
    public struct Flags: OptionSet, Equatable, Sendable {
        public let rawValue: UInt16
        @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }
        /// The one that comes with OptionSet asks for metadata at run time, for each `[]` of each frame.
        @inlinable public init(arrayLiteral flags: Flags...) { rawValue = flags.reduce(0) { $0 | $1.rawValue } }

        /// connected: the client sends a cursor, so what it is sent stays until the cursor has passed it.
        public static let acknowledges = Flags(rawValue: 1)
        /// connected: it takes one message to an answer (the seed's bare form).
        public static let single = Flags(rawValue: 2)
        /// connected: it is answered at once with what waits, and where nothing waits with an empty `message`.
        public static let atOnce = Flags(rawValue: 4)
        /// connected: the receiver stays after an answer. Without it the answer ends it, as it does a long poll.
        public static let stays = Flags(rawValue: 8)
        /// gone: its time was over; the client is there still.
        public static let timedOut = Flags(rawValue: 16)
        /// message: another frame for this same answer follows.
        public static let more = Flags(rawValue: 32)
        /// message: messages after the client's cursor were lost.
        public static let gap = Flags(rawValue: 64)
    }

    public static let headerBytes = 24
    /// A receiver that is named in a frame: its slot (4 bytes) and its tag (2 bytes).
    public static let receiverBytes = 6

    public var op: Op
    public var flags: Flags
    /// The worker counts its receivers, and this is the count's lower half. With `slot` it tells a receiver apart from
    /// those that the client had before: an answer that crosses with the end of its receiver is never taken for an
    /// answer to the next one.
    public var tag: UInt16
    /// The worker's slot for the receiver's connection. It comes back with each frame that is for the receiver.
    public var slot: UInt32
    public var number: UInt64
    /// 0 to `Limits.clientIdBytes` bytes, decoded UTF-8. Points into the parsed bytes.
    public var client: UnsafeRawBufferPointer
    public var body: UnsafeRawBufferPointer

    public enum Parsed {
        case incomplete
        case frame(Frame, bytes: Int)
        /// The link can't be trusted any more: close it.
        case malformed(String)
    }

    /// The frame at the start of `input`.
    @inlinable public static func parse(_ input: UnsafeRawBufferPointer, _ version: LinkVersion = .two) -> Parsed {
        guard version == .two else { return parseVersion1(input) }
        guard input.count >= headerBytes, let base = input.baseAddress else {
            if input.count > 0, Op(rawValue: input[0]) == nil { return .malformed("unknown op \(input[0])") }
            return .incomplete
        }
        // Three loads of eight bytes, and lengths that are bounded before they are added.
        let first = UInt64(bigEndian: base.loadUnaligned(as: UInt64.self))
        let second = UInt64(bigEndian: base.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        guard let op = Op(rawValue: UInt8(truncatingIfNeeded: first >> 56)) else {
            return .malformed("unknown op \(first >> 56)")
        }
        let idBytes = Int(truncatingIfNeeded: first >> 48 & 0xFF)
        let bodyBytes = Int(truncatingIfNeeded: second & 0xFFFF_FFFF)
        guard idBytes <= Limits.clientIdBytes else { return .malformed("client id of \(idBytes) bytes") }
        guard bodyBytes <= Limits.frameBodyBytes else { return .malformed("body of \(bodyBytes) bytes") }
        let bodyAt = headerBytes &+ idBytes &+ Int(truncatingIfNeeded: first & 0xFFFF) &* receiverBytes
        guard input.count >= bodyAt &+ bodyBytes else { return .incomplete }
        return .frame(
            Frame(
                op: op, flags: Flags(rawValue: UInt16(truncatingIfNeeded: first >> 32)),
                tag: UInt16(truncatingIfNeeded: first >> 16), slot: UInt32(truncatingIfNeeded: second >> 32),
                number: UInt64(bigEndian: base.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
                client: UnsafeRawBufferPointer(start: base + headerBytes, count: idBytes),
                body: UnsafeRawBufferPointer(start: base + bodyAt, count: bodyBytes)),
            bytes: bodyAt &+ bodyBytes)
    }

    /// The receivers that a frame with one body for many clients names, in place of a client: `receiverBytes` each.
    /// They stand between client id and body. `frame`: the bytes of one frame of version 2.
    package static func receivers(of frame: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        frame.part(headerBytes + Int(frame[1]), Int(frame.bigEndian(at: 6, as: UInt16.self)) * receiverBytes)
    }

    @inlinable public init(
        op: Op, flags: Flags = [], tag: UInt16 = 0, slot: UInt32 = 0, number: UInt64,
        client: UnsafeRawBufferPointer = .init(start: nil, count: 0),
        body: UnsafeRawBufferPointer = .init(start: nil, count: 0)
    ) {
        self.op = op
        self.flags = flags
        self.tag = tag
        self.slot = slot
        self.number = number
        self.client = client
        self.body = body
    }

    /// `receivers`: see `receivers(of:)`; version 1 has none.
    @inlinable public func write(
        to out: inout Buffer, _ version: LinkVersion = .two,
        receivers: UnsafeRawBufferPointer = .init(start: nil, count: 0)
    ) {
        guard version == .two else { return writeVersion1(to: &out) }
        let bytes = Frame.headerBytes &+ client.count &+ receivers.count &+ body.count
        let room = out.reserve(bytes)
        let names = UInt64(truncatingIfNeeded: receivers.count / Frame.receiverBytes)
        let about = UInt64(op.rawValue) << 56 | UInt64(truncatingIfNeeded: client.count) << 48
        let receiver = UInt64(flags.rawValue) << 32 | UInt64(tag) << 16 | names
        let second = UInt64(slot) << 32 | UInt64(truncatingIfNeeded: body.count)
        room.storeBytes(of: (about | receiver).bigEndian, as: UInt64.self)
        room.storeBytes(of: second.bigEndian, toByteOffset: 8, as: UInt64.self)
        room.storeBytes(of: number.bigEndian, toByteOffset: 16, as: UInt64.self)
        var rest = room + Frame.headerBytes
        copy(client, to: &rest)
        if receivers.count > 0 { copy(receivers, to: &rest) }
        copy(body, to: &rest)
        out.advance(by: bytes)
    }
    @inlinable @inline(__always)
    func copy(_ part: UnsafeRawBufferPointer, to rest: inout UnsafeMutableRawPointer) {
        guard let source = part.baseAddress else { return }
        rest.copyMemory(from: source, byteCount: part.count)
        rest += part.count
    }
}
