package import Base

/// Writes the server's frames (RFC 6455, 5.2). They are never masked and never fragmented.
package enum WebSocketFrames {
    /// Bytes of the header with a length of 16 bits, which most messages need. Those with another length move.
    private static let opened = 4

    /// Begins a text frame. Its payload is appended next, then `finish` is called. The result is the place of the
    /// frame, which stays right as long as nothing is consumed from the buffer.
    package static func open(to out: inout Buffer) -> Int {
        let mark = out.count
        out.append(bigEndian: UInt32(0))
        return mark
    }

    /// Writes the header of the frame that was opened at this mark, with the shortest form of its length.
    package static func finish(_ mark: Int, in out: inout Buffer) {
        let count = out.count - mark - opened
        precondition(count >= 0, "finished a frame that was not opened")
        let header = count < 126 ? 2 : count < 1 << 16 ? 4 : 10
        out.resizeGap(at: mark, from: opened, to: header)
        out.overwrite(0x81, at: mark)
        switch header {
        case 2: out.overwrite(UInt8(count), at: mark + 1)
        case 4:
            out.overwrite(126, at: mark + 1)
            out.overwrite(bigEndian: UInt16(count), at: mark + 2)
        default:
            out.overwrite(127, at: mark + 1)
            out.overwrite(bigEndian: UInt64(count), at: mark + 2)
        }
    }

    package static func ping(to out: inout Buffer) { control(0x89, 0, to: &out) }

    /// The answer to a ping, with the ping's payload.
    package static func pong(_ payload: UnsafeRawBufferPointer, to out: inout Buffer) {
        control(0x8A, payload.count, to: &out)
        out.append(payload)
    }

    /// `nil` answers a close frame that had no code.
    package static func close(_ code: UInt16?, to out: inout Buffer) {
        control(0x88, code == nil ? 0 : 2, to: &out)
        if let code { out.append(bigEndian: code) }
    }

    private static func control(_ first: UInt8, _ count: Int, to out: inout Buffer) {
        precondition(count <= 125, "a control frame with more than 125 bytes")
        out.append(first)
        out.append(UInt8(count))
    }
}
