import Store
import Testing
import Wire

@testable import Comet

/// A manager that dies, and the next one on the same memory. Answered publishes are there again, and none comes twice.
@Suite struct RecoveryTests {
    /// A board whose manager can be replaced. Its workers live on.
    private final class Life {
        let memory = HeapMemory(capacity: 64 << 20)
        var board: Board
        init() { board = Life.start(memory, now: 5_000_000) }
        private static func start(_ memory: HeapMemory, now: UInt64, _ time: Arena.Time? = nil) -> Board {
            do {
                let arena = try Arena(memory, segmentBytes: 1 << 20, salt: 3)
                let board = Board(arena: arena)
                board.now = now
                _ = board.board.recover(now: now, time)
                return board
            } catch { preconditionFailure("\(error)") }
        }
        /// The first manager, in a boot of the machine at this time of the wall clock.
        func start(boot: UInt64, wall: UInt64) {
            board = Life.start(
                memory, now: board.now, Arena.Time(boot: [boot, 0], monotonic: board.now, wall: wall))
        }
        func die(boot: UInt64, wall: UInt64, now: UInt64) {
            board = Life.start(memory, now: now, Arena.Time(boot: [boot, 0], monotonic: now, wall: wall))
        }
        /// The manager is killed, and the next one starts.
        func die() { board = Life.start(memory, now: board.now + 50) }
    }

    @Test func waitingMessages_comeWithTheirIdsAndTimes() {
        let life = Life()
        life.board.publish("a", "1")
        life.board.publish("a", "2", ttl: 1000)
        life.board.publish("b", "3")
        life.die()
        let worker = life.board.worker(0)
        life.board.wait(2000)
        life.board.poll(worker, "a", cursor: 0, tag: 1)
        #expect(life.board.told(worker) == ["1: 1 gap more", "1: gap"], "the cursor passes the loss")
        #expect(life.board.board.queue.depth == 2)
        life.board.poll(worker, "a", cursor: life.board.board.cursor, tag: 2)
        #expect(life.board.publish("c", "4") != .full)
        life.board.checkBooks()
    }

    @Test func idsGrow_andACursorFromBefore_isNoGap() {
        let life = Life()
        let worker = life.board.worker(0)
        life.board.poll(worker, "a", cursor: 0, tag: 1)
        guard case .sent(let first) = life.board.publish("a", "1") else { return #expect(Bool(false)) }
        _ = life.board.frames(worker)
        life.die()
        let next = life.board.worker(0)
        life.board.poll(next, "a", cursor: first, tag: 2)
        #expect(life.board.told(next) == [])
        guard case .sent(let second) = life.board.publish("a", "2") else { return #expect(Bool(false)) }
        #expect(second > first)
        #expect(life.board.told(next) == ["2: 2"])
    }

    @Test func whatWasSentAndNotAcknowledged_comesAgain_andWhatWasAcknowledgedDoesNot() {
        let life = Life()
        let worker = life.board.worker(0)
        life.board.subscribe("a", to: "room")
        life.board.publish(to: .channel("room"), "1")
        life.board.publish(to: .channel("room"), "2")
        life.board.poll(worker, "a", cursor: 0, tag: 1)
        _ = life.board.frames(worker)
        life.board.poll(worker, "a", cursor: id(0), tag: 2)
        life.die()
        let next = life.board.worker(0)
        life.board.poll(next, "a", cursor: 0, tag: 3)  // an older cursor: the first is acknowledged all the same
        #expect(life.board.told(next) == ["3: 2"])
        #expect(life.board.board.subscriptionCount == 1)
    }

    @Test func subscriptionsAndUsers_areThereAgain() {
        let life = Life()
        let worker = life.board.worker(0)
        life.board.poll(worker, "42:a", cursor: 0, tag: 1)
        life.board.subscribe("42:a", "b", to: "room")
        life.board.publish(to: .user("42"), "u")
        _ = life.board.frames(worker)
        life.board.poll(worker, "42:a", cursor: id(0), tag: 2)
        life.board.unsubscribe("b", from: "room")
        life.die()
        let next = life.board.worker(0)
        life.board.poll(next, "42:a", cursor: id(0), tag: 3)
        life.board.poll(next, "42:b", cursor: 0, tag: 4)
        life.board.publish(to: .user("42"), "v")
        #expect(life.board.told(next) == ["3,4: v"], "the second tab does not get what the first has acknowledged")
        life.board.poll(next, "42:a", cursor: life.board.board.cursor, tag: 5)
        life.board.publish(to: .channel("room"), "w")
        #expect(life.board.told(next) == ["5: w"])
        #expect(life.board.board.subscriptionCount == 1)
    }

    @Test func once_andLatest_andClients_holdOverTheDeath() {
        let life = Life()
        life.board.subscribe("a", to: "prices")
        let first = life.board.publish(to: .channel("prices"), "1", latest: "gold", once: "p1")
        life.board.publish(to: .clients(["x", "y"]), "7")
        life.die()
        #expect(life.board.publish(to: .channel("prices"), "1", latest: "gold", once: "p1") == .again(first))
        life.board.publish(to: .channel("prices"), "2", latest: "gold")
        #expect(life.board.board.channelBooks.depth == 1)
        let worker = life.board.worker(0)
        life.board.poll(worker, "x", tag: 1)
        life.board.poll(worker, "y", cursor: 0, tag: 2)
        #expect(life.board.told(worker) == ["1: 7", "2: 7"])
        life.board.checkBooks()
    }

    @Test func aClientWithoutACursor_isNotHandedAgain_whatItWasHandedForGood() {
        let life = Life()
        let worker = life.board.worker(0)
        life.board.publish("a", "1")
        life.board.poll(worker, "a", tag: 1)
        #expect(life.board.told(worker) == ["1: 1"])
        life.die()
        let next = life.board.worker(0)
        life.board.poll(next, "a", tag: 2)
        #expect(life.board.told(next) == [])
    }

    @Test func whatAWorkerKeptForTheNextManager_isTaken() {
        let life = Life()
        let worker = life.board.worker(0)
        life.board.poll(worker, "a", tag: 1)
        life.board.publish("a", "1")
        guard let sent = life.board.frames(worker).first else { return #expect(Bool(false)) }
        life.die()
        let next = life.board.worker(0)
        life.board.giveBack(next, sent)
        life.board.poll(next, "a", tag: 2)
        #expect(life.board.told(next) == ["2: 1"])
        life.board.checkBooks()
    }

    @Test func losses_areToldAfterTheDeath_too() {
        let life = Life()
        life.board.publish("a", "1", ttl: 1000)
        life.board.wait(2000)
        life.die()
        let worker = life.board.worker(0)
        life.board.poll(worker, "a", cursor: 0, tag: 1)
        #expect(life.board.told(worker) == ["1: gap"])
    }

    /// A manager that is killed while it moves records forward leaves some of them twice.
    @Test func whatIsThereTwice_isTakenOnce_andNothingIsLeftInTheEnd() {
        let life = Life()
        let worker = life.board.worker(0)
        life.board.poll(worker, "42:a", cursor: 0, tag: 1)
        life.board.subscribe("42:a", "b", to: "room")
        life.board.publish(to: .clients(["x", "y"]), "7", once: "p1")
        life.board.publish(to: .channel("room"), "1", latest: "gold")
        life.board.publish("z", "8")
        life.board.publish("lost", "9", ttl: 1)
        life.board.wait(1000)
        life.board.repeatRecords()
        life.die()
        let next = life.board.worker(0)
        life.board.poll(next, "x", cursor: 0, tag: 2)
        life.board.poll(next, "42:a", cursor: 0, tag: 3)
        life.board.poll(next, "lost", cursor: 0, tag: 4)
        #expect(life.board.told(next) == ["2: 7", "3: 1", "4: gap"])
        #expect(life.board.board.kept.messages == 4 && life.board.board.subscriptionCount == 2)
        life.board.checkBooks()
        life.board.close(next)
        life.board.wait(2_000_000)
        #expect(life.board.board.clientCount == 0 && life.board.board.channelCount == 0)
        #expect(life.board.board.arenaFigures.records == 0)
    }

    @Test func afterDamage_whoComesWithAnOlderCursor_isToldOfAGap() {
        let life = Life()
        let worker = life.board.worker(0)
        life.board.subscribe("reader", to: "room")
        life.board.poll(worker, "reader", cursor: 0, tag: 1)
        life.board.publish("a", "\"damaged\"")
        let cursor = life.board.board.cursor
        life.board.poll(worker, "reader", cursor: cursor, tag: 2)
        life.memory.replace("damaged", by: "DAMAGED")
        life.die()
        let next = life.board.worker(0)
        life.board.poll(next, "a", cursor: cursor - 1, tag: 3, atOnce: true)
        life.board.poll(next, "reader", cursor: cursor, tag: 4, atOnce: true)
        #expect(life.board.told(next) == ["3: gap", "4: gap"])
        life.die()
        let last = life.board.worker(0)
        life.board.poll(last, "reader", cursor: life.board.board.cursor, tag: 5, atOnce: true)
        #expect(life.board.told(last) == ["5: "], "it is told once")
    }

    // MARK: another boot of the machine

    /// A message with a minute to live waits, and the machine is started again. The result is whether it waits so many
    /// milliseconds after the start.
    private func waits(_ milliseconds: UInt64, wall: Int64) -> Bool {
        let life = Life()
        life.start(boot: 1, wall: 1_000_000)
        life.board.publish("a", "1", ttl: 60_000)
        life.die(boot: 2, wall: UInt64(1_000_000 + wall), now: 77_000)
        life.board.wait(milliseconds)
        return life.board.presence("a").queued == 1
    }

    @Test func afterAnotherBoot_theWallClockSaysHowLongTheMachineWasAway() {
        #expect(waits(29_000, wall: 30_000))
        #expect(!waits(31_000, wall: 30_000))
    }
    @Test func aClockThatWasSetBack_keepsMessagesForWhatTheyHadLeft_andNotForEver() {
        #expect(waits(59_000, wall: -500_000))
        #expect(!waits(61_000, wall: -500_000))
    }
    @Test func aClockThatWasSetForward_throwsNotAllAway() {
        #expect(waits(9_000, wall: 500_000_000))
        #expect(!waits(11_000, wall: 500_000_000))
    }
}

extension Board {
    /// Every record that counts is there once more.
    fileprivate func repeatRecords() {
        var refs: [Arena.Ref] = []
        board.logs.arena.forEachLive { ref, _ in refs.append(ref) }
        for ref in refs {
            let record = board.logs.arena.record(ref)
            _ = board.logs.arena.append(
                record.kind, flags: record.flags, id: record.id, value: record.value, timeToLive: record.timeToLive,
                owner: record.owner, name: record.name, extra: record.extra, body: record.body)
        }
    }
}

extension HeapMemory {
    /// Writes over a text in the memory.
    fileprivate func replace(_ old: String, by new: String) {
        let (old, new) = (Array(old.utf8), Array(new.utf8))
        let bytes = UnsafeMutableRawBufferPointer(start: base, count: 8 << 20)
        for at in stride(from: 0, to: bytes.count - old.count, by: 1)
        where bytes[at] == old[0] && bytes[at..<at + old.count].elementsEqual(old) {
            for index in new.indices { bytes[at + index] = new[index] }
        }
    }
}
