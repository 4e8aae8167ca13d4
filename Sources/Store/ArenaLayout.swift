// The beginning of an arena: a page with its head, and then a table of its segments, 32 bytes each. All numbers are in
// the byte order of the machine.
//
//     offset  0      8        16             24    32          40        48       56         64    72
//             magic  version  segment bytes  salt  id ceiling  first id  horizon  monotonic  wall  boot id (16 bytes)
//     offset  88
//             first id of the shared log
//
//     segment, offset  0     8          16
//                      used  allocated  class (1 byte), state (1 byte)
struct ArenaLayout {
    static let magic: UInt64 = 0x314E_4552_4143_434D  // "MCCAREN1"
    /// Version 2 has revocations, and version 3 has events, receipts and readers. A program of an earlier version takes
    /// them for damage. So memory has the version of the newest kind of record that was ever in it.
    static let versions: ClosedRange<UInt64> = 1...3
    static let entryBytes = 32

    let base: UnsafeMutableRawPointer
    let capacity: Int
    let segmentBytes: Int
    /// Segments, and where the first of them begins.
    let count: Int
    let start: Int

    init(_ base: UnsafeMutableRawPointer, capacity: Int, segmentBytes: Int) {
        self.base = base
        self.capacity = capacity
        self.segmentBytes = segmentBytes
        let room = max(0, capacity - Arena.pageBytes)
        count = room / (segmentBytes + ArenaLayout.entryBytes)
        start = ArenaLayout.pages(Arena.pageBytes + count * ArenaLayout.entryBytes)
    }
    /// So many bytes in whole pages.
    static func pages(_ bytes: Int) -> Int { (bytes + Arena.pageBytes - 1) / Arena.pageBytes * Arena.pageBytes }
    /// The last segment may be cut off by the table.
    var segments: Int { min(count, (capacity - start) / segmentBytes) }

    /// A word of the head, by its offset.
    func word(_ offset: Int) -> UInt64 { base.load(fromByteOffset: offset, as: UInt64.self) }
    func set(_ offset: Int, _ value: UInt64) { base.storeBytes(of: value, toByteOffset: offset, as: UInt64.self) }

    // MARK: segments

    func entry(_ segment: Int) -> UnsafeMutableRawPointer {
        base + Arena.pageBytes + segment * ArenaLayout.entryBytes
    }
    /// The offset of a segment.
    func offset(_ segment: Int) -> Int { start + segment * segmentBytes }
    func segment(of ref: Arena.Ref) -> Int { (ref.offset - start) / segmentBytes }

    enum SegmentState: UInt8 {
        case free = 0
        case used = 1
        /// A record of it is damaged. The records before that count. The segment is not written to again.
        case damaged = 2
    }
}
