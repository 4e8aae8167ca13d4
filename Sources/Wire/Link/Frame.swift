public import Base

/// The frames between our manager and our workers: version 2 of the link (docs/protocol.txt, 5). All fields have a
/// fixed width and are in network byte order:
///
///     offset  0   1                2..3   4..5  6..7       8..11  12..15      16..23  24..
///             op  client id bytes  flags  tag   receivers  slot   body bytes  number  client id, receivers, body
///
/// A `hello` always has the layout of version 1, since its body tells the version (`Frame+Version1.swift`). The parser
/// only looks at bytes: it reads nothing, keeps nothing and copies nothing.
///
/// The type is public, as `Buffer` is, so that the compiler inlines its members into the rooms of the decisions.
public struct Frame {
    public enum Op: UInt8, Sendable {
        /// Worker: the first frame of a link. `number` is the worker's number. Body: see `Hello`.
        case hello = 16
        /// Worker: this client has a receiver here, which takes the messages after `number`. Flags: `acknowledges`,
        /// `single`, `atOnce`, `stays`. Body: an `Announcement`, and the `Grant` of its token.
        case connected = 17
        /// Worker: the receiver has ended by itself. Its connection was closed, or its time was over (flag `timedOut`).
        /// `number` is its cursor; of a receiver that stays, the highest id that its socket took.
        case gone = 18
        /// Manager: message `number` for this receiver. Flags: `more`, `gap`. All frames of one answer are together on
        /// the link. A frame without a body says that nothing waits, or with `gap` that something was lost.
        case message = 19
        /// Worker: message `number` comes back whole, since its receiver had ended when it came.
        case undelivered = 20
        /// Manager: the hello is accepted. `number` is how many bytes the worker may leave unread before the manager
        /// holds back. No body.
        case welcome = 21
        /// Manager: the client has a receiver on another worker now. End this one with the error `replaced`. `number`
        /// and body are those of the new receiver. If it is a copy of the same poll, there is no error.
        case replaced = 22
        /// Manager: the answers that follow were decided in one turn of its loop. The turn began at `number`, in
        /// nanoseconds of CLOCK_MONOTONIC, which is one clock for all processes of a machine. The frame is sent once
        /// for each flush with messages. From it the worker measures the latency to the write: from the publish, or
        /// from the poll if the message waited for it.
        case turn = 23
        /// Worker: the receiver takes `number` bytes more.
        case credit = 24
        /// Worker: a stamp of its clock, `number`, once a second. The manager sends it back as the slot-less answer of
        /// the same op: `number` is the highest id given out, and the body has the stamp and an id (8 bytes each). For
        /// every receiver that was announced before the stamp, all messages up to `number` are before this frame on the
        /// link, or there are none, or the receiver stays and has no credit left: a stream that is behind is sent no
        /// heartbeat. A client whose cursor is below the other id may be owed news of a gap, so it keeps
        /// its cursor. The manager does not answer while a fan-out is under way or clients of the link are blocked.
        case settled = 25
        /// Manager: the app ended this receiver. Tell the client, and hold nothing for it. Flag: `revoked`.
        case disconnect = 26
        /// Worker: the client has all messages up to `number`. Its receiver stays, wherever it is. Body: the `Grant` of
        /// its token.
        case acknowledged = 27
        /// Worker: a page of the client goes, and has all messages up to `number`. Body: the print of its `page`, four
        /// bytes, and the `Grant` of its token. Manager, to the worker that holds the client's receiver: end it, if
        /// that page has it; body: the print.
        case leave = 28
        /// Worker: the client's socket has taken these messages whole. The body has their ids, eight bytes each. Only
        /// messages that came with the flag `tells` are in it.
        case delivered = 29
        /// Manager: the engine of the cluster is away (`number` is 1), or there again (0). A load balancer that asks
        /// for the worker's health is told so, and other machines may serve new clients.
        case engine = 30
    }

    /// Facts of a frame in single bits. Each bit has one meaning, whatever the op.
    public struct Flags: OptionSet, Equatable, Sendable {
        public let rawValue: UInt16
        @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }
        /// The `init` of OptionSet would ask for metadata at run time, for each `[]` of each frame.
        @inlinable public init(arrayLiteral flags: Flags...) { rawValue = flags.reduce(0) { $0 | $1.rawValue } }

        /// connected: the client says what it has, so its messages are kept until it has acknowledged them. Without
        /// this flag a poll begins after what the client was handed, and a receiver that stays begins after what was
        /// written to the client's receivers; its messages are kept, too.
        public static let acknowledges = Flags(rawValue: 1)
        /// connected: the receiver takes one message in an answer (the seed's bare form).
        public static let single = Flags(rawValue: 2)
        /// connected: answer at once with the messages that wait. If none waits, answer with an empty `message`.
        public static let atOnce = Flags(rawValue: 4)
        /// connected: the receiver stays after an answer. Without this flag the answer ends it, as it ends a long poll.
        public static let stays = Flags(rawValue: 8)
        /// gone: the receiver's time was over. The client is still there.
        public static let timedOut = Flags(rawValue: 16)
        /// message: another frame for this same answer follows.
        public static let more = Flags(rawValue: 32)
        /// message: messages after the client's cursor were lost.
        public static let gap = Flags(rawValue: 64)
        /// message: the body begins with the element's other members. Two bytes have their length; then comes their
        /// JSON, each with a comma before it (`,"channel":"room:7"`); then the message's JSON, which may be empty.
        public static let members = Flags(rawValue: 128)
        /// disconnect: the receiver's token was revoked.
        public static let revoked = Flags(rawValue: 512)
        /// connected, as it is told to the machines of a cluster: the client's receiver was here (`tag`, `slot`) when
        /// another machine told that it had come there. If it is there, that machine says so (`insists`).
        public static let asks = Flags(rawValue: 2048)
        /// connected, as it is told to the machines of a cluster: the client's receiver is here, although another
        /// machine has one (`tag`, `slot`) and asks. That one ends.
        public static let insists = Flags(rawValue: 4096)
        /// message: it is over if it does not reach its receiver. It does not come back.
        public static let transient = Flags(rawValue: 256)
        /// message: the manager is to be told when it has been written (`delivered`).
        public static let tells = Flags(rawValue: 1024)
    }

    public static let headerBytes = 24
    /// Bytes of the print of a page in a `leave`.
    public static let pageBytes = 4
    /// A receiver that is named in a frame: its slot (4 bytes) and its tag (2 bytes).
    public static let receiverBytes = 6

    public var op: Op
    public var flags: Flags
    /// The lower half of the number by which the worker counts its receivers. With `slot` it tells a receiver from the
    /// client's earlier ones: an answer that crosses with the end of its receiver is never taken for an answer to the
    /// next one.
    public var tag: UInt16
    /// The worker's slot for the receiver's connection. Each frame for the receiver has it.
    public var slot: UInt32
    public var number: UInt64
    /// The client id, decoded: 0 to `Limits.clientIdBytes` bytes of UTF-8. It points into the parsed bytes.
    public var client: UnsafeRawBufferPointer
    public var body: UnsafeRawBufferPointer

    public enum Parsed {
        case incomplete
        case frame(Frame, bytes: Int)
        /// The link can't be trusted any more. Close it.
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
        let flags = Flags(rawValue: UInt16(truncatingIfNeeded: first >> 32))
        if flags.contains(.members), !hasMembers(UnsafeRawBufferPointer(start: base + bodyAt, count: bodyBytes)) {
            return .malformed("a body without the members that it announces")
        }
        return .frame(
            Frame(
                op: op, flags: flags,
                tag: UInt16(truncatingIfNeeded: first >> 16), slot: UInt32(truncatingIfNeeded: second >> 32),
                number: UInt64(bigEndian: base.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
                client: UnsafeRawBufferPointer(start: base + headerBytes, count: idBytes),
                body: UnsafeRawBufferPointer(start: base + bodyAt, count: bodyBytes)),
            bytes: bodyAt &+ bodyBytes)
    }

    /// The place of the flag `more` in a frame of a message, and its bit there.
    package static func moreByte(_ version: LinkVersion) -> (at: Int, bit: UInt8) {
        version == .two ? (3, UInt8(Flags.more.rawValue)) : (1, 1)
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
