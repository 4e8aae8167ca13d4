import Base

/// Reads the frames of one WebSocket client (RFC 6455, 5.2) and puts its messages together, as the bytes come:
///
///     header --its last byte--> payload --its last byte--> header, and so on
///     any --a wrong byte, or a close frame--> ended
///
/// Each byte is looked at once, and each decision falls at the first byte that allows it. So the events do not depend
/// on how the bytes are cut.
///
/// A message has at most `Limits.webSocketBytes`, whatever the number of its fragments. Memory grows only with the
/// bytes of payload that came, so the fragments need no bound of their own: an empty fragment costs its sender six
/// bytes and the server none.
package struct WebSocketReader: ~Copyable {
    private enum Part { case header, payload, ended }
    private enum Opcode: UInt8 { case continuation, text, binary, close = 8, ping, pong }

    private var part = Part.header
    /// Bytes of the header that came, and what they said.
    private var headerBytes = 0
    private var isLast = false
    private var opcode = Opcode.text
    /// Bytes of the length behind the second byte: 0, 2 or 8.
    private var lengthBytes = 0
    /// The payload's length. While the payload comes: how much of it is still to come.
    private var length: UInt64 = 0
    /// The four bytes of the key, in the order in which they meet the payload. The first is the lowest.
    private var mask: UInt32 = 0
    /// A first fragment came, and not yet the last.
    private var isFragmented = false
    /// The message so far. After its event it stays until the next call.
    private var message = Buffer()
    private var isTold = false
    private var text = UTF8Check()
    /// The payload of a ping or close. It is apart, since control frames may come between fragments.
    private var control = Buffer()

    package init() {}

    package enum Event {
        /// A whole message of UTF-8. The bytes are valid until the next call.
        case text(UnsafeRawBufferPointer)
        /// At most 125 bytes, valid until the next call.
        case ping(UnsafeRawBufferPointer)
        case pong
        /// The client closes, with a code that it may send, or without one. All bytes behind it are dropped.
        case close(UInt16?)
        /// The client made a mistake. Close with this code; all bytes that follow are dropped.
        case failed(WebSocketClose)
    }

    /// Nothing is kept from what came: the next byte begins a message. The reader may be thrown away, or used for
    /// another connection. It is false after `close` and `failed`, until `reset`.
    package var isIdle: Bool { part == .header && headerBytes == 0 && !isFragmented }
    package var memoryBytes: Int { message.memoryBytes + control.memoryBytes }

    /// Begins anew, for another connection. The memory stays.
    package mutating func reset() {
        part = .header
        isFragmented = false
        isTold = false
        message.clear()
        beginHeader()
    }

    /// Takes bytes from the front of `input`, which becomes the rest, until there is an event. `nil` means that all
    /// bytes were taken and more must come.
    package mutating func next(_ input: inout UnsafeRawBufferPointer) -> Event? {
        if isTold {
            message.clear()
            isTold = false
        }
        while true {
            switch part {
            case .ended:
                input = input.part(input.count, 0)
                return nil
            case .header:
                guard let byte = input.first else { return nil }
                input = input.part(1, input.count - 1)
                if let mistake = takeHeader(byte) { return fail(mistake) }
            case .payload:
                let count = Int(min(length, UInt64(input.count)))
                let isRight = takePayload(input.part(0, count))
                input = input.part(count, input.count - count)
                guard isRight else { return fail(.notUTF8) }
                guard length == 0 else { return nil }
                beginHeader()
                part = .header
                if let event = endFrame() { return event }
            }
        }
    }

    private mutating func fail(_ code: WebSocketClose) -> Event {
        part = .ended
        return .failed(code)
    }

    private mutating func beginHeader() {
        headerBytes = 0
        length = 0
        mask = 0
    }

    /// Takes the next byte of the header. The result is what is wrong with it.
    private mutating func takeHeader(_ byte: UInt8) -> WebSocketClose? {
        let at = headerBytes
        headerBytes += 1
        switch at {
        case 0: return takeFirst(byte)
        case 1: return takeSecond(byte)
        case 2 where lengthBytes == 8 && byte & 0x80 != 0: return .protocolError
        case 2..<2 + lengthBytes:
            length = length << 8 | UInt64(byte)
            return at == 1 + lengthBytes ? checkLength() : nil
        default:
            let keyByte = at - 2 - lengthBytes
            mask |= UInt32(byte) << UInt32(keyByte * 8)
            if keyByte == 3 { part = .payload }
            return nil
        }
    }

    /// FIN, the reserved bits (no extension was agreed on, so they are 0), and the opcode.
    private mutating func takeFirst(_ byte: UInt8) -> WebSocketClose? {
        guard byte & 0x70 == 0, let opcode = Opcode(rawValue: byte & 0x0F) else { return .protocolError }
        self.opcode = opcode
        isLast = byte & 0x80 != 0
        switch opcode {
        case .continuation: return isFragmented ? nil : .protocolError
        case .binary where !isFragmented: return .unsupported
        case .text, .binary:
            text = UTF8Check()
            return isFragmented ? .protocolError : nil
        case .close, .ping, .pong:
            control.clear()
            return isLast ? nil : .protocolError
        }
    }

    /// The mask bit, which each frame of a client has, and the length.
    private mutating func takeSecond(_ byte: UInt8) -> WebSocketClose? {
        guard byte & 0x80 != 0 else { return .protocolError }
        length = UInt64(byte & 0x7F)
        lengthBytes = length == 126 ? 2 : length == 127 ? 8 : 0
        guard lengthBytes > 0 else { return checkLength() }
        length = 0
        return isControl ? .protocolError : nil
    }

    private var isControl: Bool { opcode.rawValue >= Opcode.close.rawValue }

    /// The length is known: it has the shortest form, and the message is not too long.
    private func checkLength() -> WebSocketClose? {
        if lengthBytes == 2 && length < 126 || lengthBytes == 8 && length < 1 << 16 { return .protocolError }
        if isControl { return opcode == .close && length == 1 ? .protocolError : nil }
        return length > UInt64(Limits.webSocketBytes - message.count) ? .tooBig : nil
    }

    /// Takes payload, and turns the key so that its first byte meets the next byte. False if a message is no UTF-8.
    private mutating func takePayload(_ bytes: UnsafeRawBufferPointer) -> Bool {
        length -= UInt64(bytes.count)
        let key = mask
        let turned = UInt32(bytes.count & 3) * 8
        mask = key >> turned | key << (32 - turned)
        switch opcode {
        case .pong: return true
        case .ping, .close:
            control.append(bytes, key: key)
            return true
        case .continuation, .text, .binary:
            let before = message.count
            message.append(bytes, key: key)
            return text.take(message.bytes.part(before, bytes.count))
        }
    }

    /// The frame is whole. `nil` if the message goes on in other frames.
    private mutating func endFrame() -> Event? {
        switch opcode {
        case .ping: return .ping(control.bytes)
        case .pong: return .pong
        case .close: return endClose()
        case .continuation, .text, .binary:
            isFragmented = !isLast
            guard isLast else { return nil }
            guard text.isWhole else { return fail(.notUTF8) }
            isTold = true
            return .text(message.bytes)
        }
    }

    /// A close frame is empty, or has a code and a reason (RFC 6455, 5.5.1 and 7.4).
    private mutating func endClose() -> Event {
        part = .ended
        guard control.count >= 2 else { return .close(nil) }
        let code: UInt16 = control.bytes.bigEndian(at: 0)
        guard WebSocketClose.maySend(code) else { return .failed(.protocolError) }
        guard isUTF8(control.bytes.part(2, control.count - 2)) else { return .failed(.notUTF8) }
        return .close(code)
    }
}
