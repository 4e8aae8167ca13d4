import Base
import Store
import Wire

/// The receiver on a connection: a client that gets its messages from a cursor on, by a transport. A long poll is a
/// receiver that ends with its answer; event streams and WebSockets stay. It has 16 bytes here, and its client's id in
/// the byte store.
struct Receiver {
    /// The highest id that the client says it has. 0 if it says none. A receiver that stays has been sent all up to it.
    var cursor: UInt64 = 0
    /// The client's id and, behind it, the callback and the prints. `none` if nobody receives.
    private var words = ByteStore.Handle.none
    /// The lower half of the worker's count of receivers.
    private(set) var tag: UInt16 = 0
    /// Bytes of the client's id in `words`, less one: 1 to 128 fit into seven bits. The upper bit says that the place
    /// of its token in the `TokenBook` is behind the prints.
    private var idBytes: UInt8 = 0
    private static let hasToken: UInt8 = 128
    private var marks: Marks = []

    private struct Marks: OptionSet {
        let rawValue: UInt8
        /// The transport, in three bits.
        static let transport = Marks(rawValue: 7)
        static let acknowledges = Marks(rawValue: 8)
        static let isHello = Marks(rawValue: 16)
        /// The prints of the request's `c` and `page` are behind the callback.
        static let hasPrints = Marks(rawValue: 32)
        static let wantsProof = Marks(rawValue: 64)
        static let holdsBack = Marks(rawValue: 128)
    }

    /// No receiver.
    init() {}

    /// The receiver that a request asks for. It owns its words in the store until `release`.
    init(_ poll: PollRequest, isHello: Bool, tag: UInt16, _ token: TokenSlot, in strings: inout ByteStore) {
        let tail = (Receiver.print(of: poll.copy), Receiver.print(of: poll.page), token.number)
        let hasPrints = (tail.0, tail.1) != (0, 0)
        words = withUnsafeBytes(of: tail) {
            let start = hasPrints ? 0 : Receiver.printBytes
            let end = token == .none ? Receiver.printBytes : $0.count
            return strings.store(poll.client, poll.callback, $0.part(start, end - start))
        }
        cursor = poll.cursor ?? 0
        self.tag = tag
        idBytes = UInt8(poll.client.count - 1) | (token == .none ? 0 : Receiver.hasToken)
        marks = Marks(rawValue: poll.transport.rawValue)
        if poll.cursor != nil { marks.insert(.acknowledges) }
        if isHello { marks.insert(.isHello) }
        if hasPrints { marks.insert(.hasPrints) }
        if poll.acknowledged != nil { marks.insert(.holdsBack) }
        if poll.transport.stays, poll.hello { marks.insert(.wantsProof) }
    }
    mutating func release(in strings: inout ByteStore) {
        strings.release(words)
        words = .none
    }

    var transport: Transport { Transport(rawValue: marks.intersection(.transport).rawValue).unsafelyUnwrapped }
    /// The client sends a cursor, and so says what it has.
    var acknowledges: Bool { marks.contains(.acknowledges) }
    /// A page's hello: it is answered at once, and told how long polls are held. A receiver that stays is one until the
    /// manager has said where it begins, or has not said it in time; then its head is written.
    var isHello: Bool { marks.contains(.isHello) }
    /// What the client has acknowledged is not its cursor. It may be less.
    var holdsBack: Bool { marks.contains(.holdsBack) }
    /// The first heartbeat is to come soon, in a write of its own. It proves to the page that nothing on the way holds
    /// bytes back.
    var wantsProof: Bool {
        get { marks.contains(.wantsProof) }
        set { if newValue { marks.insert(.wantsProof) } else { marks.remove(.wantsProof) } }
    }
    /// Its first answer ends it.
    var endsWithAnswer: Bool { !transport.stays }
    /// Bytes of messages that it takes before it gives more credit.
    var credit: UInt32 { UInt32(transport.stays ? Limits.streamBytes : Limits.answerBytes) }

    /// A receiver that stays was sent its head. It begins after this id, if that is known. From now on its cursor is
    /// what it was sent, and its client acknowledges in another way.
    mutating func begin(after id: UInt64?) {
        marks.remove(.isHello)
        marks.insert(.holdsBack)
        guard let id else { return }
        cursor = id
        marks.insert(.acknowledges)
    }
    /// A receiver that stays was sent all up to this id.
    mutating func sent(upTo id: UInt64) {
        guard id > cursor else { return }
        cursor = id
        marks.insert(.acknowledges)
    }

    @inline(__always) func client(in strings: borrowing ByteStore) -> UnsafeRawBufferPointer {
        strings.bytes(words).part(0, clientBytes)
    }
    private var clientBytes: Int { Int(idBytes & ~Receiver.hasToken) + 1 }
    /// Bytes of two prints, and of all that is behind the callback.
    private static let printBytes = 8
    private var tailBytes: Int {
        (marks.contains(.hasPrints) ? Receiver.printBytes : 0) + (idBytes & Receiver.hasToken == 0 ? 0 : 4)
    }
    @inline(__always) func callback(in strings: borrowing ByteStore) -> UnsafeRawBufferPointer {
        let bytes = strings.bytes(words)
        return bytes.part(clientBytes, bytes.count - tailBytes - clientBytes)
    }
    /// The print of the request's `c`. 0 if it has none.
    @inline(__always) func print(in strings: borrowing ByteStore) -> UInt32 { print(at: 0, strings) }
    /// The print of its `page`. 0 if it has none.
    func pagePrint(in strings: borrowing ByteStore) -> UInt32 { print(at: 4, strings) }
    @inline(__always) private func print(at place: Int, _ strings: borrowing ByteStore) -> UInt32 {
        guard marks.contains(.hasPrints) else { return 0 }
        let words = strings.bytes(words)
        return words.loadUnaligned(fromByteOffset: words.count - tailBytes + place, as: UInt32.self)
    }
    /// The token of its request. `none` if it came without one.
    @inline(__always) func token(in strings: borrowing ByteStore) -> TokenSlot {
        guard idBytes & Receiver.hasToken != 0 else { return .none }
        let words = strings.bytes(words)
        return TokenSlot(words.loadUnaligned(fromByteOffset: words.count - 4, as: UInt32.self))
    }
    /// The print of a `c` or `page`. It is the same on all workers. An empty one has 0, and no other has 0.
    static func print(of text: UnsafeRawBufferPointer) -> UInt32 {
        text.isEmpty ? 0 : max(1, UInt32(truncatingIfNeeded: IdIndex.hash(text, seed: 0)))
    }
}
