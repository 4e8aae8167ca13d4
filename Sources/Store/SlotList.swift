/// The records before and after a record in a list.
public struct Neighbours<Record>: BitwiseCopyable {
    @usableFromInline var previous = Slot<Record>.none
    @usableFromInline var next = Slot<Record>.none

    @inlinable public init() {}
}

/// The field of a record that holds its neighbours. A record may be in several lists, by a field for each.
public protocol ListField {
    associatedtype Record
    static func neighbours(_ record: UnsafeMutablePointer<Record>) -> UnsafeMutablePointer<Neighbours<Record>>
}

/// A list through the records of a slab, which hold their neighbours themselves. Inserting and removing are O(1), and
/// the list itself needs 8 bytes.
public struct SlotList<Field: ListField> {
    public typealias Record = Field.Record
    @usableFromInline var head = Slot<Record>.none
    @usableFromInline var tail = Slot<Record>.none

    @inlinable public init() {}
    /// A list whose owner keeps only its first record. Such a list can't be appended to.
    @inlinable public init(startingAt first: Slot<Record>) { head = first }

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

    /// Puts a record at the end. The record must not be in a list by this field yet.
    @inlinable @inline(__always)
    public mutating func append(_ slot: Slot<Record>, in slab: borrowing Slab<Record>) {
        let own = Field.neighbours(slab.pointer(slot))
        own.pointee.previous = tail
        own.pointee.next = .none
        if let last = tail.known { Field.neighbours(slab.pointer(last)).pointee.next = slot } else { head = slot }
        tail = slot
    }
    /// Puts a record at the front. The record must not be in a list by this field yet.
    @inlinable @inline(__always)
    public mutating func prepend(_ slot: Slot<Record>, in slab: borrowing Slab<Record>) {
        let own = Field.neighbours(slab.pointer(slot))
        own.pointee.previous = .none
        own.pointee.next = head
        if let first = head.known { Field.neighbours(slab.pointer(first)).pointee.previous = slot } else { tail = slot }
        head = slot
    }
    /// Puts a record behind another one, or at the front if there is no other. It must not be in a list by this field
    /// yet.
    @inlinable
    public mutating func insert(_ slot: Slot<Record>, after other: Slot<Record>?, in slab: borrowing Slab<Record>) {
        guard let other else { return prepend(slot, in: slab) }
        let own = Field.neighbours(slab.pointer(slot))
        let before = Field.neighbours(slab.pointer(other))
        own.pointee.previous = other
        own.pointee.next = before.pointee.next
        if let next = before.pointee.next.known {
            Field.neighbours(slab.pointer(next)).pointee.previous = slot
        } else {
            tail = slot
        }
        before.pointee.next = slot
    }
    /// Takes a record out of this list. The record must be in it.
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
