/// Values in the order in which they came. Taking one moves no others.
public struct Fifo<Value> {
    @usableFromInline var values: ContiguousArray<Value> = []
    @usableFromInline var head = 0

    @inlinable public init() {}

    @inlinable public var isEmpty: Bool { head == values.count }
    @inlinable public var count: Int { values.count - head }
    @inlinable public var first: Value? { isEmpty ? nil : values[head] }

    /// The value at a place, counted from the first one.
    @inlinable public subscript(_ place: Int) -> Value {
        get { values[head + place] }
        set { values[head + place] = newValue }
    }
    /// The place of the first value that is over a bound. The values are in that order.
    public func firstPlace(where isOver: (Value) -> Bool) -> Int { values[head...].firstPlace(where: isOver) - head }
    @inlinable public mutating func append(_ value: Value) { values.append(value) }
    @inlinable public mutating func take() -> Value? {
        guard head < values.count else { return nil }
        defer {
            head += 1
            if head == values.count {
                values.removeAll(keepingCapacity: head <= 1024)
                head = 0
            } else if head > 1024, head > values.count / 2 {
                values.removeFirst(head)
                head = 0
            }
        }
        return values[head]
    }
}
