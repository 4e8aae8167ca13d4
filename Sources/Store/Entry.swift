/// A record in its slab. Its fields are read and changed in place. It is valid until the record is removed.
@dynamicMemberLookup
public struct Entry<Record> {
    @usableFromInline let pointer: UnsafeMutablePointer<Record>

    @inlinable @inline(__always) init(_ pointer: UnsafeMutablePointer<Record>) { self.pointer = pointer }

    @inlinable @inline(__always) public subscript<Value>(dynamicMember field: KeyPath<Record, Value>) -> Value {
        pointer.pointee[keyPath: field]
    }
    @inlinable @inline(__always) public subscript<Value>(dynamicMember field: WritableKeyPath<Record, Value>) -> Value {
        get { pointer.pointee[keyPath: field] }
        nonmutating set { pointer.pointee[keyPath: field] = newValue }
    }
}
extension Slab {
    @inlinable @inline(__always) public subscript(_ slot: Slot<Element>) -> Entry<Element> { Entry(pointer(slot)) }
}
