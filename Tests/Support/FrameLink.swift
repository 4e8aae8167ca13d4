/// Our frames on TCP 9000, written and read by hand from their description, apart from the programs' own code.
public struct WireFrame: Equatable, Sendable, CustomStringConvertible {
    public var op: UInt8
    public var flags: UInt8 = 0
    public var number: UInt64 = 0
    public var client = ""
    public var body = ""

    public static let hello: UInt8 = 16, connected: UInt8 = 17, gone: UInt8 = 18, message: UInt8 = 19,
        undelivered: UInt8 = 20, welcome: UInt8 = 21
    public static let replaced: UInt8 = 22, turn: UInt8 = 23
    /// Bit 0 of connected: it acknowledges; of message: another frame of this answer follows.
    public static let acknowledges: UInt8 = 1, single: UInt8 = 2, more: UInt8 = 1, gap: UInt8 = 2

    public init(
        _ op: UInt8, flags: UInt8 = 0, tag: UInt8 = 0, number: UInt64 = 0, client: String = "", body: String = ""
    ) {
        (self.op, self.flags, self.number, self.client, self.body) = (op, flags | tag << 2, number, client, body)
    }
    public var tag: UInt8 { flags >> 2 }
    public var description: String {
        "op \(op) flags \(flags & 3) tag \(tag) number \(number) client \(client) body \(body.prefix(80))"
    }

    public var bytes: [UInt8] {
        func big(_ value: UInt64, _ count: Int) -> [UInt8] {
            (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
        }
        let (id, body) = (Array(client.utf8), Array(body.utf8))
        return [op, flags] + big(UInt64(id.count), 2) + big(UInt64(body.count), 4) + big(number, 8) + id + body
    }
    /// Protocol version 1, a pid, and a token (of bytes under 128), zeros by default.
    public static func hello(worker: UInt64, version: UInt8 = 1, token: [UInt8] = [UInt8](repeating: 0, count: 16))
        -> WireFrame
    {
        var frame = WireFrame(hello, number: worker)
        frame.body = String(decoding: [version, 0, 0, 0, 77] + token, as: UTF8.self)
        return frame
    }
}

extension Socket {
    public func send(_ frames: WireFrame...) throws { try send(frames.flatMap(\.bytes)) }

    public func readFrame(seconds: Double = 15) throws -> WireFrame {
        let head = try read(16, seconds: seconds)
        func number(_ range: Range<Int>) -> UInt64 { head[range].reduce(0) { $0 << 8 | UInt64($1) } }
        var frame = WireFrame(head[0], flags: head[1], number: number(8..<16))
        guard (16...23).contains(frame.op) else { throw Failure("no frame: \(head)") }
        frame.client = String(decoding: try read(Int(number(2..<4)), seconds: seconds), as: UTF8.self)
        frame.body = String(decoding: try read(Int(number(4..<8)), seconds: seconds), as: UTF8.self)
        return frame
    }
    /// The next frame but for those that only tell the time.
    public func readFrameButTurn(seconds: Double = 15) throws -> WireFrame {
        while true {
            let frame = try readFrame(seconds: seconds)
            if frame.op != WireFrame.turn { return frame }
        }
    }
}
