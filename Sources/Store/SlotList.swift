/// Where a record stands in a list: between these two.
public struct Neighbours<Record> {
    @usableFromInline var previous = Slot<Record>.none
    @usableFromInline var next = Slot<Record>.none

    @inlinable public init() {}
}

/// The field of a record that holds its neighbours. A record may be in several lists, by a field for each.
public protocol ListField {
    associatedtype Record
    static func neighbours(_ record: UnsafeMutablePointer<Record>) -> UnsafeMutablePointer<Neighbours<Record>>
}

/// A list through the records of a slab, which hold their neighbours themselves. Putting in and taking out are O(1),
/// and the list itself is 8 bytes.
public struct SlotList<Field: ListField> {
    public typealias Record = Field.Record
    @usableFromInline var head = Slot<Record>.none
    @usableFromInline var tail = Slot<Record>.none

    @inlinable public init() {}

    @inlinable @inline(__always) public var isEmpty: Bool { head == .none }
    @inlinable @inline(__always) public var first: Slot<Record>? { head.known }
    @inlinable @inline(__always) public var last: Slot<Record>? { tail.known }

    @inlinable @inline(__always)
    public static func next(_ slot: Slot<Record>, in slab: borrowing Slab<Record>) -> Slot<Record>? {
        Field.neighbours(slab.pointer(slot)).pointee.next.known
    }
    @inlinable @inline(__always)
    public static func previous(_ slot: Slot<Record>, in slab: borrowing Slab<Record>) -> Slot<Record>? {
        Field.neighbours(slab.pointer(slot)).pointee.previous.known
    }

    /// Puts a record at the end. It is in no list by this field.
    @inlinable @inline(__always)
    public mutating func append(_ slot: Slot<Record>, in slab: borrowing Slab<Record>) {
        insert(slot, after: tail.known, in: slab)
    }
    /// Puts a record behind another, or at the front where there is none before it. It is in no list by this field.
    @inlinable @inline(__always)
    public mutating func insert(_ slot: Slot<Record>, after other: Slot<Record>?, in slab: borrowing Slab<Record>) {
        let own = Field.neighbours(slab.pointer(slot))
        own.pointee.previous = other ?? .none
        if let other {
            let before = Field.neighbours(slab.pointer(other))
            own.pointee.next = before.pointee.next
            before.pointee.next = slot
        } else {
            own.pointee.next = head
            head = slot
        }
        if let next = own.pointee.next.known {
            Field.neighbours(slab.pointer(next)).pointee.previous = slot
        } else {
            tail = slot
        }
    }
    /// Takes a record out, which is in this list.
    @inlinable @inline(__always)
    public mutating func remove(_ slot: Slot<Record>, in slab: borrowing Slab<Record>) {
        let own = Field.neighbours(slab.pointer(slot)).pointee
        if let previous = own.previous.known {
            Field.neighbours(slab.pointer(previous)).pointee.next = own.next
        } else {
            head = own.next
        }
        if let next = own.next.known {
            Field.neighbours(slab.pointer(next)).pointee.previous = own.previous
        } else {
            tail = own.previous
        }
    }
}
