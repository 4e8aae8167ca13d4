import Base
import Store
import Wire

// What the clients of WebSockets send: acknowledgements and control frames (RFC 6455, 5).
extension Worker {
    /// Bytes came over a WebSocket.
    mutating func receivedFrames(_ slot: ConnectionSlot, _ bytes: UnsafeRawBufferPointer) {
        let connection = slab.pointer(slot)
        connection.pointee.marks.insert(.heard)
        connection.pointee.marks.remove(.pinged)
        if connection.pointee.marks.contains(.hasPending), let held = pending[slot], let begun = held.reader.take() {
            reader = begun
        }
        var input = bytes
        var end: UInt16??
        while end == nil, let event = reader.next(&input) {
            switch event {
            case .text(let text):
                guard let cursor = PollRequest.acknowledgement(text) else {
                    end = WebSocketClose.violation.rawValue
                    continue
                }
                acknowledge(slot, cursor)
            case .ping(let payload):
                // Of several pings only the last needs an answer (RFC 6455, 5.5.3), and one who does not read gets
                // none.
                if !isBehind(slot) {
                    out.clear()
                    WebSocketFrames.pong(payload, to: &out)
                }
            case .pong: break
            case .close(let code): end = .some(code)
            case .failed(let code): end = code.rawValue
            }
        }
        if let end {
            reader.reset()
            // What it was sent and has not taken would be cut by the last frame.
            if isBehind(slot) { return close(slot, .client) }
            let style = partStyle(connection)
            endReceiver(slot, telling: true, timedOut: false)
            return sayFarewell(slot, style, end)
        }
        if !reader.isIdle {
            var other = WebSocketReader()
            swap(&reader, &other)
            pendingOf(slot).reader = consume other
        } else if connection.pointee.marks.contains(.hasPending), let held = pending[slot], held.backlog == nil,
            held.output.isEmpty, held.input.isEmpty
        {
            dropPending(slot)
        }
        if !out.isEmpty { sendOut(slot, isPong: true) }
    }

    /// The client has all messages up to this id. It can't have more than it was sent.
    private mutating func acknowledge(_ slot: ConnectionSlot, _ cursor: UInt64) {
        let receiver = slab.pointer(slot).pointee.receiver
        tellAcknowledged(
            receiver.client(in: strings), min(cursor, receiver.cursor), receiver.token(in: strings), tag: receiver.tag,
            slot: slot.number)
    }
    /// Tells the manager, if there is one. Without it the client's next acknowledgement says the same.
    mutating func tellAcknowledged(
        _ client: UnsafeRawBufferPointer, _ cursor: UInt64, _ token: TokenSlot, tag: UInt16 = 0, slot: UInt32 = 0
    ) {
        counters.acknowledgements += 1
        guard isLinked else { return }
        grant.clear()
        tokens.appendGrant(token, to: &grant)
        Frame(op: .acknowledged, tag: tag, slot: slot, number: cursor, client: client, body: grant.bytes)
            .write(to: &toManager)
        counters.managerFramesOut += 1
    }
}
