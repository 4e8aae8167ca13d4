import CStore

/// The memory of all that must outlive the process that writes it: messages, subscriptions, positions. It lies in
/// memory that others hold, too (`ArenaMemory`), so it is there for the next process, however this one ends.
///
/// Records are appended to segments, and change only in place: a byte says how a record ended, and a word is a
/// position. A record is there when the word `used` of its segment has been stored behind it. So a process that is
/// killed between any two instructions leaves a record that is there, or is not. The next process trusts no pointer and
/// no list: it reads all records and makes its own.
///
/// A segment has records that live about equally long, by their time to live. When all of them have ended, it is given
/// back. A segment of which little is left is emptied by moving what is left forward (`compact`). So a message that
/// lives for a week keeps no segment of messages that live for a minute.
public struct Arena: ~Copyable {
    public static var pageBytes: Int { 4096 }
    /// Memory is made usable in steps of so many bytes.
    static let stepBytes = 1 << 20
    /// The largest arena: places are numbers of 32 bits, in units of 8 bytes.
    public static var mostBytes: Int { 1 << 35 }
    /// Bytes of a segment, if a message may be as large as the largest frame.
    public static var usualSegmentBytes: Int { 32 << 20 }

    /// How long the records of a segment live.
    enum Life: UInt8, CaseIterable {
        case minutes = 0
        case hour, day, week, state

        init(_ kind: Kind, timeToLive: UInt32) {
            switch timeToLive {
            case _ where kind.isState: self = .state
            // The oldest events go first, so their segments end one after another.
            case _ where kind == .event: self = .hour
            case ...120_000: self = .minutes
            case ...3_600_000: self = .hour
            case ...86_400_000: self = .day
            default: self = .week
            }
        }
    }
    /// This process's knowledge of a segment.
    struct Segment {
        var state = ArenaLayout.SegmentState.free
        var life = Life.minutes
        var used = 0
        var allocated = 0
        /// Records that have not ended, and their bytes.
        var live = 0
        var liveBytes = 0
        /// The order in which segments were opened.
        var number: UInt64 = 0
        /// How far `compact` has come.
        var moved = 0
    }

    let memory: any ArenaMemory
    @usableFromInline let base: UnsafeMutableRawPointer
    let layout: ArenaLayout
    let salt: UInt32
    /// One for each segment of the layout.
    let segments: UnsafeMutablePointer<Segment>
    /// The segment that is being filled, for each life. -1 if there is none.
    var current = InlineArray<5, Int>(repeating: -1)
    var opened: UInt64 = 0
    private var appended: UInt64 = 0
    /// Records that this process has added.
    public var appendedCount: UInt64 { appended }
    public internal(set) var attachment = Attachment()

    deinit { segments.deallocate() }
    /// The numbers of all segments.
    var numbers: Range<Int> { 0..<layout.segments }

    // MARK: words of the head

    /// Ids below it are reserved or given out.
    public var idCeiling: UInt64 {
        get { layout.word(32) }
        set { layout.set(32, newValue) }
    }
    /// The first id that was ever given out here. 0 if none was.
    public var firstId: UInt64 {
        get { layout.word(40) }
        set { layout.set(40, newValue) }
    }
    /// The first id of the cluster's log that was joined last. 0: the records are of one machine alone.
    public var sharedFrom: UInt64 {
        get { layout.word(88) }
        set { layout.set(88, newValue) }
    }
    /// The highest id of a loss that was forgotten.
    public var horizon: UInt64 {
        get { layout.word(48) }
        set { layout.set(48, newValue) }
    }

    /// When the records were last known to be as they are, in two clocks.
    public struct Time: Equatable, Sendable {
        /// The boot of the machine whose monotonic clock it is: its boot id.
        public var boot: [UInt64]
        /// Milliseconds.
        public var monotonic: UInt64
        public var wall: UInt64

        public init(boot: [UInt64], monotonic: UInt64, wall: UInt64) {
            precondition(boot.count == 2, "a boot id has 16 bytes")
            self.boot = boot
            self.monotonic = monotonic
            self.wall = wall
        }
    }
    public var time: Time {
        get {
            Time(boot: [layout.word(72), layout.word(80)], monotonic: layout.word(56), wall: layout.word(64))
        }
        set {
            layout.set(56, newValue.monotonic)
            layout.set(64, newValue.wall)
            layout.set(72, newValue.boot[0])
            layout.set(80, newValue.boot[1])
        }
    }

    // MARK: records

    /// Adds a record. `nil` if there is no room: then nothing has changed. `name` and `extra` have at most 255 bytes.
    public mutating func append(
        _ kind: Kind, flags: UInt8 = 0, id: UInt64 = 0, value: UInt64 = 0, timeToLive: UInt32 = 0,
        owner: UInt32 = .max, name: UnsafeRawBufferPointer = .init(start: nil, count: 0),
        extra: UnsafeRawBufferPointer = .init(start: nil, count: 0),
        body: UnsafeRawBufferPointer = .init(start: nil, count: 0)
    ) -> Ref? {
        precondition(name.count < 256 && extra.count < 256, "a record's names are short")
        let length = Arena.headBytes + name.count + extra.count + body.count
        guard let ref = reserve(length, Life(kind, timeToLive: timeToLive)) else { return nil }
        if kind.version > layout.word(8) { layout.set(8, kind.version) }
        let record = address(ref)
        record.storeBytes(of: UInt32(length), as: UInt32.self)
        let small =
            UInt32(kind.rawValue) | UInt32(name.count) << 8 | UInt32(extra.count) << 16 | UInt32(flags) << 24
        record.storeBytes(of: small, toByteOffset: 8, as: UInt32.self)
        record.storeBytes(of: timeToLive, toByteOffset: 12, as: UInt32.self)
        record.storeBytes(of: id, toByteOffset: 16, as: UInt64.self)
        record.storeBytes(of: value, toByteOffset: 24, as: UInt64.self)
        record.storeBytes(of: UInt32(State.live.rawValue), toByteOffset: 32, as: UInt32.self)
        record.storeBytes(of: owner, toByteOffset: 36, as: UInt32.self)
        var rest = record + Arena.headBytes
        for part in [name, extra, body] where part.count > 0 {
            rest.copyMemory(from: part.baseAddress.unsafelyUnwrapped, byteCount: part.count)
            rest += part.count
        }
        commit(ref, length)
        return ref
    }
    /// Room behind the last record of a segment. Its memory is usable.
    private mutating func reserve(_ length: Int, _ life: Life) -> Ref? {
        let room = (length + 7) & ~7
        guard room <= layout.segmentBytes else { return nil }
        var segment = current[Int(life.rawValue)]
        if segment < 0 || segments[segment].used + room > layout.segmentBytes {
            guard let free = open(life, room) else { return nil }
            segment = free
        }
        guard grow(segment, to: segments[segment].used + room) else { return nil }
        return Ref(offset: layout.offset(segment) + segments[segment].used)
    }
    private mutating func commit(_ ref: Ref, _ length: Int) {
        let record = Record(UnsafeRawPointer(address(ref)))
        address(ref).storeBytes(
            of: record.computedChecksum(salt), toByteOffset: 4, as: UInt32.self)
        let (segment, room) = (layout.segment(of: ref), (length + 7) & ~7)
        segments[segment].used += room
        segments[segment].live += 1
        segments[segment].liveBytes += room
        appended += 1
        mc_store_release(layout.entry(segment), UInt64(segments[segment].used))
    }

    /// A record counts no more. Its bytes may go at once.
    public mutating func end(_ ref: Ref, _ state: State) {
        assert(record(ref).state == .live, "a record ends once")
        let room = Record(UnsafeRawPointer(address(ref))).room
        address(ref).storeBytes(of: state.rawValue, toByteOffset: 32, as: UInt8.self)
        let segment = layout.segment(of: ref)
        segments[segment].live -= 1
        segments[segment].liveBytes -= room
        if segments[segment].live == 0 { emptied(segment) }
    }

    // MARK: segments

    /// A free segment is to be filled. `nil` if there is none, or no memory.
    private mutating func open(_ life: Life, _ room: Int) -> Int? {
        guard let free = numbers.first(where: { segments[$0].state == .free }), grow(free, to: room) else { return nil }
        let last = current[Int(life.rawValue)]
        opened += 1
        segments[free].life = life
        segments[free].state = .used
        segments[free].number = opened
        layout.entry(free).storeBytes(of: life.rawValue, toByteOffset: 16, as: UInt8.self)
        layout.entry(free).storeBytes(
            of: ArenaLayout.SegmentState.used.rawValue, toByteOffset: 17, as: UInt8.self)
        current[Int(life.rawValue)] = free
        if last >= 0, segments[last].live == 0 { release(last) }
        return free
    }
    /// Makes the first bytes of a segment usable.
    private mutating func grow(_ segment: Int, to bytes: Int) -> Bool {
        let has = segments[segment].allocated
        guard bytes > has else { return true }
        let wants = min(layout.segmentBytes, (bytes + Arena.stepBytes - 1) / Arena.stepBytes * Arena.stepBytes)
        guard memory.allocate(offset: layout.offset(segment) + has, count: wants - has) else { return false }
        segments[segment].allocated = wants
        layout.entry(segment).storeBytes(of: UInt64(wants), toByteOffset: 8, as: UInt64.self)
        return true
    }
    /// All records of a segment have ended. One that is being filled begins again at its front: the memory is there.
    private mutating func emptied(_ segment: Int) {
        guard segments[segment].state == .used else { return }
        guard current[Int(segments[segment].life.rawValue)] == segment, segments[segment].allocated <= Arena.stepBytes
        else { return release(segment) }
        guard segments[segment].used >= segments[segment].allocated / 2 else { return }
        segments[segment].used = 0
        mc_store_release(layout.entry(segment), 0)
    }
    mutating func release(_ segment: Int) {
        // If the process dies in between, the segment is empty, and its memory is given back by the next process.
        mc_store_release(layout.entry(segment), 0)
        layout.entry(segment).storeBytes(of: UInt8(0), toByteOffset: 17, as: UInt8.self)
        layout.entry(segment).storeBytes(of: UInt64(0), toByteOffset: 8, as: UInt64.self)
        memory.release(offset: layout.offset(segment), count: segments[segment].allocated)
        let life = Int(segments[segment].life.rawValue)
        if current[life] == segment { current[life] = -1 }
        segments[segment] = Segment()
    }

    // MARK: figures

    public struct Figures: Equatable, Sendable {
        /// Bytes of records that count, of all records, and of memory.
        public var live = 0
        public var used = 0
        public var allocated = 0
        public var records = 0
        public var segments = 0
        public var damaged = 0
        /// Records that this process has added.
        public var appended: UInt64 = 0

        init(appended: UInt64) { self.appended = appended }
    }
    public var figures: Figures {
        numbers.reduce(into: Figures(appended: appended)) { sum, number in
            let segment = segments[number]
            guard segment.state != .free else { return }
            sum.live += segment.liveBytes
            sum.used += segment.used
            sum.allocated += segment.allocated
            sum.records += segment.live
            sum.segments += 1
            if segment.state == .damaged { sum.damaged += 1 }
        }
    }
}
