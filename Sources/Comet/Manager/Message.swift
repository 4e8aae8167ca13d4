import Store
import Wire

/// A message in a log: 48 bytes, and its record in the arena. It is in two lists: in its log by id, and in the timing
/// wheel by its deadline.
struct Message {
    typealias InLog = SlotList<ByID>

    /// Facts that the record has, too. They are here so that most logs are read without a look at the record.
    struct Marks: OptionSet {
        let rawValue: UInt8
        /// Only the newest message of its name is kept in the log.
        static let latest = Marks(rawValue: 1)
        /// One client does not get it.
        static let except = Marks(rawValue: 2)
        /// It is for clients who are connected, or between two polls. Its end is no loss.
        static let transient = Marks(rawValue: 4)
        /// The app is told what becomes of it.
        static let receipt = Marks(rawValue: 8)
        /// Its body has members before the JSON, as in a frame (`Frame.Flags.members`).
        static let members = Marks(rawValue: 16)
        /// It is no message, but news of who came to a channel and left it.
        static let presence = Marks(rawValue: 32)
        /// It stands for older messages of a channel (`History`). In the arena that is a kind of record of its own.
        static let history = Marks(rawValue: 64)
    }

    let id: UInt64
    let log: Slot<Log>
    var record = Arena.Ref.none
    /// The body that it shares with other messages. `none` if its own record has the body.
    var shared = Slot<SharedBody>.none
    var inLog = Neighbours<Message>()
    var inWheel = Neighbours<Message>()
    /// The time when its time to live ends: milliseconds that wrap.
    var deadline: UInt32
    /// The second in which it was queued. The upper bit says that the app was told of its delivery.
    private var secondAndTold: UInt32
    /// Bytes of its JSON, and the marks above them.
    private let bytesAndMarks: UInt32
    private static let markShift: UInt32 = 25
    private static let toldBit: UInt32 = 1 << 31

    init(id: UInt64, log: Slot<Log>, deadline: UInt32, second: UInt32, bytes: Int, marks: Marks) {
        precondition(bytes < 1 << Message.markShift, "a message has at most \(Limits.frameBodyBytes) bytes")
        self.id = id
        self.log = log
        self.deadline = deadline
        secondAndTold = second & ~Message.toldBit
        bytesAndMarks = UInt32(bytes) | UInt32(marks.rawValue) << Message.markShift
    }
    @inline(__always) var second: UInt32 { secondAndTold & ~Message.toldBit }
    var isTold: Bool {
        get { secondAndTold & Message.toldBit != 0 }
        set { secondAndTold = second | (newValue ? Message.toldBit : 0) }
    }
    @inline(__always) var bytes: Int { Int(bytesAndMarks & (1 << Message.markShift - 1)) }
    @inline(__always) var marks: Marks {
        Marks(rawValue: UInt8(truncatingIfNeeded: bytesAndMarks >> Message.markShift))
    }

    enum ByID: ListField {
        @inline(__always)
        static func neighbours(_ record: UnsafeMutablePointer<Message>) -> UnsafeMutablePointer<Neighbours<Message>> {
            withUnsafeMutablePointer(to: &record.pointee.inLog) { $0 }
        }
    }
    enum ByDeadline: ListField {
        @inline(__always)
        static func neighbours(_ record: UnsafeMutablePointer<Message>) -> UnsafeMutablePointer<Neighbours<Message>> {
            withUnsafeMutablePointer(to: &record.pointee.inWheel) { $0 }
        }
    }
}

/// A body that several messages share: those of one publish to many clients or channels.
struct SharedBody {
    var record: Arena.Ref
    /// The messages that have it, and the publish or recovery that is giving it to them.
    var owners: UInt32
}

/// The options of a message beside its JSON. The texts are valid while the app's bytes are.
struct MessageFacts {
    var marks: Message.Marks = []
    var except = UnsafeRawBufferPointer(start: nil, count: 0)
    var latest = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Milliseconds.
    var timeToLive: UInt32
    /// An app waits for its end.
    var isAwaited = false
}
