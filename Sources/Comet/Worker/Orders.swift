import Store

/// What a worker wants done with its connections' sockets, by slot.
package enum Order {
    /// Write as much of these bytes as the socket takes at once, and report `wrote`. Where the connection is dead,
    /// report `failed`. The bytes are valid until that report.
    case send(ConnectionSlot, UnsafeRawBufferPointer)
    /// From now on watch the connection for bytes that come, and for room in its socket.
    case watch(ConnectionSlot, input: Bool, output: Bool)
    /// Nothing more will be written: tell the client (shutdown), and go on reading.
    case endOutput(ConnectionSlot)
    /// Close the descriptor, and report `closed`. It is the last order for this connection.
    case close(ConnectionSlot)
    /// As `close`; but first ask the socket whether the client has taken all that was sent, and report that too.
    case askAndClose(ConnectionSlot)
}

/// The orders that one input led to, first in, first out. They are carried out before the next input, so they are few:
/// an answer, what its connection is watched for then, and its end.
struct Orders {
    private var orders = InlineArray<4, Order>(repeating: .close(.none))
    private var first = 0
    private var end = 0

    mutating func add(_ order: Order) {
        orders[end] = order
        end += 1
    }
    mutating func next() -> Order? {
        guard first < end else { return nil }
        defer {
            first += 1
            if first == end { (first, end) = (0, 0) }
        }
        return orders[first]
    }
}
