/// Where an arena's bytes lie.
public protocol ArenaMemory: AnyObject {
    var base: UnsafeMutableRawPointer { get }
    var capacity: Int { get }
    func allocate(offset: Int, count: Int) -> Bool
    func release(offset: Int, count: Int)
}

/// A stand-in on the heap, until the real one is merged.
public struct Arena: ~Copyable {
    public struct Ref: BitwiseCopyable, Equatable, Sendable {
        public let number: UInt32
        public init(_ number: UInt32) { self.number = number }
        public static var none: Ref { Ref(.max) }
    }
    public enum Kind: UInt8, Sendable {
        case message = 1, body, reference, history, subscription, client, user, loss, once
    }
    public enum State: UInt8, Sendable { case live = 1, acknowledged, handed, expired, dropped, replaced, ended }
    public struct Record {
        public var kind: Kind
        public var state: State
        public var flags: UInt8
        public var id: UInt64
        public var value: UInt64
        public var timeToLive: UInt32
        public var owner: UInt32
        public var name: UnsafeRawBufferPointer
        public var extra: UnsafeRawBufferPointer
        public var body: UnsafeRawBufferPointer
    }
    struct Box {
        var record: Record
    }
    var boxes: [Record] = []
    var free: [UInt32] = []
    public var idCeiling: UInt64 = 0
    public var firstId: UInt64 = 0
    public var horizon: UInt64 = 0

    public init() {}

    public mutating func append(
        _ kind: Kind, flags: UInt8 = 0, id: UInt64 = 0, value: UInt64 = 0, timeToLive: UInt32 = 0,
        owner: UInt32 = .max, name: UnsafeRawBufferPointer = .init(start: nil, count: 0),
        extra: UnsafeRawBufferPointer = .init(start: nil, count: 0),
        body: UnsafeRawBufferPointer = .init(start: nil, count: 0)
    ) -> Ref? {
        func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
            let new = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 8)
            new.copyMemory(from: bytes)
            return UnsafeRawBufferPointer(start: new.baseAddress, count: bytes.count)
        }
        let record = Record(
            kind: kind, state: .live, flags: flags, id: id, value: value, timeToLive: timeToLive, owner: owner,
            name: copy(name), extra: copy(extra), body: copy(body))
        if let slot = free.popLast() {
            boxes[Int(slot)] = record
            return Ref(slot)
        }
        boxes.append(record)
        return Ref(UInt32(boxes.count - 1))
    }
    public func forEachLive(_ body: (Ref, Record) -> Void) {
        for (index, record) in boxes.enumerated() where record.state == .live { body(Ref(UInt32(index)), record) }
    }
    public mutating func compact(
        most: Int, moved: (_ owner: UInt32, _ kind: Kind, _ from: Ref, _ to: Ref) -> Void
    ) -> Bool { false }
    public func record(_ ref: Ref) -> Record { boxes[Int(ref.number)] }
    public func body(_ ref: Ref) -> UnsafeRawBufferPointer { boxes[Int(ref.number)].body }
    public mutating func end(_ ref: Ref, _ state: State) {
        boxes[Int(ref.number)].state = state
        let r = boxes[Int(ref.number)]
        for part in [r.name, r.extra, r.body] { part.baseAddress?.deallocate() }
        free.append(ref.number)
    }
    public mutating func set(_ ref: Ref, value: UInt64) { boxes[Int(ref.number)].value = value }
    public mutating func setOwner(_ ref: Ref, _ owner: UInt32) { boxes[Int(ref.number)].owner = owner }
}
