import TestSupport
import Testing

@testable import Store

private struct Item {
    var name: Int
    var inOrder = Neighbours<Item>()
    var inTime = Neighbours<Item>()
}
private enum InOrder: ListField {
    static func neighbours(_ record: UnsafeMutablePointer<Item>) -> UnsafeMutablePointer<Neighbours<Item>> {
        withUnsafeMutablePointer(to: &record.pointee.inOrder) { $0 }
    }
}
private enum InTime: ListField {
    static func neighbours(_ record: UnsafeMutablePointer<Item>) -> UnsafeMutablePointer<Neighbours<Item>> {
        withUnsafeMutablePointer(to: &record.pointee.inTime) { $0 }
    }
}
extension SlotList where Record == Item {
    /// The names from first to last. They must be the same backwards.
    fileprivate func names(_ slab: borrowing Slab<Item>) -> [Int] {
        var (forwards, backwards): ([Int], [Int]) = ([], [])
        var slot = first
        while let current = slot {
            forwards.append(slab.pointer(current).pointee.name)
            slot = SlotList.next(current, in: slab)
        }
        slot = last
        while let current = slot {
            backwards.append(slab.pointer(current).pointee.name)
            slot = SlotList.previous(current, in: slab)
        }
        #expect(forwards == backwards.reversed())
        #expect(isEmpty == forwards.isEmpty)
        return forwards
    }
}

@Suite struct SlotListTests {
    @Test func slots_takeFourBytes_andNoneIsNoRecord() {
        #expect(MemoryLayout<Slot<Item>>.size == 4 && MemoryLayout<SlotList<InOrder>>.size == 8)
        #expect(Slot<Item>.none.known == nil)
        #expect(Slot<Item>(7).known == Slot(7))
    }

    @Test func aRecord_isInTwoListsAtOnce() {
        var slab = Slab<Item>()
        let slots = (0..<3).map { slab.insert(Item(name: $0)) }
        var order = SlotList<InOrder>()
        var time = SlotList<InTime>()
        for slot in slots {
            order.append(slot, in: slab)
            time.prepend(slot, in: slab)
        }
        #expect(order.names(slab) == [0, 1, 2])
        #expect(time.names(slab) == [2, 1, 0])
        order.remove(slots[1], in: slab)
        #expect(order.names(slab) == [0, 2])
        #expect(time.names(slab) == [2, 1, 0])
    }

    @Test func anyChanges_leaveTheListAsAnArrayWouldBe() {
        var slab = Slab<Item>()
        var list = SlotList<InOrder>()
        var model: [Slot<Item>] = []
        var random = SeededRandom(9)
        for step in 0..<20_000 {
            if model.isEmpty || random.next() % 100 < (step / 5000 % 2 == 0 ? 55 : 45) {
                let slot = slab.insert(Item(name: step))
                let at = Int(random.next() % UInt64(model.count + 1))
                list.insert(slot, after: at == 0 ? nil : model[at - 1], in: slab)
                model.insert(slot, at: at)
            } else {
                let slot = model.remove(at: Int(random.next() % UInt64(model.count)))
                list.remove(slot, in: slab)
                slab.remove(slot)
            }
            if step % 500 == 0 { #expect(list.names(slab) == model.map { slab.pointer($0).pointee.name }) }
        }
    }
}

@Suite struct EntryTests {
    @Test func aField_isChangedWhereTheRecordLies() {
        var slab = Slab<Item>()
        let slot = slab.insert(Item(name: 1))
        let entry = slab[slot]
        entry.name += 1
        #expect(slab.pointer(slot).pointee.name == 2 && entry.name == 2)
    }
}
