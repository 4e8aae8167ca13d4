import Base
import Store
import Tokens
import Wire

/// The place of a verified token in the `TokenBook`.
typealias TokenSlot = Slot<TokenBook.Entry>

/// The tokens that were verified, so that the next request with the same token need not be. An entry has 48 bytes, its
/// user and channels. Receivers hold the entry of their token. Of those that nobody holds, the one that was used least
/// recently goes when there are too many.
///
/// A token is found by a keyed hash of 128 bits (SipHash-1-3 twice, with the process's own key), so that tokens need
/// not be kept. What came before on a connection proves nothing: proxies send the requests of many users over one.
struct TokenBook: ~Copyable {
    struct Entry {
        let print: Print
        /// The user, and behind it the channels in the form of a `Grant`, unless they are too long for the byte store.
        let words: ByteStore.Handle
        let issuedAt: UInt32
        /// Seconds since 1970. From then on the token is not taken.
        let end: UInt32
        /// Receivers whose requests had this token.
        var holders: UInt32 = 0
        /// Its neighbours in the list of those that nobody holds.
        var neighbours = Neighbours<Entry>()
        let userBytes: UInt8
        /// It was verified with the keys that count now, and so it is in the index.
        var isCurrent = true

        enum Idle: ListField {
            static func neighbours(_ record: UnsafeMutablePointer<Entry>) -> UnsafeMutablePointer<Neighbours<Entry>> {
                withUnsafeMutablePointer(to: &record.pointee.neighbours) { $0 }
            }
        }
    }
    struct Print: Equatable {
        let first: UInt64
        let second: UInt64
        init(_ token: UnsafeRawBufferPointer) {
            func hash(_ number: UInt8) -> UInt64 {
                var hasher = Hasher()
                hasher.combine(number)
                hasher.combine(bytes: token)
                return UInt64(bitPattern: Int64(hasher.finalize()))
            }
            (first, second) = (hash(1), hash(2))
        }
    }

    private var verifier: TokenVerifier?
    /// Seconds for which a token is taken after its `exp`.
    private var leeway: UInt32 = 0
    private let most: Int
    private var entries = Slab<Entry>()
    private var words = ByteStore()
    /// The channels of entries that have more of them than the byte store takes.
    private var long: [TokenSlot: [UInt8]] = [:]
    private var index: IdIndex
    /// The one that was used least recently comes first.
    private var idle = SlotList<Entry.Idle>()
    /// Tokens whose signatures were checked, whatever came out.
    private(set) var verified: UInt64 = 0

    /// It keeps `most` tokens, and more only while receivers hold them.
    init(most: Int, seed: UInt64) {
        self.most = most
        index = IdIndex(seed: seed)
    }

    /// Tokens are taken.
    var isOn: Bool { verifier != nil }
    var count: Int { entries.count }
    var memoryBytes: Int { entries.memoryBytes + words.memoryBytes + index.memoryBytes }

    /// From now on these keys count. Receivers stay; each later request is verified anew.
    mutating func change(_ verifier: TokenVerifier?) {
        self.verifier = verifier
        leeway = UInt32(verifier?.rules.leeway ?? 0)
        while let slot = idle.first { remove(slot) }
        var held: [TokenSlot] = []
        entries.forEach { slot, _ in held.append(slot) }
        for slot in held where entries.pointer(slot).pointee.isCurrent { leaveIndex(slot) }
    }

    /// The entry of this token, which is verified if it is new. `now` is in seconds since 1970.
    mutating func find(_ token: UnsafeRawBufferPointer, now: UInt64) throws(TokenError) -> TokenSlot {
        let print = Print(token)
        if let known = index.find(print.first, where: { entries.pointer(Slot($0)).pointee.print == print }) {
            let slot = TokenSlot(known)
            guard now < UInt64(entries.pointer(slot).pointee.end) else {
                if entries.pointer(slot).pointee.holders == 0 { remove(slot) }
                throw .expired
            }
            return slot
        }
        guard let verifier else { throw .bad("no token is taken here") }
        verified += 1
        let claims = try verifier.claims(of: token, now: now)
        makeRoom(now)
        return add(claims, print)
    }
    private mutating func add(_ claims: TokenClaims, _ print: Print) -> TokenSlot {
        let fits = claims.subject.count + claims.channels.count <= ByteStore.longest
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        let handle = claims.subject.withUnsafeBytes { subject in
            claims.channels.withUnsafeBytes { words.store(subject, fits ? $0 : none) }
        }
        let slot = entries.insert(
            Entry(
                print: print, words: handle, issuedAt: claims.issuedAt,
                end: UInt32(clamping: UInt64(claims.expires) + UInt64(leeway)),
                userBytes: UInt8(claims.subject.count)))
        if !fits { long[slot] = claims.channels }
        index.insert(slot.number, print.first) { entries.pointer(Slot($0)).pointee.print.first }
        idle.append(slot, in: entries)
        return slot
    }
    /// Removes what is over among those that were used least recently, and one more if there are too many.
    private mutating func makeRoom(_ now: UInt64) {
        for _ in 0..<2 {
            guard let oldest = idle.first, now >= UInt64(entries.pointer(oldest).pointee.end) else { break }
            remove(oldest)
        }
        if entries.count >= most, let oldest = idle.first { remove(oldest) }
    }
    private mutating func remove(_ slot: TokenSlot) {
        idle.remove(slot, in: entries)
        drop(slot)
    }
    private mutating func drop(_ slot: TokenSlot) {
        let entry = entries.pointer(slot)
        if entry.pointee.isCurrent { leaveIndex(slot) }
        words.release(entry.pointee.words)
        long[slot] = nil
        entries.remove(slot)
    }
    private mutating func leaveIndex(_ slot: TokenSlot) {
        entries.pointer(slot).pointee.isCurrent = false
        index.remove(slot.number, entries.pointer(slot).pointee.print.first)
    }

    // MARK: held by receivers

    mutating func hold(_ slot: TokenSlot) {
        let entry = entries.pointer(slot)
        if entry.pointee.holders == 0 { idle.remove(slot, in: entries) }
        entry.pointee.holders += 1
    }
    mutating func release(_ slot: TokenSlot) {
        let entry = entries.pointer(slot)
        entry.pointee.holders -= 1
        guard entry.pointee.holders == 0 else { return }
        if entry.pointee.isCurrent { idle.append(slot, in: entries) } else { drop(slot) }
    }

    // MARK: what it says

    func user(_ slot: TokenSlot) -> UnsafeRawBufferPointer {
        let entry = entries.pointer(slot)
        return words.bytes(entry.pointee.words).part(0, Int(entry.pointee.userBytes))
    }
    func issuedAt(_ slot: TokenSlot) -> UInt32 { entries.pointer(slot).pointee.issuedAt }
    /// Seconds until the token is not taken any more. 0 or less if it is over.
    func left(_ slot: TokenSlot, now: UInt64) -> Int { Int(entries.pointer(slot).pointee.end) - Int(now) }
    /// Appends the `Grant` for the manager. Nothing for `none`.
    func appendGrant(_ slot: TokenSlot, to body: inout Buffer) {
        guard slot != .none else { return }
        let entry = entries.pointer(slot)
        let all = words.bytes(entry.pointee.words)
        let user = Int(entry.pointee.userBytes)
        let short = all.part(user, all.count - user)
        guard short.isEmpty, let channels = long[slot] else {
            return Grant(issuedAt: entry.pointee.issuedAt, channels: short).append(to: &body)
        }
        channels.withUnsafeBytes { Grant(issuedAt: entry.pointee.issuedAt, channels: $0).append(to: &body) }
    }
}
