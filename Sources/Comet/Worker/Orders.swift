import Store

/// An order of a worker about the socket of a connection, by slot.
package enum Order {
    /// Write as much of these bytes as the socket takes at once, and report `wrote`. If the connection is dead, report
    /// `failed`. The bytes are valid until that report.
    case send(ConnectionSlot, UnsafeRawBufferPointer)
    /// A receiver stays on the connection: set the bounds of its socket (`Limits.unsentBytes`, `unheardMilliseconds`).
    case prepareStream(ConnectionSlot)
    /// From now on watch for bytes that come, or for room in the socket.
    case watch(ConnectionSlot, input: Bool, output: Bool)
    /// Nothing more will be written. Tell the client (shutdown), and go on reading.
    case endOutput(ConnectionSlot)
    /// Close the descriptor, and report `closed`. This is the last order for the connection.
    case close(ConnectionSlot)
    /// The same, but first ask the socket whether the client has taken all that was sent, and report that, too.
    case askAndClose(ConnectionSlot)
}

/// The orders that one input led to, first in, first out. They are carried out before the next input, so there are few:
/// the bounds of a socket, an answer, twice the events to watch for, and the end of a connection.
struct Orders {
    private var orders = InlineArray<6, Order>(repeating: .close(.none))
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
