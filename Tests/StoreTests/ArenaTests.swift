import Glibc
import Testing

@testable import Store

/// The arena as the next process finds it: on the same memory, with nothing else left of the first one.
@Suite struct ArenaTests {
    private func arena(_ memory: any ArenaMemory, _ segmentBytes: Int = 64 << 10) throws -> Arena {
        try Arena(memory, segmentBytes: segmentBytes, salt: 0x5EED)
    }
    private func bytes(_ text: String) -> UnsafeRawBufferPointer {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
        copy.copyBytes(from: text.utf8)
        return UnsafeRawBufferPointer(copy)
    }
    private func live(_ arena: borrowing Arena) -> [String] {
        var found: [String] = []
        arena.forEachLive { _, record in
            found.append(
                "\(record.id) \(String(decoding: record.name, as: UTF8.self)) "
                    + "\(String(decoding: record.body, as: UTF8.self)) \(record.value)")
        }
        return found
    }

    /// The value changes in place, so no checksum holds it. Its readers bound it.
    private func withoutValue(_ record: String) -> String {
        record.split(separator: " ").dropLast().joined(separator: " ")
    }

    @Test func theNextProcess_findsWhatHasNotEnded() throws {
        let memory = HeapMemory(capacity: 1 << 20)
        do {
            var arena = try arena(memory)
            arena.firstId = 7
            arena.idCeiling = 99
            let one = arena.append(.message, id: 8, value: 5, timeToLive: 60_000, name: bytes("a"), body: bytes("1"))
            let two = arena.append(.message, id: 9, value: 5, timeToLive: 60_000, name: bytes("b"), body: bytes("22"))
            let state = arena.append(.subscription, id: 3, value: 4, name: bytes("c"), extra: bytes("room"))
            guard let one, let two, let state else { return #expect(Bool(false)) }
            #expect(two != one)
            arena.end(one, .acknowledged)
            arena.set(state, value: 44)
        }
        let next = try arena(memory)
        #expect(live(next) == ["9 b 22 5", "3 c  44"])
        #expect(next.firstId == 7 && next.idCeiling == 99)
        #expect(
            next.attachment
                == {
                    var a = Attachment()
                    a.records = 3
                    a.live = 2
                    a.isFresh = false
                    return a
                }())
    }

    @Test func whatHasEnded_givesItsMemoryBack() throws {
        let memory = HeapMemory(capacity: 2 << 20)
        var arena = try arena(memory)
        let body = bytes(String(repeating: "x", count: 1000))
        for round in 0..<100 {
            var refs: [Arena.Ref] = []
            for _ in 0..<500 {
                guard let ref = arena.append(.message, id: UInt64(round), timeToLive: 1000, body: body) else {
                    return #expect(Bool(false), "full in round \(round)")
                }
                refs.append(ref)
            }
            for ref in refs { arena.end(ref, .expired) }
        }
        #expect(arena.figures.records == 0 && arena.figures.segments <= 1)
    }

    @Test func withoutRoom_nothingChanges_andItGoesOnWhenThereIs() throws {
        let memory = HeapMemory(capacity: 256 << 10)
        var arena = try arena(memory)
        let body = bytes(String(repeating: "x", count: 30_000))
        var refs: [Arena.Ref] = []
        while let ref = arena.append(.message, timeToLive: 1, body: body) { refs.append(ref) }
        #expect(refs.count == 6)
        let before = arena.figures
        let more = arena.append(.message, timeToLive: 1, body: body)
        #expect(more == nil && arena.figures == before)
        let tooLong = arena.append(.message, timeToLive: 1, body: bytes(String(repeating: "x", count: 70_000)))
        #expect(tooLong == nil)
        for ref in refs { arena.end(ref, .dropped) }
        let again = arena.append(.message, timeToLive: 1, body: body)
        #expect(again != nil)
    }

    @Test func aMessageOfAWeek_amongMillionsOfAMinute_holdsTwoSegments() throws {
        let memory = HeapMemory(capacity: 4 << 20)
        var arena = try arena(memory)
        _ = arena.append(.message, id: 1, timeToLive: 604_800_000, body: bytes("week"))
        var window: [Arena.Ref] = []
        for id in 2..<20_000 as Range<UInt64> {
            guard let ref = arena.append(.message, id: id, timeToLive: 60_000, body: bytes("minute")) else { break }
            window.append(ref)
            if window.count > 100 { arena.end(window.removeFirst(), .expired) }
        }
        #expect(window.count == 100)
        #expect(arena.figures.segments <= 3)
        for ref in window { arena.end(ref, .expired) }
        #expect(arena.figures.records == 1 && arena.figures.segments <= 2)
    }

    @Test func whatIsLeftOfAnOldSegment_movesForward() throws {
        let memory = HeapMemory(capacity: 1 << 20)
        var arena = try arena(memory)
        var refs: [UInt32: Arena.Ref] = [:]
        for owner in 0..<3000 as Range<UInt32> {
            refs[owner] = arena.append(.message, id: UInt64(owner), timeToLive: 1000, owner: owner, body: bytes("b"))
        }
        for owner in 0..<3000 as Range<UInt32> where owner % 100 != 0 {
            if let ref = refs.removeValue(forKey: owner) { arena.end(ref, .expired) }
        }
        let before = arena.figures
        var moves: [(UInt32, Arena.Ref, Arena.Ref)] = []
        for _ in 0..<100 where arena.compact(most: 5, moved: { owner, _, from, to in moves.append((owner, from, to)) })
        {}
        for (owner, from, to) in moves {
            #expect(refs[owner] == from)
            refs[owner] = to
        }
        #expect(moves.count > 20 && arena.figures.records == 30)
        #expect(arena.figures.segments < before.segments)
        for (owner, ref) in refs { #expect(arena.record(ref).id == UInt64(owner)) }
        let next = try self.arena(memory)
        #expect(next.attachment.live == 30)
    }

    @Test func anotherVersion_isRefusedByName_andLeftAlone() throws {
        let memory = HeapMemory(capacity: 1 << 20)
        _ = try arena(memory)
        memory.base.storeBytes(of: 9, toByteOffset: 8, as: UInt64.self)
        #expect(throws: ArenaError.version(9)) { _ = try arena(memory) }
        memory.base.storeBytes(of: 0x41, as: UInt64.self)
        #expect(throws: ArenaError.foreign) { _ = try arena(memory) }
        #expect(memory.base.load(as: UInt64.self) == 0x41)
    }

    /// Each damaged arena is read up to the damage, or refused. No record that comes out of it is another one.
    @Test func damage_isFound_andNeverGivesAWrongRecord() throws {
        let capacity = 192 << 10
        let (memory, damaged) = (HeapMemory(capacity: capacity), HeapMemory(capacity: capacity))
        var truth: Set<String> = []
        do {
            var arena = try arena(memory, 16 << 10)
            for id in 1..<200 as Range<UInt64> {
                _ = arena.append(
                    .message, id: id, value: id, timeToLive: id % 2 == 0 ? 1000 : 200_000, name: bytes("c\(id)"),
                    body: bytes(String(repeating: "b", count: Int(id % 50))))
            }
            truth = Set(live(arena).map(withoutValue))
        }
        var random = SeededGenerator(state: 2026)
        let used = 60 << 10
        let isFull = getenv("MEGACOMET_LOAD").map { String(cString: $0) } == "full"
        for _ in 0..<(isFull ? 100_000 : 3000) {
            _ = damaged.allocate(offset: 0, count: capacity)
            damaged.base.copyMemory(from: memory.base, byteCount: capacity)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let at = Int.random(in: 0..<used, using: &random)
                damaged.base.storeBytes(of: UInt8.random(in: 0...255, using: &random), toByteOffset: at, as: UInt8.self)
            }
            guard let next = try? arena(damaged, 16 << 10) else { continue }
            for record in live(next) { #expect(truth.contains(withoutValue(record)), "\(record)") }
        }
    }
}

private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state ^ state >> 29) &* 0xBF58_476D_1CE4_E5B9
    }
}
