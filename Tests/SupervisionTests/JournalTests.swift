import Stats
import Testing

@testable import Supervision

/// The memory of the queue outlives the manager, unless managers die of it.
@Suite struct JournalTests {
    private func setsAside(_ orders: [FleetAction]) -> Bool { orders.contains(.setJournalAside) }

    @Test func secondEarlyDeath_setsTheMemoryAside_beforeTheNextStart() {
        let scene = Scene()
        scene.begin()
        scene.wait(3000)
        #expect(!setsAside(scene.crash(.manager)))
        let start = scene.wait(1000)
        #expect(start.contains { $0 == .start(CopyName(.manager, 2)) })
        let orders = scene.crash(.manager) + scene.wait(60_000)
        let aside = orders.firstIndex(of: .setJournalAside)
        let next = orders.firstIndex(of: .start(CopyName(.manager, 3)))
        #expect(aside != nil && next != nil && aside! < next!, "\(orders)")
        let told = scene.events.filter { $0.kind == "JOURNAL_SET_ASIDE" }
        #expect(told.count == 1 && told[0].severity == .critical && told[0].text.contains("megacomet journal"))
    }

    /// The count begins anew with the fresh memory, and with a manager that lived for long.
    @Test func countBeginsAnew_withAFreshMemory_andWithAManagerThatLived() {
        let scene = Scene {
            $0.restart.crashLoopExits = 100
            $0.restart.delayMax = 1000
        }
        scene.begin()
        for expected in [false, true, false, true] {
            #expect(setsAside(scene.crash(.manager)) == expected)
            scene.wait(5000)
        }
        scene.crash(.manager)
        scene.wait(60_000)
        #expect(!setsAside(scene.crash(.manager)), "it had lived for long")
        scene.wait(40_000)
        scene.crash(.manager)
        scene.wait(40_000)
        #expect(scene.told("JOURNAL_SET_ASIDE") == 2)
    }

    /// Whoever kills the manager twice must not lose what it kept. An exit that says why is no riddle either.
    @Test(arguments: [Ending(signal: 9), Ending(signal: 15), Ending(code: 0), Ending(code: 69), Ending()])
    func deathFromOutside_saysNothing(_ ending: Ending) {
        let scene = Scene()
        scene.begin()
        for _ in 0..<4 {
            guard let copy = scene.main(.manager) else { break }
            #expect(!setsAside(scene.exit(copy, code: ending.code, signal: ending.signal)))
            scene.wait(1000)
        }
    }

    /// A memory that takes more than the machine has, or that nobody can read to its end.
    @Test func managerThatIsNeverReady_isAnEarlyDeath_howeverItEnds() throws {
        let scene = Scene { $0.restart.delayMax = 100 }
        scene.becomesReady = false
        scene.begin()
        for expected in [false, true] {
            scene.wait(12_000)
            let copy = try #require(scene.main(.manager))
            #expect(setsAside(scene.exit(copy, signal: 9)) == expected)
            scene.wait(1000)
        }
    }

    /// Another version wrote it, so trying again is of no use.
    @Test func memoryThatTheManagerRefuses_isSetAsideAtOnce_andTheManagerIsNotHeld() throws {
        let scene = Scene()
        scene.begin()
        let copy = try #require(scene.main(.manager))
        #expect(setsAside(scene.exit(copy, code: 65)))
        #expect(scene.events.contains { $0.kind == "JOURNAL_SET_ASIDE" && $0.text.contains("can't take it") })
        scene.wait(1000)
        #expect(scene.state(.manager) == .ready)
    }

    @Test func managerWithoutTheMemory_orAnotherProcess_hasNothingToSetAside() {
        let scene = Scene()
        scene.givesJournal = false
        scene.begin()
        for _ in 0..<4 {
            #expect(!setsAside(scene.crash(.manager)))
            #expect(!setsAside(scene.crash(w0)))
            scene.wait(1000)
        }
    }

    @Test func orderedEnds_areNoDeaths() throws {
        let scene = Scene()
        scene.begin()
        scene.crash(.manager)
        scene.wait(1000)
        scene.perform(try scene.fleet.restart(.manager, isHasty: true, by: "x", now: scene.now))
        let copy = try #require(scene.main(.manager))
        #expect(!setsAside(scene.exit(copy, signal: 11)))
    }
}
