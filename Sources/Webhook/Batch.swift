/// The body of a request: some events, as the manager told them, and the cursor behind the last one.
package struct Batch: Equatable {
    package let body: [UInt8]
    package let cursor: UInt64
    package let count: Int
}

/// Events that were read and are in no batch yet. Reading stops while a batch is under way, so these are what one turn
/// of reading brought.
struct EventQueue {
    /// The most events, and bytes of events, in one request.
    static let mostEvents = 500, mostBytes = 262_144

    private enum Item {
        case event(id: UInt64, line: [UInt8])
        case gap(cursor: UInt64)
    }
    private var items: ArraySlice<Item> = []
    /// The name of this machine in its cluster, which each body has: the machines have ids of their own. Empty: this is
    /// one machine.
    private let node: String

    init(node: String) { self.node = node }

    var isEmpty: Bool { items.isEmpty }
    var eventCount: Int {
        items.count { if case .event = $0 { true } else { false } }
    }

    mutating func add(event line: UnsafeRawBufferPointer, id: UInt64) {
        items.append(.event(id: id, line: Array(line)))
    }
    mutating func add(gapBefore cursor: UInt64) { items.append(.gap(cursor: cursor)) }
    mutating func clear() { items = [] }

    /// Takes the next batch. A gap lies before the events of a batch, never among them: one that comes behind events
    /// waits for the next batch. A gap without an event behind it is told as well. `nil` if there is nothing.
    mutating func takeBatch() -> Batch? {
        // A name is letters, digits, - and _.
        var body = Array("{\(node.isEmpty ? "" : "\"node\":\"\(node)\",")\"events\":[".utf8)
        var (count, cursor, hasGap) = (0, UInt64(0), false)
        taking: while let item = items.first {
            switch item {
            case .gap(let place):
                guard count == 0 else { break taking }
                (hasGap, cursor) = (true, place)
            case .event(let id, let line):
                guard count == 0 || count < EventQueue.mostEvents && body.count + line.count < EventQueue.mostBytes
                else { break taking }
                if count > 0 { body.append(UInt8(ascii: ",")) }
                body += line
                (count, cursor) = (count + 1, id)
            }
            items.removeFirst()
        }
        guard count > 0 || hasGap else { return nil }
        body += Array("],\"cursor\":\(cursor)\(hasGap ? ",\"gap\":true" : "")}".utf8)
        return Batch(body: body, cursor: cursor, count: count)
    }
}
