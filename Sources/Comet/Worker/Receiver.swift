import Base
import Store
import Wire

/// The receiver on a connection: a client that gets its messages from a cursor on, by a transport. A long poll is a
/// receiver that ends with its answer. It has 16 bytes here, and its client's id in the byte store.
struct Receiver {
    /// The highest id that the client says it has. 0 if it says none.
    var cursor: UInt64 = 0
    /// The client's id and, behind it, the callback and the print of `c`. `none` if nobody receives.
    private var words = ByteStore.Handle.none
    /// The lower half of the worker's count of receivers.
    private(set) var tag: UInt16 = 0
    /// Bytes of the client's id in `words`.
    private var clientBytes: UInt8 = 0
    private var marks: Marks = []

    private struct Marks: OptionSet {
        let rawValue: UInt8
        /// The transport, in three bits.
        static let transport = Marks(rawValue: 7)
        static let acknowledges = Marks(rawValue: 8)
        static let isHello = Marks(rawValue: 16)
        /// The print of the request's `c` is behind the callback.
        static let hasPrint = Marks(rawValue: 32)
    }

    /// No receiver.
    init() {}

    /// The receiver that a poll asks for. It owns its words in the store until `release`.
    init(_ poll: PollRequest, isHello: Bool, print: UInt32, tag: UInt16, in strings: inout ByteStore) {
        words = withUnsafeBytes(of: print) {
            strings.store(poll.client, poll.callback, print == 0 ? .init(start: nil, count: 0) : $0)
        }
        cursor = poll.cursor ?? 0
        self.tag = tag
        clientBytes = UInt8(poll.client.count)
        marks = Marks(rawValue: poll.transport.rawValue)
        if poll.cursor != nil { marks.insert(.acknowledges) }
        if isHello { marks.insert(.isHello) }
        if print != 0 { marks.insert(.hasPrint) }
    }
    mutating func release(in strings: inout ByteStore) {
        strings.release(words)
        words = .none
    }

    var transport: Transport { Transport(rawValue: marks.intersection(.transport).rawValue).unsafelyUnwrapped }
    /// The client sends a cursor, and so says what it has.
    var acknowledges: Bool { marks.contains(.acknowledges) }
    /// A page's hello: it is answered at once, and told how long polls are held.
    var isHello: Bool { marks.contains(.isHello) }
    /// Its first answer ends it.
    var endsWithAnswer: Bool { !transport.stays }
    /// Bytes of messages that it takes before it gives more credit.
    var credit: UInt32 { UInt32(Limits.answerBytes) }

    @inline(__always) func client(in strings: borrowing ByteStore) -> UnsafeRawBufferPointer {
        strings.bytes(words).part(0, Int(clientBytes))
    }
    @inline(__always) func callback(in strings: borrowing ByteStore) -> UnsafeRawBufferPointer {
        let bytes = strings.bytes(words)
        let end = bytes.count - (marks.contains(.hasPrint) ? 4 : 0)
        return bytes.part(Int(clientBytes), end - Int(clientBytes))
    }
    /// The print of the poll's `c`. 0 if it has none.
    @inline(__always) func print(in strings: borrowing ByteStore) -> UInt32 {
        guard marks.contains(.hasPrint) else { return 0 }
        let bytes = strings.bytes(words)
        return bytes.loadUnaligned(fromByteOffset: bytes.count - 4, as: UInt32.self)
    }
    /// The print of a `c`. It is the same on all workers. An empty `c` has 0, and no other `c` has 0.
    static func print(of copy: UnsafeRawBufferPointer) -> UInt32 {
        copy.isEmpty ? 0 : max(1, UInt32(truncatingIfNeeded: IdIndex.hash(copy, seed: 0)))
    }
}
