import Stats
import Testing

@testable import Supervision

/// A fleet and its processes in memory, from a seed: copies that start slowly, die, hang or don't listen, operators who
/// order anything, a supervisor that is stopped for a while. Three things are always true. A process has two copies at
/// most, and then as a pair. No copy lives that is not known. When the trouble ends, everything is ready again.
@Suite struct FleetSimulation {
    @Test(arguments: 0..<60) func anything_neverDoublesNorForgetsAProcess_andConverges(seed: Int) {
        var world = World(seed: UInt64(seed))
        world.run(minutes: 10, withTrouble: true)
        world.run(minutes: 8, withTrouble: false)
        for name in world.fleet.names {
            let slot = world.fleet[name]
            #expect(slot?.state == (slot?.desired == .up ? .ready : .stopped), "seed \(seed), \(name)")
            #expect(slot?.copies.count == (slot?.desired == .up ? 1 : 0))
            #expect(world.turnedAway.contains(name) == (slot?.desired == .down), "seed \(seed), \(name)")
        }
        #expect(world.fleet.rolling == nil)
        world.shutDown()
        #expect(world.isFinished && world.living.isEmpty, "seed \(seed)")
    }
}

private struct World {
    struct Process {
        var isReady = false
        var isHung = false
        /// It ignores its lifeline and SIGTERM.
        var isDeaf = false
        var readyAt: Milliseconds
        var leavesAt: Milliseconds?
    }
    var fleet: Fleet
    var random: RandomSource
    var now: Milliseconds = 0
    var living: [CopyName: Process] = [:]
    var isFinished = false
    var turnedAway: Set<ProcessName> = []
    private var hasTrouble = true

    init(seed: UInt64) {
        var settings = FleetSettings()
        settings.workers = 3
        settings.beat = 2000
        fleet = Fleet(settings, seed: seed)
        random = RandomSource(seed: seed &* 77 &+ 1)
        perform(fleet.begin(now: 0))
    }
    private mutating func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &random) == 0 }

    private mutating func perform(_ actions: [FleetAction]) {
        for action in actions {
            switch action {
            case .start(let copy):
                #expect(living[copy] == nil)
                #expect(!turnedAway.contains(copy.name), "two would accept from its listener")
                if hasTrouble, chance(20) {
                    perform(fleet.startFailed(copy, code: chance(4) ? 77 : 69, reason: "no", now: now))
                } else {
                    var process = Process(readyAt: now + Milliseconds.random(in: 20...400, using: &random))
                    process.isDeaf = hasTrouble && chance(10)
                    if hasTrouble, chance(15) { process.readyAt += 1_000_000 }
                    living[copy] = process
                    perform(fleet.started(copy, pid: Int32(living.count + 1), now: now))
                }
            case .drain(let copy, let time):
                if living[copy]?.isDeaf == false, living[copy]?.isHung == false {
                    living[copy]?.leavesAt = now + Milliseconds.random(in: 0...time, using: &random)
                }
            case .stop(let copy):
                if living[copy]?.isDeaf == false, living[copy]?.isHung == false { living[copy]?.leavesAt = now + 10 }
            case .abort(let copy): if living[copy]?.isDeaf == false { living[copy]?.leavesAt = now + 50 }
            case .kill(let copy): living[copy]?.leavesAt = now
            case .turnAway(let name, let isOn):
                #expect(turnedAway.contains(name) != isOn, "it is ordered once")
                if isOn { turnedAway.insert(name) } else { turnedAway.remove(name) }
            case .tell, .announce, .keepCrash, .setJournalAside: break
            case .finished:
                #expect(!isFinished)
                isFinished = true
            }
        }
        check()
    }
    private func check() {
        for name in fleet.names {
            let known = Set(fleet[name]?.copies.map(\.generation) ?? [])
            let alive = Set(living.keys.filter { $0.name == name }.map(\.generation))
            #expect(alive.isSubset(of: known), "a process was forgotten: \(name) \(alive) \(known)")
            #expect(known.count <= 2)
            #expect(fleet[name]?.successor == nil || fleet[name]?.leaving == nil)
        }
    }
    private mutating func end(_ copy: CopyName, _ ending: Ending) {
        living[copy] = nil
        perform(fleet.exited(copy, ending, now: now))
    }

    mutating func run(minutes: Milliseconds, withTrouble: Bool) {
        hasTrouble = withTrouble
        if !withTrouble {
            for copy in living.keys.sorted(by: {
                $0.name < $1.name || ($0.name == $1.name && $0.generation < $1.generation)
            }) {
                living[copy]?.isDeaf = false
                if living[copy]?.isHung == true { end(copy, Ending(signal: 9)) }
            }
            for name in fleet.names where fleet[name]?.state == .held {
                perform((try? fleet.start(name, by: "repair", now: now)) ?? [])
            }
        }
        let stop = now + minutes * 60_000
        while now < stop {
            now = max(now + 1, fleet.nextTick(now: now))
            // The supervisor did not run for a while.
            if withTrouble, chance(2000) { now += Milliseconds.random(in: 0...120_000, using: &random) }
            turn()
            if withTrouble { trouble() }
        }
    }
    private mutating func turn() {
        for copy in living.keys.sorted(by: { ($0.name, $0.generation) < ($1.name, $1.generation) }) {
            guard let process = living[copy] else { continue }
            if let leavesAt = process.leavesAt, leavesAt <= now {
                end(copy, Ending(code: 0))
            } else if !process.isReady, process.readyAt <= now {
                living[copy]?.isReady = true
                perform(fleet.becameReady(copy, now: now))
            } else if process.isReady, !process.isHung {
                perform(fleet.reported(copy, now: now))
            }
        }
        perform(fleet.tick(now: now, pulse: { _ in Pulse() }))
    }
    private mutating func trouble() {
        let copies = living.keys.sorted { ($0.name, $0.generation) < ($1.name, $1.generation) }
        if let copy = copies.randomElement(using: &random) {
            if chance(150) { end(copy, chance(10) ? Ending(code: 78) : Ending(signal: 11)) }
            if chance(400) { living[copy]?.isHung = true }
        }
        guard chance(60), let name = fleet.names.randomElement(using: &random) else { return }
        let actions: [FleetAction]? =
            switch Int.random(in: 0..<10, using: &random) {
            case 0, 1: try? fleet.start(name, by: "x", now: now)
            case 2: try? fleet.stop(name, isHasty: chance(2), by: "x", now: now)
            case 3: try? fleet.drain(name, by: "x", now: now)
            case 4: try? fleet.restart(name, isHasty: chance(2), by: "x", now: now)
            case 5, 6: try? fleet.rolling(by: "x", now: now)
            case 7: try? fleet.kill(name, by: "x", now: now)
            case 8: try? fleet.endRolling(by: "x", now: now)
            default: fleet.reloaded(fleet.settings, by: "x", now: now)
            }
        perform(actions ?? [])
    }
    mutating func shutDown() {
        perform(fleet.shutDown(isHasty: chance(2), by: "x", now: now))
        let limit = now + 300_000
        while !isFinished, now < limit {
            now = max(now + 1, fleet.nextTick(now: now))
            turn()
        }
    }
}
