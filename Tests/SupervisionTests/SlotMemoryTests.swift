import Foundation
import Testing

@testable import Supervision

/// The exits that one supervisor knows, and the next one takes over.
@Suite struct SlotMemoryTests {
    private func crashed() -> Scene {
        let scene = Scene()
        scene.begin()
        for _ in 0..<3 {
            scene.wait(30_000)
            scene.crash(w0)
        }
        scene.perform((try? scene.fleet.hold(w0, true, by: "test", now: scene.now)) ?? [])
        scene.wait(10_000)
        return scene
    }

    @Test func exits_areCountedOn_underAClockThatBeganAnew() throws {
        let scene = crashed()
        let before = try #require(scene.fleet[w0])
        let wall: Milliseconds = 1_795_615_200_000
        let memory = try #require(scene.fleet.memory(of: w0, wallAhead: wall - scene.now))
        let read = try JSONDecoder().decode(SlotMemory.self, from: try JSONEncoder().encode(memory))

        let now: Milliseconds = 5000  // the machine was started anew, and a second went by
        var next = Fleet(FleetSettings(), seed: 1)
        next.takeUp(read, wallAhead: wall + 1000 - now)
        let after = try #require(next[w0])
        #expect(after.tally == before.tally && after.exitsTotal == 3)
        #expect(after.exits(since: now - 60_000) == 2 && after.exits(since: now - 86_400_000) == 3)
        #expect(
            after.lastExit?.ending == Ending(signal: 11)
                && after.lastExit?.at == now - 1000 - (scene.now - (before.lastExit?.at ?? 0)))
        #expect(after.isWatchdogHeld && after.readyIn == before.readyIn)
        #expect(next.memory(of: w0, wallAhead: wall + 1000 - now) == memory, "and is handed on as it came")
    }
    @Test func memoryOfAnotherVersion_isReadAsFarAsItIsKnown() throws {
        let text =
            #"{"name":"worker-1","starts":3,"exits":2,"hang_kills":1,"hold":false,"failures":[1000,500],"mood":"fine"}"#
        var fleet = Fleet(FleetSettings(), seed: 1)
        fleet.takeUp(try JSONDecoder().decode(SlotMemory.self, from: Data(text.utf8)), wallAhead: 0)
        #expect(fleet[w1]?.exitsTotal == 2 && fleet[w1]?.exits(since: 1200) == 1 && fleet[w1]?.lastExit == nil)
    }
    @Test func memoryOfAWorkerThatIsNoMore_isSkipped() throws {
        let scene = crashed()
        var memory = try #require(scene.fleet.memory(of: w0, wallAhead: 0))
        memory.name = "worker-200"
        let before = scene.fleet.names
        scene.fleet.takeUp(memory, wallAhead: 0)
        #expect(scene.fleet.names == before)
    }
    /// A file that somebody wrote into can't end the supervisor.
    @Test func timesOutOfAllBounds_areNoTrap() {
        var fleet = Fleet(FleetSettings(), seed: 1)
        let exit = SlotMemory.Exit(uptime: .max, at: .min, ordered: false, hung: false)
        fleet.takeUp(
            SlotMemory(
                name: "worker-0", starts: .max, exits: .max, hangKills: 0, hold: false, lastExit: exit,
                failures: [.max, .max]), wallAhead: 1000)
        #expect(fleet[w0]?.failures.count == 2)
        fleet.takeUp(
            SlotMemory(
                name: "worker-0", starts: .min, exits: .min, hangKills: .min, hold: false, readyIn: .min,
                failures: [.min, .max, .min]), wallAhead: -1000)
        #expect(fleet[w0]?.exitsTotal == 0)
    }
}
