import TestSupport
import Testing

@testable import Store

private func withBytes<R>(_ text: String, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    Array(text.utf8).withUnsafeBytes(body)
}

@Suite struct SlabTests {
    struct Record {
        var number: UInt64
        var more: UInt32
    }

    @Test func recordsKeepTheirAddress_whileTheSlabGrows() {
        var slab = Slab<Record>()
        let first = slab.insert(Record(number: 7, more: 1))
        let address = slab.pointer(first)
        for number in 0..<100_000 { _ = slab.insert(Record(number: UInt64(number), more: 2)) }
        #expect(slab.pointer(first) == address)
        #expect(slab.pointer(first).pointee.number == 7)
        #expect(slab.count == 100_001)
    }

    @Test func randomLife_neverMixesTwoRecords() {
        var slab = Slab<Record>(extraBytes: 24)
        var random = SeededRandom(1)
        var model: [Slot<Record>: UInt64] = [:]
        var order: [Slot<Record>] = []
        for step in 0..<200_000 {
            if order.isEmpty || random.next() % 100 < (step / 40_000 % 2 == 0 ? 60 : 40) {
                let number = random.next()
                let slot = slab.insert(Record(number: number, more: UInt32(step)))
                slab.extra(slot).storeBytes(of: ~number, as: UInt64.self)
                #expect(model.updateValue(number, forKey: slot) == nil)
                order.append(slot)
            } else {
                let at = Int(random.next() % UInt64(order.count))
                order.swapAt(at, order.count - 1)
                let slot = order.removeLast()
                let number = model.removeValue(forKey: slot)!
                let extra = slab.extra(slot).load(as: UInt64.self)
                let removed = slab.remove(slot)
                if removed.number != number || extra != ~number { Issue.record("slot \(slot) held another record") }
            }
        }
        #expect(slab.count == model.count)
        for (slot, number) in model where slab.pointer(slot).pointee.number != number {
            Issue.record("slot \(slot) changed")
        }
    }

    @Test func whatRemainsOfARecord_isItself_orWhatItWas_orNothing() {
        var slab = Slab<Record>()
        let slots = (0..<10_000).map { slab.insert(Record(number: UInt64($0) << 32, more: UInt32($0))) }
        #expect(slots.enumerated().allSatisfy { slab.remains($1)?.pointee.more == UInt32($0) })
        slab.remove(slots[5])
        #expect(slab.remains(slots[5])?.pointee.more == 5)
        #expect(slab.remains(Slot(10_000)) == nil && slab.remains(Slot(1 << 30)) == nil && slab.remains(.none) == nil)
        for (number, slot) in slots.enumerated() where number != 5 { slab.remove(slot) }
        #expect(slots.allSatisfy { slab.remains($0) == nil }, "their pages are gone, or begin anew")
        let again = slab.insert(Record(number: 0, more: 77))
        #expect(slots.filter { slab.remains($0) != nil } == [again])
    }

    @Test func emptyPages_areGivenBack() {
        var slab = Slab<Record>()
        let slots = (0..<100_000).map { slab.insert(Record(number: UInt64($0), more: 0)) }
        #expect(slab.memoryBytes >= 1_600_000)
        for slot in slots { slab.remove(slot) }
        #expect(slab.memoryBytes < 50_000)
        let again = slab.insert(Record(number: 5, more: 0))
        #expect(slab.pointer(again).pointee.number == 5)
    }

    @Test func byteStore_keepsEveryLengthApart() {
        var store = ByteStore()
        var handles: [(ByteStore.Handle, [UInt8])] = []
        for round in 0..<50 {
            for length in 0...ByteStore.longest {
                let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ round) }
                let cut = length / 3
                let handle = bytes.withUnsafeBytes { whole in
                    store.store(.init(rebasing: whole[..<cut]), .init(rebasing: whole[cut...]))
                }
                handles.append((handle, bytes))
            }
        }
        for (handle, bytes) in handles where Array(store.bytes(handle)) != bytes {
            Issue.record("\(bytes.count) bytes changed")
        }
        for (handle, _) in handles { store.release(handle) }
        #expect(store.count == 0)
    }

    @Test func forEach_visitsWhatIsHeld_once() {
        var slab = Slab<UInt64>()
        var held: [Slot<UInt64>: UInt64] = [:]
        var random = SeededRandom(5)
        for number in 0..<60_000 as Range<UInt64> {
            // The slab grows over many pages, then shrinks until whole pages are freed.
            if number < 30_000 || random.next() % 8 == 0 { held[slab.insert(number)] = number }
            if random.next() % 3 == 0 || number >= 30_000, let victim = held.keys.first {
                slab.remove(victim)
                held[victim] = nil
            }
            if number % 10_000 == 0 || number > 59_990 {
                var seen: [Slot<UInt64>: UInt64] = [:]
                slab.forEach { slot, element in seen[slot] = element.pointee }
                #expect(seen == held)
                // One by one, page by page, they are the same in the same order.
                for page in 0..<slab.pages {
                    var (all, one): ([Slot<UInt64>], [Slot<UInt64>]) = ([], [])
                    slab.forEach(page: page) { slot, _ in all.append(slot) }
                    while let next = slab.next(page: page, after: one.last) { one.append(next) }
                    #expect(one == all)
                }
            }
        }
    }

    @Test func tenByteIds_costSixteenBytes() {
        var store = ByteStore()
        for number in 0..<100_000 { _ = withBytes("client\(1000 + number % 9000)") { store.store($0) } }
        #expect(store.memoryBytes < 100_000 * 17)
    }

    @Test func index_findsWhatWasInserted_andNothingElse() {
        var index = IdIndex(seed: 42)
        var ids: [String] = []
        var removed: Set<UInt32> = []
        var random = SeededRandom(3)
        func hash(_ id: String, _ index: borrowing IdIndex) -> UInt64 { withBytes(id) { index.hash($0) } }
        for number in 0..<20_000 {
            ids.append("user-\(number)")
            let own = IdIndex(seed: 42)
            index.insert(UInt32(number), hash(ids[number], index), hashOf: { hash(ids[Int($0)], own) })
            if number % 3 == 0 {
                let victim = UInt32(random.next() % UInt64(number + 1))
                if removed.insert(victim).inserted { index.remove(victim, hash(ids[Int(victim)], index)) }
            }
        }
        #expect(index.count == ids.count - removed.count)
        for number in 0..<UInt32(ids.count) {
            let found = index.find(hash(ids[Int(number)], index)) { ids[Int($0)] == ids[Int(number)] }
            if found != (removed.contains(number) ? nil : number) {
                Issue.record("id \(number) found as \(String(describing: found))")
            }
        }
        #expect(index.find(hash("nobody", index)) { ids[Int($0)] == "nobody" } == nil)
        for number in 0..<UInt32(ids.count) where !removed.contains(number) {
            index.remove(number, hash(ids[Int(number)], index))
        }
        #expect(index.count == 0)
    }

    @Test func index_staysUnderSevenBytesAnId() {
        let index = IdIndex(seed: 9)
        let hasher = IdIndex(seed: 9)
        func hash(_ slot: UInt32) -> UInt64 { withUnsafeBytes(of: slot) { hasher.hash($0) } }
        for slot in 0..<UInt32(100_000) { index.insert(slot, hash(slot), hashOf: hash) }
        #expect(index.memoryBytes < 700_000)
    }

    @Test func hashes_dependOnTheSeed() {
        #expect(withBytes("c1") { IdIndex(seed: 1).hash($0) } != withBytes("c1") { IdIndex(seed: 2).hash($0) })
    }
}
