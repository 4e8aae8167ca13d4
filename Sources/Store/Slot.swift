/// The place of a record in its slab, in 4 bytes. Its type keeps a slot of one slab from being used for another.
public struct Slot<Record: ~Copyable> {
    public let number: UInt32

    @inlinable @inline(__always) public init(_ number: UInt32) { self.number = number }

    /// The slot of a record that refers to no other record.
    @inlinable @inline(__always) public static var none: Slot { Slot(.max) }
    /// `nil` if the slot is `none`.
    @inlinable @inline(__always) public var known: Slot? { number == .max ? nil : self }
}
extension Slot: Hashable, Sendable, BitwiseCopyable where Record: ~Copyable {
    @inlinable @inline(__always) public static func == (one: Slot, other: Slot) -> Bool { one.number == other.number }
    @inlinable public func hash(into hasher: inout Hasher) { hasher.combine(number) }
}
extension Slot: CustomStringConvertible where Record: ~Copyable {
    public var description: String { String(number) }
}
