import Base
import CTLS
import Wire

/// A connection of TLS 1.3 after its handshake, in 208 bytes: no SSL object, only what its records are sealed with. It
/// is what the kernel keeps for a connection of its own TLS.
///
/// The rules are those of RFC 8446, 5 (records), 4.6.3 and 7.2 (new keys) and 6 (alerts).
struct Parked: BitwiseCopyable {
    private(set) var read: TrafficKeys
    private(set) var write: TrafficKeys
    /// The numbers of the next record, since the last new key.
    var readSequence: UInt64 = 0
    var writeSequence: UInt64 = 0
    /// The second in which the peer's budget for new keys was counted last.
    private var updateSecond: UInt32 = 0
    let suite: CipherSuite
    /// New keys that the peer may still turn to, before a second is over.
    private var updatesLeft = UInt8(Limits.keyUpdatesAtOnce)
    private var marks: Marks

    private struct Marks: OptionSet {
        let rawValue: UInt8
        static let isClient = Marks(rawValue: 1)
        /// The peer was asked for a new key, and has not turned to it.
        static let hasAsked = Marks(rawValue: 2)
        /// The peer has said that it sends no more.
        static let hasEnded = Marks(rawValue: 4)
        /// An error was sent or received. Nothing may follow it.
        static let isBroken = Marks(rawValue: 8)
    }

    /// Bytes of a record's header, of a tag, and the most of a record's plain text (RFC 8446, 5.1 and 5.2).
    static let headerBytes = 5
    static let tagBytes = 16
    package static let plainBytes = 16_384
    static let mostSealed = plainBytes + 256

    private enum ContentType {
        static let alert: UInt8 = 21
        static let handshake: UInt8 = 22
        static let data: UInt8 = 23
    }
    /// RFC 8446, 6 and B.2.
    enum Alert: UInt8 {
        case closeNotify = 0
        case unexpectedMessage = 10
        case badRecord = 20
        case recordOverflow = 22
        case illegalParameter = 47
        case decodeError = 50
        case internalError = 80
        case userCanceled = 90
    }

    /// `ticketRecords` are the records that went out under the server's key already.
    init?(
        _ suite: CipherSuite, isClient: Bool, client: InlineArray<48, UInt8>, server: InlineArray<48, UInt8>,
        ticketRecords: UInt64
    ) {
        guard let theirs = TrafficKeys(suite, isClient ? server : client),
            let ours = TrafficKeys(suite, isClient ? client : server)
        else { return nil }
        (read, write, self.suite) = (theirs, ours, suite)
        writeSequence = ticketRecords
        marks = isClient ? .isClient : []
    }

    // MARK: what comes

    /// Opens the records that are whole. What they say is appended to `plain`, and what is to be answered to `out`.
    /// `used` is how many bytes were taken. After `failed` an alert for the peer is in `out`.
    mutating func open(
        _ bytes: UnsafeRawBufferPointer, used: inout Int, plain: inout Buffer, out: inout Buffer, second: UInt32,
        _ counters: inout TLSCounters
    ) -> TLSSessions.Opened {
        used = 0
        while bytes.count - used >= Parked.headerBytes {
            if marks.contains(.hasEnded) {
                used = bytes.count
                return .ended
            }
            let record = bytes.part(used, bytes.count - used)
            let count = Int(record.bigEndian(at: 3, as: UInt16.self))
            guard record[0] == ContentType.data else { return fail(.unexpectedMessage, &out, &counters) }
            guard count <= Parked.mostSealed else { return fail(.recordOverflow, &out, &counters) }
            guard record.count >= Parked.headerBytes + count else { break }
            let result = open(record.part(0, Parked.headerBytes + count), &plain, &out, second, &counters)
            if result == .failed { return .failed }
            used += Parked.headerBytes + count
        }
        return marks.contains(.hasEnded) ? .ended : .more
    }

    private mutating func open(
        _ record: UnsafeRawBufferPointer, _ plain: inout Buffer, _ out: inout Buffer, _ second: UInt32,
        _ counters: inout TLSCounters
    ) -> TLSSessions.Opened {
        let count = record.count - Parked.headerBytes - Parked.tagBytes
        // A record has a byte for its type at least. One that is shorter is told as one that does not open.
        guard count >= 1, readSequence < .max, unseal(record, plain.reserve(count)) else {
            return fail(.badRecord, &out, &counters)
        }
        readSequence += 1
        let text = UnsafeRawBufferPointer(start: UnsafeRawPointer(plain.reserve(count)), count: count)
        // Behind the type there may be zeros (RFC 8446, 5.4).
        var end = count
        while end > 0, text[end - 1] == 0 { end -= 1 }
        guard end > 0 else { return fail(.unexpectedMessage, &out, &counters) }
        guard end - 1 <= Parked.plainBytes else { return fail(.recordOverflow, &out, &counters) }
        let content = text.part(0, end - 1)
        switch text[end - 1] {
        case ContentType.data: plain.advance(by: content.count)
        case ContentType.alert: return alerted(content, &out, &counters)
        case ContentType.handshake: return message(content, &out, second, &counters)
        default: return fail(.unexpectedMessage, &out, &counters)
        }
        if readSequence == Limits.recordsUnderKey, !marks.contains(.hasAsked) {
            marks.insert(.hasAsked)
            return turnKey(asking: true, &out, &counters) ? .more : .failed
        }
        return .more
    }
    private mutating func unseal(_ record: UnsafeRawBufferPointer, _ to: UnsafeMutableRawPointer) -> Bool {
        let nonce = read.nonce(readSequence)
        let number = Int32(suite.rawValue)
        return read.withKey { key in
            withUnsafeBytes(of: nonce) { nonce in
                mc_record_open(
                    number, key.baseAddress, nonce.baseAddress, record.baseAddress,
                    record.part(Parked.headerBytes, 0).baseAddress, record.count - Parked.headerBytes, to) == 1
            }
        }
    }

    /// close_notify ends what the peer sends. user_canceled says that close_notify follows, and some libraries say it
    /// to end one direction alone. Every other alert ends the connection (RFC 8446, 6).
    private mutating func alerted(
        _ content: UnsafeRawBufferPointer, _ out: inout Buffer, _ counters: inout TLSCounters
    ) -> TLSSessions.Opened {
        guard content.count == 2 else { return fail(.decodeError, &out, &counters) }
        switch content[1] {
        case Alert.userCanceled.rawValue: return .more
        case Alert.closeNotify.rawValue:
            marks.insert(.hasEnded)
            return .ended
        default:
            counters.alertsReceived += 1
            marks.insert(.isBroken)
            return .failed
        }
    }

    /// A message of a handshake, after the handshake: new keys, or a ticket for a client. Each has a record of its own.
    private mutating func message(
        _ content: UnsafeRawBufferPointer, _ out: inout Buffer, _ second: UInt32, _ counters: inout TLSCounters
    ) -> TLSSessions.Opened {
        let newTicket: UInt8 = 4
        let keyUpdate: UInt8 = 24
        if content.first == newTicket, marks.contains(.isClient) { return .more }
        guard content.count == 5, content[0] == keyUpdate else { return fail(.unexpectedMessage, &out, &counters) }
        guard content[1] == 0, content[2] == 0, content[3] == 1 else { return fail(.decodeError, &out, &counters) }
        guard content[4] <= 1 else { return fail(.illegalParameter, &out, &counters) }
        guard mayUpdate(second) else { return fail(.unexpectedMessage, &out, &counters) }
        guard read.update(suite) else { return fail(.internalError, &out, &counters) }
        readSequence = 0
        marks.remove(.hasAsked)
        counters.keyUpdates += 1
        return content[4] == 0 || turnKey(asking: false, &out, &counters) ? .more : .failed
    }
    /// Each new key costs us several hashes, so a peer has a budget (`Limits.keyUpdatesAtOnce`).
    private mutating func mayUpdate(_ second: UInt32) -> Bool {
        let more = second &- updateSecond
        updatesLeft = UInt8(min(UInt32(Limits.keyUpdatesAtOnce), UInt32(updatesLeft) &+ min(more, 255)))
        updateSecond = second
        guard updatesLeft > 0 else { return false }
        updatesLeft -= 1
        return true
    }

    // MARK: what goes

    /// Appends records with these bytes.
    mutating func seal(_ bytes: UnsafeRawBufferPointer, out: inout Buffer, _ counters: inout TLSCounters) -> Bool {
        var done = 0
        while done < bytes.count {
            if writeSequence >= Limits.recordsUnderKey, !turnKey(asking: false, &out, &counters) { return false }
            let part = bytes.part(done, min(Parked.plainBytes, bytes.count - done))
            guard seal(part, ContentType.data, &out) else { return false }
            done += part.count
        }
        return true
    }
    /// Says that nothing more will be sent. After an error nothing is said (RFC 8446, 6.1).
    mutating func end(out: inout Buffer) {
        guard !marks.contains(.isBroken) else { return }
        _ = say(.closeNotify, isFatal: false, &out)
    }

    private mutating func turnKey(asking: Bool, _ out: inout Buffer, _ counters: inout TLSCounters) -> Bool {
        let text: InlineArray<5, UInt8> = [24, 0, 0, 1, asking ? 1 : 0]
        counters.keyUpdates += 1
        let isSaid = withUnsafeBytes(of: text) { seal($0, ContentType.handshake, &out) }
        guard isSaid, write.update(suite) else { return false }
        writeSequence = 0
        return true
    }
    /// All that does not open gets the same alert, at the same place, whatever is wrong with it.
    private mutating func fail(_ alert: Alert, _ out: inout Buffer, _ counters: inout TLSCounters) -> TLSSessions.Opened
    {
        counters.badRecords += 1
        marks.insert(.isBroken)
        _ = say(alert, isFatal: true, &out)
        return .failed
    }
    private mutating func say(_ alert: Alert, isFatal: Bool, _ out: inout Buffer) -> Bool {
        let text: InlineArray<2, UInt8> = [isFatal ? 2 : 1, alert.rawValue]
        return withUnsafeBytes(of: text) { seal($0, ContentType.alert, &out) }
    }

    /// Seals one record under the key that there is.
    mutating func seal(_ bytes: UnsafeRawBufferPointer, _ type: UInt8, _ out: inout Buffer) -> Bool {
        // A number is never used twice with one key (RFC 8446, 5.3).
        guard writeSequence < .max else { return false }
        let count = bytes.count + 1 + Parked.tagBytes
        let record = out.reserve(Parked.headerBytes + count)
        record.storeBytes(of: ContentType.data, as: UInt8.self)
        record.storeBytes(of: UInt16(0x0303).bigEndian, toByteOffset: 1, as: UInt16.self)
        record.storeBytes(of: UInt16(count).bigEndian, toByteOffset: 3, as: UInt16.self)
        let nonce = write.nonce(writeSequence)
        let number = Int32(suite.rawValue)
        let isSealed = write.withKey { key in
            withUnsafeBytes(of: nonce) { nonce in
                mc_record_seal(
                    number, key.baseAddress, nonce.baseAddress, record, bytes.baseAddress, bytes.count,
                    type, record + Parked.headerBytes) == 1
            }
        }
        guard isSealed else { return false }
        out.advance(by: Parked.headerBytes + count)
        writeSequence += 1
        return true
    }
}

/// The counters of TLS, over all connections.
package struct TLSCounters: Equatable, Sendable {
    package var handshakes: UInt64 = 0
    package var resumed: UInt64 = 0
    package var handshakesFailed: UInt64 = 0
    package var badRecords: UInt64 = 0
    package var alertsReceived: UInt64 = 0
    package var keyUpdates: UInt64 = 0
}
