import Base
import Comet
import Reactor
import Store
import TLS
import Wire

/// The TLS between clients' sockets and their bytes. It reads and writes as `Sockets` does, but plain text.
///
/// A socket takes a record or a part of it. What it has not taken waits here, and its plain text counts as written when
/// the record is written whole: half a record says nothing to a client.
struct SecureSockets: ~Copyable {
    private(set) var sessions = TLSSessions()
    /// The certificate with which new connections shake hands. `nil`: TLS is off.
    private var context: TLSContext?
    /// When it was last looked whether memory can be given back.
    private var lookedAt: UInt64 = 0
    /// The SSL objects that were freed until then, and until memory was given back last.
    private var (freedAtLook, freedAtTrim): (UInt64, UInt64) = (0, 0)
    /// Several records fit.
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 32 * 1024, alignment: 16)

    deinit { room.deallocate() }

    /// Handshakes that begin from now on are made with this certificate.
    mutating func use(_ context: TLSContext?) { self.context = context }

    /// A connection was accepted. `nil`: TLS is off.
    mutating func begin(_ slot: ConnectionSlot) -> TLSSessions.Handle? {
        context.map { sessions.begin($0, owner: slot.number) }
    }
    /// The connection is over. A client that is still there is told, if its socket takes that.
    mutating func end(_ handle: TLSSessions.Handle, _ descriptor: Int32) {
        sayEnd(handle, descriptor)
        sessions.end(handle)
    }

    /// The connection goes on without TLS.
    mutating func forget(_ handle: TLSSessions.Handle) { sessions.end(handle) }

    // MARK: handshakes

    mutating func enqueue(_ handle: TLSSessions.Handle) { sessions.enqueue(handle) }
    mutating func nextWaiting() -> (handle: TLSSessions.Handle, owner: UInt32)? { sessions.nextWaiting() }

    /// Gives the memory of SSL objects back, while no handshake is under way: if many were freed, or if some were and
    /// for a second none. It looks once a second, since a herd pauses now and then.
    mutating func giveMemoryBack(now: UInt64) {
        guard now >= lookedAt + 1000 else { return }
        lookedAt = now
        let freed = sessions.freed
        let least = freed == freedAtLook ? 1 : Limits.sessionsUntilTrim
        freedAtLook = freed
        guard sessions.shaking == 0, freed >= freedAtTrim + least else { return }
        freedAtTrim = freed
        TLSContext.giveMemoryBack()
    }

    /// The result of reading: whether there is plain text, and whether it is the last.
    struct Reading {
        enum End {
            case none, input, connection
            /// The client speaks plain HTTP.
            case plain
        }
        var hasText = false
        var end = End.none
    }
    /// The plain text that was read last.
    var text: UnsafeRawBufferPointer { sessions.plain.bytes }

    /// Goes on with a handshake. What follows it is opened, too. The handle is another if the session was parked.
    mutating func shake(_ handle: inout TLSSessions.Handle, _ descriptor: Int32, second: UInt32) -> Reading {
        switch Sockets.read(descriptor, into: room) {
        case .bytes(let count):
            let bytes = UnsafeRawBufferPointer(start: room.baseAddress, count: count)
            let progress = sessions.shake(&handle, bytes)
            guard sendOut(handle, descriptor) else { return Reading(end: .connection) }
            switch progress {
            case .more: return Reading()
            case .failed: return Reading(end: .connection)
            case .plain: return Reading(end: .plain)
            case .done(let left): return open(handle, descriptor, bytes.part(count - left, left), second)
            }
        case .wouldBlock: return Reading()
        case .end, .failed: return Reading(end: .connection)
        }
    }

    // MARK: records

    mutating func read(_ handle: TLSSessions.Handle, _ descriptor: Int32, second: UInt32) -> Reading {
        switch Sockets.read(descriptor, into: room) {
        case .bytes(let count):
            return open(handle, descriptor, UnsafeRawBufferPointer(start: room.baseAddress, count: count), second)
        case .wouldBlock: return Reading()
        case .end: return Reading(end: .input)
        case .failed: return Reading(end: .connection)
        }
    }
    private mutating func open(
        _ handle: TLSSessions.Handle, _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, _ second: UInt32
    ) -> Reading {
        let opened = sessions.open(handle, bytes, second: second)
        let isSent = sendOut(handle, descriptor)
        let hasText = !sessions.plain.isEmpty
        switch opened {
        case .more: return Reading(hasText: hasText, end: isSent ? .none : .connection)
        case .ended: return Reading(hasText: hasText, end: .input)
        case .failed: return Reading(end: .connection)
        }
    }

    /// Writes as much of these bytes as the socket takes at once. The result counts plain text.
    mutating func write(
        _ handle: TLSSessions.Handle, _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer
    ) -> Transfer {
        guard case .bytes(let before) = writeUnsent(handle, descriptor) else { return .failed(0) }
        // The record that had waited begins these bytes.
        var done = min(before, bytes.count)
        guard sessions.unsent(handle) == nil else { return .bytes(0) }
        while done < bytes.count {
            guard let count = sessions.seal(handle, bytes.part(done, bytes.count - done)) else { return .failed(0) }
            let sealed = sessions.out.bytes
            switch Sockets.write(descriptor, sealed) {
            case .bytes(sealed.count): sessions.tookOut()
            case .bytes(let taken):
                sessions.keepUnsent(handle, from: taken, plain: count)
                return .bytes(done)
            case .wouldBlock:
                sessions.keepUnsent(handle, from: 0, plain: count)
                return .bytes(done)
            case .end, .failed: return .failed(0)
            }
            done += count
        }
        return .bytes(done)
    }
    /// Whether bytes of TLS itself wait for room in the socket.
    func hasUnsent(_ handle: TLSSessions.Handle) -> Bool { sessions.unsent(handle) != nil }
    /// There is room in the socket. The result is the plain text that was written whole by that; an error says that the
    /// connection is dead.
    private mutating func writeUnsent(_ handle: TLSSessions.Handle, _ descriptor: Int32) -> Transfer {
        guard let unsent = sessions.unsent(handle) else { return .bytes(0) }
        switch Sockets.write(descriptor, unsent) {
        case .bytes(let count): return .bytes(sessions.tookUnsent(handle, count))
        case .wouldBlock: return .bytes(0)
        case .end, .failed: return .failed(0)
        }
    }
    /// Writes bytes of TLS itself that wait. Those of an answer are the worker's to go on with. False: it is dead.
    mutating func flush(_ handle: TLSSessions.Handle, _ descriptor: Int32) -> Bool {
        guard !sessions.hasUnsentText(handle) else { return true }
        return writeUnsent(handle, descriptor) == .bytes(0)
    }

    /// Says that nothing more will be sent, unless part of a record waits: then nothing whole could follow it.
    mutating func sayEnd(_ handle: TLSSessions.Handle, _ descriptor: Int32) {
        guard !hasUnsent(handle) else { return }
        sessions.sayEnd(handle)
        _ = Sockets.write(descriptor, sessions.out.bytes)
        sessions.tookOut()
    }
    /// Sends what a step has made: handshakes, alerts, new keys. What the socket does not take waits. False: it is
    /// dead.
    private mutating func sendOut(_ handle: TLSSessions.Handle, _ descriptor: Int32) -> Bool {
        let bytes = sessions.out.bytes
        guard !bytes.isEmpty else { return true }
        guard !hasUnsent(handle) else {
            sessions.keepUnsent(handle, from: 0, plain: 0)
            return true
        }
        switch Sockets.write(descriptor, bytes) {
        case .bytes(bytes.count): sessions.tookOut()
        case .bytes(let taken): sessions.keepUnsent(handle, from: taken, plain: 0)
        case .wouldBlock: sessions.keepUnsent(handle, from: 0, plain: 0)
        case .end, .failed:
            sessions.tookOut()
            return false
        }
        return true
    }
}
