import CStore

/// Why memory is not taken for an arena.
public enum ArenaError: Error, Equatable, CustomStringConvertible {
    /// It was written by a program that has another form for it.
    case version(UInt64)
    /// It is no arena, and is not empty either.
    case foreign
    /// It is too small, or has no room for the head.
    case noRoom

    public var description: String {
        switch self {
        case .version(let version):
            "the memory of the queue has version \(version), this program takes versions up to "
                + "\(ArenaLayout.versions.upperBound)"
        case .foreign: "the memory of the queue has something else in it"
        case .noRoom: "there is no memory for the queue"
        }
    }
}

/// The findings when an arena was taken up.
public struct Attachment: Equatable, Sendable {
    public var records = 0
    public var live = 0
    /// Segments with a damaged record. What stands before it in the segment counts.
    public var damaged = 0
    /// One of them was whole when it was written.
    public var isDamagedAnew = false
    /// Bytes at the ends of segments that a failure of power left unfinished. They are cut off.
    public var torn = 0
    /// The memory was empty.
    public var isFresh = true

    public init() {}
}

extension Arena {
    /// Takes up what the memory has, or begins anew if it is empty. `salt` is random, for memory that is empty.
    /// `mayBeTorn`: the memory is a file, and what was written last may not be in it. So a damaged record that no other
    /// follows is an unfinished end.
    public init(
        _ memory: any ArenaMemory, segmentBytes: Int = Arena.usualSegmentBytes, salt: UInt32, mayBeTorn: Bool = false
    ) throws(ArenaError) {
        let (layout, isFresh) = try Arena.layout(memory, segmentBytes)
        self.memory = memory
        self.layout = layout
        base = memory.base
        segments = .allocate(capacity: layout.segments)
        segments.initialize(repeating: Segment(), count: layout.segments)
        if isFresh {
            layout.set(8, ArenaLayout.versions.lowerBound)
            layout.set(16, UInt64(segmentBytes))
            layout.set(24, UInt64(salt))
            mc_store_release(layout.base, ArenaLayout.magic)
        }
        self.salt = UInt32(truncatingIfNeeded: layout.word(24))
        attachment.isFresh = isFresh
        if !isFresh { for segment in 0..<layout.segments { attach(segment, mayBeTorn) } }
    }
    /// The layout of the memory, and whether the memory is empty.
    private static func layout(_ memory: any ArenaMemory, _ segmentBytes: Int) throws(ArenaError) -> (ArenaLayout, Bool)
    {
        guard memory.capacity >= 2 * Arena.pageBytes, memory.capacity <= Arena.mostBytes,
            memory.allocate(offset: 0, count: Arena.pageBytes)
        else { throw .noRoom }
        let first = ArenaLayout(memory.base, capacity: memory.capacity, segmentBytes: segmentBytes)
        let isFresh = first.word(0) == 0
        if !isFresh {
            guard first.word(0) == ArenaLayout.magic else { throw .foreign }
            guard ArenaLayout.versions.contains(first.word(8)) else { throw .version(first.word(8)) }
        }
        let bytes = isFresh ? segmentBytes : Int(truncatingIfNeeded: first.word(16))
        guard bytes >= Arena.pageBytes, bytes % Arena.pageBytes == 0, bytes <= memory.capacity else { throw .foreign }
        let layout = ArenaLayout(memory.base, capacity: memory.capacity, segmentBytes: bytes)
        guard layout.segments > 0, layout.start <= memory.capacity,
            memory.allocate(offset: Arena.pageBytes, count: layout.start - Arena.pageBytes)
        else { throw .noRoom }
        return (layout, isFresh)
    }
    /// An arena of the heap, for programs that keep nothing.
    public init() {
        do {
            try self.init(HeapMemory(capacity: 128 << 20), segmentBytes: 8 << 20, salt: 1)
        } catch { preconditionFailure("\(error)") }
    }

    private mutating func attach(_ number: Int, _ mayBeTorn: Bool) {
        let entry = layout.entry(number)
        let used = entry.load(as: UInt64.self)
        let allocated = entry.load(fromByteOffset: 8, as: UInt64.self)
        let life = Life(rawValue: entry.load(fromByteOffset: 16, as: UInt8.self))
        let state = ArenaLayout.SegmentState(rawValue: entry.load(fromByteOffset: 17, as: UInt8.self))
        if state == .free || state == .used && used == 0 {
            memory.release(offset: layout.offset(number), count: layout.segmentBytes)
            entry.initializeMemory(as: UInt64.self, repeating: 0, count: 3)
            return
        }
        segments[number].state = .damaged
        guard let life, state != nil, used <= allocated, allocated <= UInt64(layout.segmentBytes),
            allocated % UInt64(Arena.pageBytes) == 0
        else { return damage(number) }
        segments[number].life = life
        segments[number].allocated = Int(allocated)
        opened += 1
        segments[number].number = opened
        var isWhole = scan(number, used: Int(used), life)
        if !isWhole, mayBeTorn, !hasRecord(number, behind: segments[number].used, used: Int(used)) {
            attachment.torn += Int(used) - segments[number].used
            mc_store_release(entry, UInt64(segments[number].used))
            isWhole = true
        }
        guard isWhole, state == .used else { return damage(number) }
        segments[number].state = .used
        if segments[number].live == 0 { release(number) }
    }
    /// Reads the records of a segment. False if one of them is damaged.
    private mutating func scan(_ number: Int, used: Int, _ life: Life) -> Bool {
        let start = UnsafeRawPointer(base + layout.offset(number))
        var at = 0
        while at < used {
            guard let record = Record.check(start + at, room: used - at, salt: salt),
                Life(record.kind, timeToLive: record.timeToLive) == life
            else { return false }
            attachment.records += 1
            if record.state == .live {
                attachment.live += 1
                segments[number].live += 1
                segments[number].liveBytes += record.room
            }
            at += record.room
            segments[number].used = at
        }
        return true
    }
    /// Whether a whole record begins somewhere behind a damaged one.
    private func hasRecord(_ number: Int, behind start: Int, used: Int) -> Bool {
        let base = UnsafeRawPointer(base + layout.offset(number))
        return stride(from: start + 8, to: used, by: 8).contains {
            Record.check(base + $0, room: used - $0, salt: salt) != nil
        }
    }
    private mutating func damage(_ number: Int) {
        attachment.damaged += 1
        if layout.entry(number).load(fromByteOffset: 17, as: UInt8.self) != ArenaLayout.SegmentState.damaged.rawValue {
            // It is not known who lost something: all who come with a cursor from before are told.
            attachment.isDamagedAnew = true
            horizon = max(horizon, idCeiling)
        }
        layout.entry(number).storeBytes(
            of: ArenaLayout.SegmentState.damaged.rawValue, toByteOffset: 17, as: UInt8.self)
    }

    /// Every record that has not ended.
    public func forEachLive(_ body: (Ref, Record) -> Void) {
        for number in numbers where segments[number].state != .free {
            var at = 0
            while at < segments[number].used {
                let ref = Ref(offset: layout.offset(number) + at)
                let record = record(ref)
                if record.state == .live { body(ref, record) }
                at += record.room
            }
        }
    }

    // MARK: moving forward

    /// Moves up to `most` records out of the oldest segment of which less than an eighth counts. `moved` is told of
    /// each; the owner goes on with the new place. True if more is to be moved.
    public mutating func compact(
        most: Int, moved: (_ owner: UInt32, _ kind: Kind, _ from: Ref, _ to: Ref) -> Void
    ) -> Bool {
        guard let number = sparse() else { return false }
        var left = most
        while left > 0, segments[number].moved < segments[number].used {
            let from = Ref(offset: layout.offset(number) + segments[number].moved)
            let record = record(from)
            segments[number].moved += record.room
            guard record.state == .live else { continue }
            left -= 1
            let to = append(
                record.kind, flags: record.flags, id: record.id, value: record.value, timeToLive: record.timeToLive,
                owner: record.owner, name: record.name, extra: record.extra, body: record.body)
            guard let to else {
                // There is no room. It begins again when there is.
                segments[number].moved = 0
                return false
            }
            moved(record.owner, record.kind, from, to)
            // The last record of a segment gives it back.
            end(from, .ended)
            if segments[number].live == 0 { return true }
        }
        return true
    }
    private func sparse() -> Int? {
        var oldest: Int?
        for number in numbers {
            let segment = segments[number]
            guard segment.state == .used, current[Int(segment.life.rawValue)] != number,
                segment.liveBytes * 8 < segment.used
            else { continue }
            if segment.number < oldest.map({ segments[$0].number }) ?? .max { oldest = number }
        }
        return oldest
    }
}
