import Stats

@testable import Supervision

/// A fleet under a made-up clock. The test says how its orders are carried out, and every event is kept.
final class Scene {
    var fleet: Fleet
    var now: Milliseconds = 1_000_000
    /// The kernel's view of processes, by pid. A process that is not here sleeps.
    var pulses: [Int32: Pulse] = [:]
    /// The processes that report at every tick.
    var reporting: Set<ProcessName> = []
    /// Copies that become ready as soon as they are started.
    var becomesReady = true
    /// Managers are given the memory of the queue.
    var givesJournal = true
    private(set) var done: [FleetAction] = []
    private(set) var events: [Event] = []
    private var nextPid: Int32 = 100

    init(workers: Int = 2, _ change: (inout FleetSettings) -> Void = { _ in }) {
        var settings = FleetSettings()
        settings.workers = workers
        change(&settings)
        fleet = Fleet(settings, seed: 7)
        reporting = Set(fleet.names)
    }

    /// Carries out the orders, and those that follow from them. Returns all of them.
    @discardableResult
    func perform(_ actions: [FleetAction]) -> [FleetAction] {
        var queue = actions
        var orders: [FleetAction] = []
        while !queue.isEmpty {
            let action = queue.removeFirst()
            switch action {
            case .tell(let event): events.append(event)
            case .start(let copy):
                orders.append(action)
                nextPid += 1
                queue += fleet.started(
                    copy, pid: nextPid, hasJournal: givesJournal && copy.name == .manager, now: now)
                if becomesReady { queue += fleet.becameReady(copy, now: now) }
            default: orders.append(action)
            }
        }
        done += orders
        return orders
    }
    /// Time goes on in beats, as the supervisor has them.
    @discardableResult
    func wait(_ time: Milliseconds) -> [FleetAction] {
        let end = now + time
        var orders: [FleetAction] = []
        while now < end {
            now = min(end, max(now + 1, fleet.nextTick(now: now)))
            for name in reporting { if let copy = main(name) { orders += perform(fleet.reported(copy, now: now)) } }
            orders += perform(fleet.tick(now: now, pulse: { [self] in pulses[$0] ?? Pulse() }))
        }
        return orders
    }
    @discardableResult
    func exit(_ copy: CopyName, code: Int? = nil, signal: Int? = nil) -> [FleetAction] {
        perform(fleet.exited(copy, Ending(code: code, signal: signal), now: now))
    }
    @discardableResult
    func crash(_ name: ProcessName, signal: Int = 11) -> [FleetAction] {
        guard let copy = main(name) else { return [] }
        return exit(copy, signal: signal)
    }
    func begin() { perform(fleet.begin(now: now)) }

    func main(_ name: ProcessName) -> CopyName? { fleet[name]?.main.map { CopyName(name, $0.generation) } }
    func state(_ name: ProcessName) -> ProcessState? { fleet[name]?.state }
    func told(_ kind: String) -> Int { events.count { $0.kind == kind } }
}

let w0 = ProcessName.worker(0)
let w1 = ProcessName.worker(1)
