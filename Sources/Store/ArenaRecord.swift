import CStore

// A record of the arena. All numbers are in the byte order of the machine, and a record begins at a multiple of 8:
//
//     offset  0       4     8     9           10           11     12            16   24     32     36     40..
//             length  crc   kind  name bytes  extra bytes  flags  time to live  id   value  state  owner  name, extra,
// body
//
// The checksum is of the length, of all from the kind to the id, and of what follows the head. Value, state and owner
// change in place.
extension Arena {
    /// What a record is.
    public enum Kind: UInt8, CaseIterable, Sendable {
        /// A message in a log.
        case message = 1
        /// A body that several references share.
        case body = 2
        /// A message in a log whose body is a `body` with the same id.
        case reference = 3
        /// An entry that stands for older messages of a channel.
        case history = 4
        /// That a client reads a channel. The value is the client's position.
        case subscription = 5
        /// A user. The value is the user's position.
        case user = 7
        /// The mark of a loss in a log. The value is the id.
        case loss = 8
        /// The outcome of a publish that has a name.
        case once = 9
        /// That the tokens of a client or user that were made up to a second, the id, count no more.
        case revocation = 10
        /// An event of a message or a client. It is kept for apps that ask for events.
        case event = 11
        /// An app waits for the end of a message whose end no single log knows. The value counts its readers.
        case receipt = 12
        /// How far a reader of events has come, by its name. The value is the id of the last event that it has.
        case reader = 13

        /// It stands until it is ended, and its value changes in place.
        var isState: Bool {
            switch self {
            case .subscription, .user, .loss, .receipt, .reader: true
            case .message, .body, .reference, .history, .once, .revocation, .event: false
            }
        }
        /// Its value is the time when its life ends, in milliseconds of the machine's clock.
        public var hasDeadline: Bool { !isState && self != .event }
        /// The first version of the arena that has such records.
        var version: UInt64 {
            switch self {
            case .message, .body, .reference, .history, .subscription, .user, .loss, .once: 1
            case .revocation: 2
            case .event, .receipt, .reader: 3
            }
        }
    }
    /// Whether a record still counts, and what ended it.
    public enum State: UInt8, Sendable {
        case live = 1
        case acknowledged, handed, expired, dropped, replaced, ended
    }
    /// The place of a record, in 4 bytes.
    public struct Ref: BitwiseCopyable, Equatable, Sendable {
        /// The offset in the arena, in units of 8 bytes.
        @usableFromInline let number: UInt32
        @inlinable init(offset: Int) { number = UInt32(truncatingIfNeeded: offset >> 3) }
        @inlinable init(number: UInt32) { self.number = number }
        @inlinable public static var none: Ref { Ref(number: .max) }
        @inlinable var offset: Int { Int(number) << 3 }
    }

    /// A look at a record. It is valid until the record is ended.
    public struct Record {
        let base: UnsafeRawPointer

        init(_ base: UnsafeRawPointer) { self.base = base }

        /// Bytes of the record, and of the memory that it takes.
        var length: Int { Int(base.load(as: UInt32.self)) }
        var room: Int { (length + 7) & ~7 }
        public var kind: Kind { Kind(rawValue: base.load(fromByteOffset: 8, as: UInt8.self)).unsafelyUnwrapped }
        public var state: State { State(rawValue: base.load(fromByteOffset: 32, as: UInt8.self)).unsafelyUnwrapped }
        public var flags: UInt8 { base.load(fromByteOffset: 11, as: UInt8.self) }
        /// Milliseconds.
        public var timeToLive: UInt32 { base.load(fromByteOffset: 12, as: UInt32.self) }
        public var id: UInt64 { base.load(fromByteOffset: 16, as: UInt64.self) }
        public var value: UInt64 { base.load(fromByteOffset: 24, as: UInt64.self) }
        /// The slot of its owner in the manager's memory. It means nothing to another manager.
        public var owner: UInt32 { base.load(fromByteOffset: 36, as: UInt32.self) }
        public var name: UnsafeRawBufferPointer { part(0, nameBytes) }
        public var extra: UnsafeRawBufferPointer { part(nameBytes, extraBytes) }
        public var body: UnsafeRawBufferPointer {
            part(nameBytes + extraBytes, length - Arena.headBytes - nameBytes - extraBytes)
        }
        private var nameBytes: Int { Int(base.load(fromByteOffset: 9, as: UInt8.self)) }
        private var extraBytes: Int { Int(base.load(fromByteOffset: 10, as: UInt8.self)) }
        private func part(_ at: Int, _ count: Int) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(start: base + Arena.headBytes + at, count: count)
        }

        var checksum: UInt32 { base.load(fromByteOffset: 4, as: UInt32.self) }
        func computedChecksum(_ salt: UInt32) -> UInt32 {
            var crc = mc_crc32c(salt, base, 4)
            crc = mc_crc32c(crc, base + 8, 16)
            return mc_crc32c(crc, base + Arena.headBytes, length - Arena.headBytes)
        }
        /// The record that begins here, in a segment that has `room` bytes from here on. `nil` if it is none.
        static func check(_ base: UnsafeRawPointer, room: Int, salt: UInt32) -> Record? {
            guard room >= Arena.headBytes else { return nil }
            let record = Record(base)
            guard record.length >= Arena.headBytes, record.room <= room,
                Kind(rawValue: base.load(fromByteOffset: 8, as: UInt8.self)) != nil,
                State(rawValue: base.load(fromByteOffset: 32, as: UInt8.self)) != nil,
                record.nameBytes + record.extraBytes <= record.length - Arena.headBytes,
                record.checksum == record.computedChecksum(salt)
            else { return nil }
            return record
        }
    }
    @usableFromInline static var headBytes: Int { 40 }

    @inlinable @inline(__always) func address(_ ref: Ref) -> UnsafeMutableRawPointer { base + ref.offset }
    public func record(_ ref: Ref) -> Record { Record(UnsafeRawPointer(base + ref.offset)) }
    /// The body of a record.
    @inlinable @inline(__always) public func body(_ ref: Ref) -> UnsafeRawBufferPointer {
        let record = address(ref)
        let before =
            Arena.headBytes + Int(record.load(fromByteOffset: 9, as: UInt8.self))
            + Int(record.load(fromByteOffset: 10, as: UInt8.self))
        return UnsafeRawBufferPointer(start: record + before, count: Int(record.load(as: UInt32.self)) - before)
    }
    /// Changes the value of a record in place.
    @inline(__always) public mutating func set(_ ref: Ref, value: UInt64) {
        address(ref).storeBytes(of: value, toByteOffset: 24, as: UInt64.self)
    }
    public mutating func setOwner(_ ref: Ref, _ owner: UInt32) {
        address(ref).storeBytes(of: owner, toByteOffset: 36, as: UInt32.self)
    }
}
