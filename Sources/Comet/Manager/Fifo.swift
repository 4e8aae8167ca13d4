/// Values in the order in which they came. Taking one moves no others.
struct Fifo<Value> {
    private var values: ContiguousArray<Value> = []
    private var head = 0

    var isEmpty: Bool { head == values.count }
    var count: Int { values.count - head }
    var first: Value? { isEmpty ? nil : values[head] }

    mutating func append(_ value: Value) { values.append(value) }
    mutating func take() -> Value? {
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
