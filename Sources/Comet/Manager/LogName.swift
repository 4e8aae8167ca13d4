import Base
import Store

/// The name of a log in the arena: what owns it, and the owner's name. The bytes belong to somebody else.
struct LogName {
    enum Kind: UInt8 {
        case client = 0
        case channel = 1
        case user = 2
        case everyone = 3
    }
    let kind: Kind
    let name: UnsafeRawBufferPointer

    init(_ kind: Kind, _ name: UnsafeRawBufferPointer) {
        self.kind = kind
        self.name = name
    }
    func isSame(as other: LogName) -> Bool { kind == other.kind && areEqual(name, other.name) }
    /// The user of a client: what stands before the first colon of its id, or all of it.
    static func user(of client: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        client.part(0, position(of: UInt8(ascii: ":"), in: client, from: 0))
    }
    /// The log that a record of the arena is about.
    init(_ record: Arena.Record) {
        kind = Kind(rawValue: record.flags >> LogName.shift).unsafelyUnwrapped
        name = record.name
    }
    /// The kind in the upper two bits of a record's flags. The lower ones are the message's marks.
    var flags: UInt8 { kind.rawValue << LogName.shift }
    private static let shift: UInt8 = 6
    /// The flags of a message's record in this log.
    func flags(_ marks: Message.Marks) -> UInt8 { flags | marks.rawValue & (1 << LogName.shift - 1) }
    /// The marks of a message, from its record.
    static func marks(_ record: Arena.Record) -> Message.Marks {
        // The bit of a receipt once said that it is history.
        guard record.kind != .history else { return .history }
        return Message.Marks(rawValue: record.flags & (1 << shift - 1))
    }
}

extension MessageFacts {
    /// Passes the texts as one, as the arena has them: each with a byte before it that tells its length. Empty if there
    /// are none.
    func withExtra<Result>(_ use: (UnsafeRawBufferPointer) -> Result) -> Result {
        guard !except.isEmpty || !latest.isEmpty else { return use(UnsafeRawBufferPointer(start: nil, count: 0)) }
        return withUnsafeTemporaryAllocation(byteCount: except.count + latest.count + 2, alignment: 1) { room in
            room[0] = UInt8(except.count)
            UnsafeMutableRawBufferPointer(rebasing: room[1...]).copyMemory(from: except)
            room[except.count + 1] = UInt8(latest.count)
            UnsafeMutableRawBufferPointer(rebasing: room[(except.count + 2)...]).copyMemory(from: latest)
            return use(UnsafeRawBufferPointer(room))
        }
    }
    static func except(in extra: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        extra.isEmpty ? extra : extra.part(1, Int(extra[0]))
    }
    static func latest(in extra: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard !extra.isEmpty else { return extra }
        let at = Int(extra[0]) + 1
        return extra.part(at + 1, Int(extra[at]))
    }
}

extension IdIndex {
    /// A client, a channel and a user may have one name.
    func hash(_ name: LogName) -> UInt64 { hash(name.name) ^ UInt64(name.kind.rawValue) << 32 }
}
