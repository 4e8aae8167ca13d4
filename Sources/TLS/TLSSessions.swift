package import Base
import CTLS
import Store
import Wire

/// The TLS of all connections of a process: handshakes, and then records. Bytes of sockets go in, and plain text comes
/// out; sockets and clocks are the caller's. It is a value and no connection is an object.
///
///     begin ---> whole: an SSL object of OpenSSL ---handshake, TLS 1.3---> parked: 144 bytes, or 208
///                  +---handshake, TLS 1.2: it stays whole
///
/// A session is known by a handle of 32 bits, which changes once, when it is parked.
package struct TLSSessions: ~Copyable {
    /// A session with an SSL object.
    struct Whole {
        /// `nil` until the first bytes came: a connection that says nothing costs no SSL object.
        var session: OpaquePointer?
        let context: TLSContext
        var ticket: Ticket?
        /// The caller's number of the connection.
        let owner: UInt32
        var isDone = false
        /// It waits for its turn, so its place is not given to another.
        var isQueued = false
        var isOver = false
    }
    /// Bytes of a session that wait: the start of a record that came, and sealed bytes that the socket has not taken.
    private final class Rest {
        var input = Buffer()
        var unsent = Buffer()
        /// Bytes of plain text that are in `unsent`, and were not reported yet.
        var unsentPlain = 0
    }

    /// Parked sessions, by the room that the keys of their suite need.
    var smallParked = Slab<SmallParked>(pages: .secret)
    var largeParked = Slab<LargeParked>(pages: .secret)
    var whole: [Whole?] = []
    var freePlaces: [Int] = []
    /// Handshakes that can go on: those that have begun, and those that have not.
    var begun = Fifo<Int>()
    var fresh = Fifo<Int>()
    private var rests: [Handle: Rest] = [:]
    /// Bytes of the starts of records that wait, over all sessions.
    private var heldBytes = 0
    /// The plain text that the last step opened.
    package private(set) var plain = Buffer()
    /// The bytes that the last step made for the peer. The caller takes them by `tookOut`.
    package private(set) var out = Buffer()
    package internal(set) var counters = TLSCounters()
    /// Sessions whose handshake is under way, and those that keep their SSL object after it.
    package internal(set) var shaking = 0
    package internal(set) var unparked = 0
    /// SSL objects that were freed.
    package private(set) var freed: UInt64 = 0
    /// Why the last handshake that failed did, in OpenSSL's words.
    package internal(set) var failure = ""

    package init() {}
    deinit { for case let session? in whole { mc_tls_free(session.session) } }

    package var parked: Int { smallParked.count + largeParked.count }
    package var memoryBytes: Int { smallParked.memoryBytes + largeParked.memoryBytes }

    // MARK: the life of a session

    /// A connection that begins with a handshake. A client may come back with a ticket.
    package mutating func begin(_ context: TLSContext, owner: UInt32 = 0, ticket: Ticket? = nil) -> Handle {
        let new = Whole(context: context, ticket: ticket, owner: owner)
        if let place = freePlaces.popLast() {
            whole[place] = new
            return Handle(whole: place)
        }
        whole.append(new)
        return Handle(whole: whole.count - 1)
    }

    /// Takes over what OpenSSL wrote. The result is the number of records in it.
    mutating func takeOutput() -> UInt64 {
        var count = 0
        let bytes = UnsafeRawBufferPointer(start: mc_tls_output(&count), count: count)
        out.append(UnsafeRawBufferPointer(start: bytes.baseAddress, count: count))
        mc_tls_taken()
        let text = out.bytes.part(out.count - count, count)
        var (records, at) = (UInt64(0), 0)
        while at + Record.headerBytes <= count {
            at += Record.headerBytes + Int(text.bigEndian(at: at + 3, as: UInt16.self))
            records += 1
        }
        return records
    }
    mutating func forget(_ place: Int) {
        free(place)
        whole[place] = nil
        freePlaces.append(place)
        // A herd leaves no great tables behind.
        if freePlaces.count == whole.count { (whole, freePlaces) = ([], []) }
    }

    private mutating func free(_ place: Int) {
        guard let session = whole[place]?.session else { return }
        mc_tls_free(session)
        whole[place]?.session = nil
        freed += 1
    }

    /// A client's ticket of a session that keeps its SSL object, to come back with. `nil` if none has come.
    package func ticket(_ handle: Handle) -> Ticket? {
        guard handle.isWhole, let session = whole[handle.place]?.session else { return nil }
        return mc_tls_take_ticket(session).map(Ticket.init)
    }

    /// The connection is over. Its keys are overwritten.
    package mutating func end(_ handle: Handle) {
        if handle.isWhole {
            if let session = whole[handle.place], session.session != nil {
                if session.isDone { unparked -= 1 } else { shaking -= 1 }
            }
            if whole[handle.place]?.isQueued == true {
                free(handle.place)
                whole[handle.place]?.isOver = true
            } else {
                forget(handle.place)
            }
        } else if handle.isLarge {
            mc_wipe(largeParked.pointer(handle.large), MemoryLayout<LargeParked>.size)
            largeParked.remove(handle.large)
        } else {
            mc_wipe(smallParked.pointer(handle.small), MemoryLayout<SmallParked>.size)
            smallParked.remove(handle.small)
        }
        if !rests.isEmpty, let rest = rests[handle] {
            heldBytes -= rest.input.count
            drop(handle)
        }
    }

    // MARK: what comes

    package enum Opened: Equatable {
        case more
        /// The peer says that it sends no more.
        case ended
        /// The connection is over. What is in `out` tells the peer why.
        case failed
    }
    /// Opens bytes of the peer. What they say is in `plain`, until the next call. `second` is any clock that grows.
    package mutating func open(_ handle: Handle, _ bytes: UnsafeRawBufferPointer, second: UInt32) -> Opened {
        plain.clear()
        guard !handle.isWhole else { return openWhole(handle, bytes) }
        if !rests.isEmpty, let rest = rests[handle], !rest.input.isEmpty {
            rest.input.append(bytes)
            let (result, used) = openParked(handle, rest.input.bytes, second)
            rest.input.consume(used)
            heldBytes += bytes.count - used
            if rest.input.isEmpty {
                rest.input.release()
                dropIfEmpty(handle, rest)
            }
            return heldBytes > Limits.heldRecordBytes ? .failed : result
        }
        let (result, used) = openParked(handle, bytes, second)
        if used < bytes.count, result == .more {
            rest(handle).input.append(bytes.part(used, bytes.count - used))
            heldBytes += bytes.count - used
            if heldBytes > Limits.heldRecordBytes { return .failed }
        }
        return result
    }
    private mutating func openParked(
        _ handle: Handle, _ bytes: UnsafeRawBufferPointer, _ second: UInt32
    ) -> (Opened, used: Int) {
        var used = 0
        let result =
            handle.isLarge
            ? largeParked.pointer(handle.large).pointee.open(
                bytes, used: &used, plain: &plain, out: &out, second: second, &counters)
            : smallParked.pointer(handle.small).pointee.open(
                bytes, used: &used, plain: &plain, out: &out, second: second, &counters)
        return (result, result == .more ? used : bytes.count)
    }
    private mutating func openWhole(_ handle: Handle, _ bytes: UnsafeRawBufferPointer) -> Opened {
        guard let session = whole[handle.place]?.session else { return .failed }
        let room = bytes.count + Record.mostSealed
        var written = 0
        let result = mc_tls_open(session, bytes.baseAddress, bytes.count, plain.reserve(room), room, &written)
        plain.advance(by: written)
        _ = takeOutput()
        switch Int(result) {
        case Int(MC_TLS_MORE): return .more
        case Int(MC_TLS_CLOSED): return .ended
        default:
            counters.badRecords += 1
            return .failed
        }
    }

    // MARK: what goes

    /// Seals bytes into `out`, up to those of one record. The result is how many; `nil`: the connection is over.
    package mutating func seal(_ handle: Handle, _ bytes: UnsafeRawBufferPointer) -> Int? {
        let part = bytes.part(0, min(bytes.count, Record.plainBytes))
        guard handle.isWhole else {
            let isSealed =
                handle.isLarge
                ? largeParked.pointer(handle.large).pointee.seal(part, out: &out, &counters)
                : smallParked.pointer(handle.small).pointee.seal(part, out: &out, &counters)
            return isSealed ? part.count : nil
        }
        guard let session = whole[handle.place]?.session else { return nil }
        guard mc_tls_seal(session, part.baseAddress, part.count) == Int32(MC_TLS_DONE) else { return nil }
        _ = takeOutput()
        return part.count
    }
    /// Says into `out` that nothing more will be sent.
    package mutating func sayEnd(_ handle: Handle) {
        guard handle.isWhole else {
            return handle.isLarge
                ? largeParked.pointer(handle.large).pointee.end(out: &out)
                : smallParked.pointer(handle.small).pointee.end(out: &out)
        }
        guard let session = whole[handle.place], session.isDone, let pointer = session.session else { return }
        mc_tls_end(pointer)
        _ = takeOutput()
    }
    /// The caller has taken what is in `out`.
    package mutating func tookOut() {
        out.clear()
        out.shrink(over: 128 * 1024)
    }

    // MARK: what the socket has not taken

    /// The sealed bytes that wait for the socket.
    package func unsent(_ handle: Handle) -> UnsafeRawBufferPointer? {
        guard !rests.isEmpty, let rest = rests[handle], !rest.unsent.isEmpty else { return nil }
        return rest.unsent.bytes
    }
    /// Whether plain text is among them.
    package func hasUnsentText(_ handle: Handle) -> Bool {
        !rests.isEmpty && rests[handle].map { $0.unsentPlain > 0 } ?? false
    }
    /// The socket took so many bytes of `out`, which has `plain` bytes of plain text. The rest waits.
    package mutating func keepUnsent(_ handle: Handle, from taken: Int, plain: Int) {
        let rest = rest(handle)
        rest.unsent.append(out.bytes.part(taken, out.count - taken))
        rest.unsentPlain += plain
        tookOut()
    }
    /// The socket took so many bytes of those that wait. The result is the plain text that is sent whole by that.
    package mutating func tookUnsent(_ handle: Handle, _ count: Int) -> Int {
        guard let rest = rests[handle] else { return 0 }
        rest.unsent.consume(count)
        guard rest.unsent.isEmpty else { return 0 }
        rest.unsent.release()
        let plain = rest.unsentPlain
        rest.unsentPlain = 0
        dropIfEmpty(handle, rest)
        return plain
    }
    private mutating func rest(_ handle: Handle) -> Rest {
        if let rest = rests[handle] { return rest }
        let rest = Rest()
        rests[handle] = rest
        return rest
    }
    private mutating func dropIfEmpty(_ handle: Handle, _ rest: Rest) {
        if rest.input.isEmpty, rest.unsent.isEmpty { drop(handle) }
    }
    private mutating func drop(_ handle: Handle) {
        rests[handle] = nil
        // A herd leaves no great table behind.
        if rests.isEmpty, rests.capacity > 64 { rests = [:] }
    }
    /// Sessions for whose waiting bytes there is room in the table.
    var waitingRoom: Int { rests.capacity }
}
