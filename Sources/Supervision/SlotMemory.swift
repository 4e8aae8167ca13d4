/// The memory of a process that a supervisor hands on to the next one: how often it ended, its last end, and whether
/// the watchdog leaves it alone.
///
/// Its times are milliseconds since 1970, since the fleet's own clock begins anew with the machine. Members that a
/// later version adds are optional, so that each version can read the others' memory.
package struct SlotMemory: Codable, Equatable, Sendable {
    package var name: String
    package var starts: Int
    package var exits: Int
    package var hangKills: Int
    package var hold: Bool
    package var readyIn: Milliseconds?
    package var lastExit: Exit?
    /// Copies that were to replace another and ended before they were ready. Release 1 does not have it.
    package var failedReplacements: Int?
    /// The exits that nobody ordered: the time of the first one, and the time from each exit to the next.
    package var failures: [Milliseconds]

    package struct Exit: Codable, Equatable, Sendable {
        package var code: Int?
        package var signal: Int?
        package var uptime: Milliseconds
        package var at: Milliseconds
        package var ordered: Bool
        package var hung: Bool
    }
    enum CodingKeys: String, CodingKey {
        case name, starts, exits, hangKills = "hang_kills", hold, readyIn = "ready_in", lastExit = "last_exit", failures
        case failedReplacements = "failed_replacements"
    }
}

extension FleetSlot {
    /// A value that changes whenever the memory of the process changes.
    package struct Tally: Equatable, Sendable {
        let starts, exits, hangKills, failedReplacements: Int
        let isHeld: Bool
        let readyIn: Milliseconds?
    }
    package var tally: Tally {
        Tally(
            starts: startsTotal, exits: exitsTotal, hangKills: hangKillsTotal,
            failedReplacements: failedReplacementsTotal, isHeld: isWatchdogHeld, readyIn: readyIn)
    }
}

extension Fleet {
    /// `wallAhead` is by how much the wall clock is ahead of the fleet's clock.
    package func memory(of name: ProcessName, wallAhead: Milliseconds) -> SlotMemory? {
        guard let slot = slots[name] else { return nil }
        let exit = slot.lastExit.map {
            SlotMemory.Exit(
                code: $0.ending.code, signal: $0.ending.signal, uptime: $0.uptime, at: $0.at + wallAhead,
                ordered: $0.wasPlanned, hung: $0.wasHung)
        }
        let times = slot.failures.map { $0 + wallAhead }
        return SlotMemory(
            name: "\(name)", starts: slot.startsTotal, exits: slot.exitsTotal, hangKills: slot.hangKillsTotal,
            hold: slot.isWatchdogHeld, readyIn: slot.readyIn,
            lastExit: exit, failedReplacements: slot.failedReplacementsTotal,
            failures: zip(times, [0] + times).map { $0 - $1 })
    }
    /// Takes up the memory of a process that is still configured. Call it before anything is adopted or begun.
    package mutating func takeUp(_ memory: SlotMemory, wallAhead: Milliseconds) {
        guard let name = ProcessName(memory.name), var slot = slots[name] else { return }
        func time(_ wall: Milliseconds) -> Milliseconds { SlotMemory.bounded(wall) - wallAhead }
        slot.startsTotal = SlotMemory.bounded(memory.starts)
        slot.exitsTotal = SlotMemory.bounded(memory.exits)
        slot.hangKillsTotal = SlotMemory.bounded(memory.hangKills)
        slot.failedReplacementsTotal = SlotMemory.bounded(memory.failedReplacements ?? 0)
        slot.isWatchdogHeld = memory.hold
        slot.readyIn = memory.readyIn.map(SlotMemory.bounded)
        slot.lastExit = memory.lastExit.map {
            FleetSlot.LastExit(
                ending: Ending(code: $0.code, signal: $0.signal), uptime: SlotMemory.bounded($0.uptime),
                at: time($0.at), wasPlanned: $0.ordered, wasHung: $0.hung)
        }
        var wall: Milliseconds = 0
        slot.failures = memory.failures.suffix(FleetSlot.failuresKept).map { step in
            wall = SlotMemory.bounded(wall + SlotMemory.bounded(step))
            return time(wall)
        }
        slots[name] = slot
    }
}

extension SlotMemory {
    /// The number comes from a file. It is bounded so that no sum overflows.
    fileprivate static func bounded<Number: FixedWidthInteger>(_ value: Number) -> Number {
        max(0, min(1 << 53, value))
    }
}
