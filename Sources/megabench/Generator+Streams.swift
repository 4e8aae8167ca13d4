import Base
import Glibc

// Clients whose connections stay: event streams and WebSockets, of MegaComet and of nchan.
extension Generator {
    /// Messages over a WebSocket after which a client acknowledges, and the milliseconds after which it acknowledges
    /// fewer.
    private static let messagesAcknowledged: UInt8 = 32
    private static let acknowledgeMilliseconds: UInt64 = 5_000

    /// Something came over a connection that stays.
    func readStream(_ index: Int) {
        guard let bytes = readMore(index) else { return }
        var offset = 0
        if clients[index].state == .opening {
            guard let end = StreamText.endOfHead(bytes) else { return keep(bytes, index) }
            let head = UnsafeRawBufferPointer(rebasing: bytes[..<end])
            guard StreamText.isOpen(head, plan.form) else { return broken(index) }
            offset = end
            clients[index].unacknowledged = 0
            isWaiting(index)
        }
        let now = monotonicNanoseconds()
        var isWell = true
        if plan.form == .ws {
            isWell = readFrames(bytes, &offset, index, now)
        } else {
            readLines(bytes, &offset, index, now)
        }
        guard isWell else { return broken(index) }
        if offset < bytes.count, clients[index].state == .waiting {
            keep(UnsafeRawBufferPointer(rebasing: bytes[offset...]), index)
        }
    }

    private func keep(_ bytes: UnsafeRawBufferPointer, _ index: Int) {
        if bytes.count < input.count { partial[index] = Array(bytes) } else { broken(index) }
    }

    /// The whole lines of an event stream. Lines with the length of a chunk are passed over: a server sends whole lines
    /// in a chunk.
    private func readLines(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int, _ index: Int, _ now: UInt64) {
        while let start = bytes.baseAddress, offset < bytes.count,
            let end = memchr(start + offset, 10, bytes.count - offset)
        {
            let line = UnsafeRawBufferPointer(start: start + offset, count: UnsafeRawPointer(end) - start - offset)
            offset += line.count + 1
            switch StreamText.field(line) {
            case .id(let id, let text):
                if plan.dialect == .comet {
                    clients[index].cursor = id
                } else {
                    clients.keepResume(index, date: line.part(text, line.count - text), etag: line.part(0, 0))
                }
            case .data(let mark):
                if let mark { came(mark, index, now) }
            case .retry(let milliseconds): clients[index].retry = UInt16(clamping: milliseconds)
            case .comeBack(let milliseconds): retries[index] = milliseconds
            case .gap: counts.gaps += 1
            case .heartbeat: counts.empty += 1
            case .ended: counts.errors += 1
            case .other: break
            }
        }
    }

    /// The whole frames of a WebSocket. False if a frame is not what it should be.
    private func readFrames(
        _ bytes: UnsafeRawBufferPointer, _ offset: inout Int, _ index: Int, _ now: UInt64
    ) -> Bool {
        while let frame = StreamText.frame(bytes, at: offset) {
            offset = frame.end
            switch frame.first {
            case 0x81: take(Envelope(frame.payload), index, now)
            case 0x88:  // it is answered with the same code (RFC 6455, 5.5.1)
                send(0x88, frame.payload, index)
                wasCut(index)
                return true
            case 0x89: send(0x8A, frame.payload, index)
            default: return false
            }
        }
        return true
    }

    private func take(_ whole: Envelope, _ index: Int, _ now: UInt64) {
        var envelope = whole
        var messages: UInt8 = 0
        while let message = envelope.next() {
            messages &+= 1
            came(message.mark, index, now)
        }
        let tail = envelope.tail()
        if let cursor = tail.cursor { clients[index].cursor = cursor }
        if tail.gap { counts.gaps += 1 }
        if let retry = tail.retryMilliseconds { retries[index] = retry }
        if tail.failed || envelope.isMalformed { counts.errors += 1 }
        if messages == 0 {
            if !tail.isHello { counts.empty += 1 }
            return
        }
        guard plan.dialect == .comet, plan.acknowledges else { return }
        let earlier = clients[index].unacknowledged
        clients[index].unacknowledged = UInt8(clamping: Int(earlier) + Int(messages))
        if clients[index].unacknowledged >= Self.messagesAcknowledged {
            acknowledge(index)
        } else if earlier == 0 {
            wheel.add(index, now: now, afterMilliseconds: Self.acknowledgeMilliseconds)
        }
    }

    private func came(_ mark: Mark, _ index: Int, _ now: UInt64) {
        received(mark, index, now: now)
        isFree(index)
    }

    /// Tells MegaComet what is here, as megacomet.js does.
    func acknowledge(_ index: Int) {
        clients[index].unacknowledged = 0
        scratch.clear()
        scratch.append("{\"cursor\":")
        scratch.append(decimal: clients[index].cursor)
        scratch.append("}")
        send(0x81, scratch.bytes, index)
    }

    /// A client's frames are masked, here with zeros (RFC 6455, 5.3). Control frames have 125 bytes at most.
    private func send(_ first: UInt8, _ payload: UnsafeRawBufferPointer, _ index: Int) {
        guard payload.count <= 125 else { return }
        output.clear()
        output.append(first)
        output.append(0x80 | UInt8(payload.count))
        output.append(bigEndian: UInt32(0))
        output.append(payload)
        _ = write(index)
    }
}
