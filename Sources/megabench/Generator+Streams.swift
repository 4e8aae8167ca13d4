import Base
import Glibc

// Clients whose connections stay: event streams and WebSockets, of MegaComet and of nchan.
extension Generator {
    /// Something came over a connection that stays.
    func readStream(_ index: Int) {
        guard let bytes = readMore(index) else { return }
        var offset = 0
        if clients[index].state == .opening {
            guard let end = StreamText.endOfHead(bytes) else { return keep(bytes, index) }
            guard StreamText.isOpen(bytes, plan.form) else { return broken(index) }
            offset = end
            clients[index].unacknowledged = 0
            isWaiting(index)
        }
        let now = monotonicNanoseconds()
        let isWell =
            plan.form == .ws ? readFrames(bytes, &offset, index, now) : readLines(bytes, &offset, index, now)
        guard isWell else { return broken(index) }
        if offset < bytes.count, clients[index].state == .waiting {
            keep(UnsafeRawBufferPointer(rebasing: bytes[offset...]), index)
        }
    }
    private func keep(_ bytes: UnsafeRawBufferPointer, _ index: Int) {
        if bytes.count < input.count { partial[index] = Array(bytes) } else { broken(index) }
    }

    /// The whole lines of an event stream. Lines with the length of a chunk are passed over: a server sends whole lines
    /// in a chunk. False if a line is not what it should be.
    private func readLines(
        _ bytes: UnsafeRawBufferPointer, _ offset: inout Int, _ index: Int, _ now: UInt64
    ) -> Bool {
        while let start = bytes.baseAddress, offset < bytes.count,
            let end = memchr(start + offset, 10, bytes.count - offset)
        {
            let line = UnsafeRawBufferPointer(start: start + offset, count: UnsafeRawPointer(end) - start - offset)
            offset += line.count + 1
            switch StreamText.field(line) {
            case .id(let id): if plan.dialect == .comet { clients[index].cursor = id }
            case .data(let mark):
                if let mark { came(mark, index, now) }
            case .gap: counts.gaps += 1
            case .retry(let milliseconds): retries[index] = milliseconds
            case .ended: counts.errors += 1
            case .other: break
            }
        }
        return true
    }

    /// The whole frames of a WebSocket. False if a frame is not what it should be.
    private func readFrames(
        _ bytes: UnsafeRawBufferPointer, _ offset: inout Int, _ index: Int, _ now: UInt64
    ) -> Bool {
        while let (opcode, payload, next) = StreamText.frame(bytes, at: offset) {
            offset = next
            switch opcode {
            case 1:
                var envelope = Envelope(payload)
                while let message = envelope.next() {
                    clients[index].unacknowledged &+= 1
                    came(message.mark, index, now)
                }
                let tail = envelope.tail()
                if let cursor = tail.cursor { clients[index].cursor = cursor }
                if tail.gap { counts.gaps += 1 }
                if let retry = tail.retryMilliseconds { retries[index] = retry }
                if tail.failed || envelope.isMalformed { counts.errors += 1 }
                acknowledge(index)
            case 8:
                let retry = retries.removeValue(forKey: index)
                if retry == nil { counts.cuts += 1 }
                hangUp(index)
                rest(index, milliseconds: retry ?? 40 + UInt64(random.next(below: 160)))
                return true
            case 9: send(0x8A, payload, index)
            default: return false
            }
        }
        return true
    }
    private func came(_ mark: Mark, _ index: Int, _ now: UInt64) {
        received(mark, index, now: now)
        if case .unicast = order, !clients[index].isReady {
            clients[index].isReady = true
            ready.push(UInt32(index))
        }
    }
    /// After so many messages MegaComet is told that they are here, as megacomet.js tells it.
    private func acknowledge(_ index: Int) {
        guard plan.dialect == .comet, plan.acknowledges, clients[index].unacknowledged >= 32 else { return }
        clients[index].unacknowledged = 0
        scratch.clear()
        scratch.append("{\"cursor\":")
        scratch.append(decimal: clients[index].cursor)
        scratch.append("}")
        send(0x81, scratch.bytes, index)
    }
    /// A client's frames are masked, here with zeros (RFC 6455, 5.3).
    private func send(_ first: UInt8, _ payload: UnsafeRawBufferPointer, _ index: Int) {
        output.clear()
        output.append(first)
        output.append(0x80 | UInt8(payload.count))
        output.append(bigEndian: UInt32(0))
        output.append(payload)
        _ = Glibc.send(clients[index].descriptor, output.bytes.baseAddress, output.count, Int32(MSG_NOSIGNAL))
    }
}

/// What the bytes of streams say.
enum StreamText {
    enum Field: Equatable {
        case id(UInt64)
        /// The mark in it, if it has one.
        case data(Mark?)
        case gap
        case retry(UInt64)
        /// The server says that the stream is over for good.
        case ended
        case other
    }

    /// The end of the answer's head. `nil` if it is not whole.
    static func endOfHead(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var at = position(of: 13, in: bytes)
        while at + 3 < bytes.count {
            if bytes[at + 1] == 10, bytes[at + 2] == 13, bytes[at + 3] == 10 { return at + 4 }
            at = position(of: 13, in: bytes, from: at + 1)
        }
        return nil
    }
    /// The status says that the stream is open.
    static func isOpen(_ head: UnsafeRawBufferPointer, _ form: LoadPlan.Form) -> Bool {
        var offset = 9
        return head.count > 12 && Mark.digits(head, at: &offset) == (form == .ws ? 101 : 200)
    }

    /// A line of an event stream. A space behind the colon means nothing (WHATWG HTML, 9.2.6).
    static func field(_ line: UnsafeRawBufferPointer) -> Field {
        func value(_ name: StaticString) -> Int? {
            let count = name.utf8CodeUnitCount
            guard line.count >= count else { return nil }
            for at in 0..<count where line[at] != name.utf8Start[at] { return nil }
            return count < line.count && line[count] == 32 ? count + 1 : count
        }
        if var at = value("id:") { return Mark.digits(line, at: &at).map { .id($0) } ?? .other }
        if let at = value("data:") {
            var found = at
            while found < line.count, line[found] != UInt8(ascii: "@") { found += 1 }
            if found < line.count { return .data(Mark.read(line, at: &found)) }
            var retry = at + 9
            guard value("data:{\"retry\":") != nil else { return .data(nil) }
            return Mark.digits(line, at: &retry).map { .retry($0) } ?? .other
        }
        if value("event:gap") != nil { return .gap }
        if value("event:replaced") != nil || value("event:disconnected") != nil { return .ended }
        return .other
    }

    /// The server's frame at `offset`: its opcode, its payload, and what follows it. `nil` if it is not whole.
    static func frame(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> (UInt8, UnsafeRawBufferPointer, Int)? {
        guard bytes.count >= offset + 2 else { return nil }
        var (length, start) = (Int(bytes[offset + 1] & 127), offset + 2)
        if length > 125 {
            let digits = length == 126 ? 2 : 8
            guard bytes.count >= start + digits else { return nil }
            length = bytes[start..<(start + digits)].reduce(0) { $0 << 8 | Int($1) }
            start += digits
        }
        guard length >= 0, bytes.count >= start + length else { return nil }
        return (bytes[offset] & 15, UnsafeRawBufferPointer(rebasing: bytes[start..<(start + length)]), start + length)
    }
}
