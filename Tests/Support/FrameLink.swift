/// Frames of the manager's link on TCP 9000. They are written and read by hand from their description, apart from the
/// programs' own code.
public struct WireFrame: Equatable, Sendable, CustomStringConvertible {
    public var op: UInt8
    public var flags: UInt16 = 0
    public var tag: UInt16 = 0
    public var slot: UInt32 = 0
    public var number: UInt64 = 0
    public var client = ""
    public var body = ""
    /// The receivers of a body that is for many, as slots and tags. They are not read, since no worker sends any.
    public var receivers: [(slot: UInt32, tag: UInt16)] = []

    public static func == (one: WireFrame, other: WireFrame) -> Bool { one.bytes == other.bytes }
    public static let hello: UInt8 = 16, connected: UInt8 = 17, gone: UInt8 = 18, message: UInt8 = 19,
        undelivered: UInt8 = 20, welcome: UInt8 = 21
    public static let replaced: UInt8 = 22, turn: UInt8 = 23, credit: UInt8 = 24, settled: UInt8 = 25
    public static let acknowledges: UInt16 = 1, single: UInt16 = 2, atOnce: UInt16 = 4, stays: UInt16 = 8
    public static let timedOut: UInt16 = 16, more: UInt16 = 32, gap: UInt16 = 64, members: UInt16 = 128

    public init(
        _ op: UInt8, flags: UInt16 = 0, tag: UInt16 = 0, slot: UInt32 = 0, number: UInt64 = 0, client: String = "",
        body: String = ""
    ) {
        (self.op, self.flags, self.tag, self.slot) = (op, flags, tag, slot)
        (self.number, self.client, self.body) = (number, client, body)
    }
    /// A frame for the receiver that `told` announced.
    public init(
        _ op: UInt8, flags: UInt16 = 0, for told: WireFrame, number: UInt64 = 0, body: String = ""
    ) {
        self.init(
            op, flags: flags, tag: told.tag, slot: told.slot, number: number, client: told.client, body: body)
    }
    public var description: String {
        "op \(op) flags \(flags) tag \(tag) slot \(slot) number \(number) client \(client) body \(body.prefix(80))"
    }

    private static func big(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
    }
    /// The bytes of version 2. A hello has the same bytes in every version.
    public var bytes: [UInt8] {
        guard op != WireFrame.hello else { return version1Bytes }
        let (id, body) = (Array(client.utf8), Array(body.utf8))
        return [op, UInt8(id.count)] + WireFrame.big(UInt64(flags), 2) + WireFrame.big(UInt64(tag), 2)
            + WireFrame.big(UInt64(receivers.count), 2) + WireFrame.big(UInt64(slot), 4)
            + WireFrame.big(UInt64(body.count), 4) + WireFrame.big(number, 8) + id
            + receivers.flatMap { WireFrame.big(UInt64($0.slot), 4) + WireFrame.big(UInt64($0.tag), 2) } + body
    }
    /// The bytes of version 1. `flags` has its two bits.
    public var version1Bytes: [UInt8] {
        let (id, body) = (Array(client.utf8), Array(body.utf8))
        return [op, UInt8(flags) | UInt8(tag) << 2] + WireFrame.big(UInt64(id.count), 2)
            + WireFrame.big(UInt64(body.count), 4) + WireFrame.big(number, 8) + id + body
    }
    /// A version of the link, a pid, and a token (of bytes under 128), zeros by default.
    public static func hello(worker: UInt64, version: UInt8 = 2, token: [UInt8] = [UInt8](repeating: 0, count: 16))
        -> WireFrame
    {
        var frame = WireFrame(hello, number: worker)
        frame.body = String(decoding: [version, 0, 0, 0, 77] + token, as: UTF8.self)
        return frame
    }
}

extension Socket {
    public func send(_ frames: WireFrame...) throws { try send(frames.flatMap(\.bytes)) }

    public func readFrame(version: Int = 2, seconds: Double = 25) throws -> WireFrame {
        let head = try read(version == 1 ? 16 : 24, seconds: seconds)
        func number(_ range: Range<Int>) -> UInt64 { head[range].reduce(0) { $0 << 8 | UInt64($1) } }
        guard (16...25).contains(head[0]) else { throw Failure("no frame: \(head)") }
        var frame = WireFrame(head[0])
        let (clientBytes, bodyBytes): (UInt64, UInt64)
        if version == 1 {
            (frame.flags, frame.tag, frame.number) = (UInt16(head[1] & 3), UInt16(head[1] >> 2), number(8..<16))
            (clientBytes, bodyBytes) = (number(2..<4), number(4..<8))
        } else {
            (frame.flags, frame.tag) = (UInt16(number(2..<4)), UInt16(number(4..<6)))
            (frame.slot, frame.number) = (UInt32(number(8..<12)), number(16..<24))
            (clientBytes, bodyBytes) = (number(1..<2), number(12..<16))
        }
        frame.client = String(decoding: try read(Int(clientBytes), seconds: seconds), as: UTF8.self)
        frame.body = String(decoding: try read(Int(bodyBytes), seconds: seconds), as: UTF8.self)
        return frame
    }
    /// A worker's hello, which has the layout of version 1.
    public func readHello(seconds: Double = 25) throws -> WireFrame { try readFrame(version: 1, seconds: seconds) }
    /// The next frame. Frames that only tell the time, or ask about it, are skipped.
    public func readFrameButTurn(version: Int = 2, seconds: Double = 25) throws -> WireFrame {
        while true {
            let frame = try readFrame(version: version, seconds: seconds)
            if frame.op != WireFrame.turn, frame.op != WireFrame.settled { return frame }
        }
    }
}
