package import Stats

/// Milliseconds of a clock that never goes back. They are handed in everywhere: nothing here reads a clock.
package typealias Milliseconds = Int64

/// A process of the appliance. Files, commands and JSON call it `manager`, `webhook`, `worker-0` and so on.
package enum ProcessName: Hashable, Sendable, Comparable, CustomStringConvertible {
    case manager
    /// It is there only if `app.webhook` is set.
    case webhook
    case worker(Int)

    /// Takes the dashboard's short forms, too: `mgr`, `hook` and `w0`, and the name of the webhook's program.
    package init?(_ text: String) {
        switch text {
        case "manager", "mgr": self = .manager
        case "webhook", "hook", "megahook": self = .webhook
        default:
            guard let number = ProcessName.workerNumber(text) else { return nil }
            self = .worker(number)
        }
    }
    private static func workerNumber(_ text: String) -> Int? {
        let digits = text.hasPrefix("worker-") ? text.dropFirst(7) : text.hasPrefix("w") ? text.dropFirst(1) : ""
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(digits),
            number < 256
        else { return nil }
        return number
    }
    package var description: String {
        switch self {
        case .manager: "manager"
        case .webhook: "webhook"
        case .worker(let number): "worker-\(number)"
        }
    }
    package static func < (one: ProcessName, other: ProcessName) -> Bool { one.order < other.order }
    /// The place in tables: workers by their number, and the others before them.
    package var order: Int {
        switch self {
        case .manager: -2
        case .webhook: -1
        case .worker(let number): number
        }
    }

    /// It serves clients. A worker is replaced by a copy that runs beside it. The others are stopped and started.
    package var isWorker: Bool { if case .worker = self { true } else { false } }
    /// Others connect to it, and wait there while it is down.
    package var isServer: Bool { self != .webhook }
    /// Its number in reports about it (`MetricID.subject`).
    package var subject: UInt16 {
        switch self {
        case .manager: 0
        case .webhook: MetricID.webhookSubject
        case .worker(let number): UInt16(number + 1)
        }
    }
    package init(subject: UInt16) {
        self =
            switch subject {
            case 0: .manager
            case MetricID.webhookSubject: .webhook
            default: .worker(Int(subject) - 1)
            }
    }
}

/// One copy of a process. Each start of a process makes the next generation.
package struct CopyName: Hashable, Sendable {
    package var name: ProcessName
    package var generation: Int
    package init(_ name: ProcessName, _ generation: Int) {
        self.name = name
        self.generation = generation
    }
}

/// The operator's wish, which is kept apart from the state: a process that is stopped on purpose stays stopped.
package enum Desired: String, Codable, Sendable { case up, down }

/// How a copy ended. It has neither code nor signal if the copy was adopted, since the kernel told its exit to another
/// process.
package struct Ending: Equatable, Sendable {
    package var code: Int?
    package var signal: Int?
    package init(code: Int? = nil, signal: Int? = nil) {
        self.code = code
        self.signal = signal
    }
    /// EX_USAGE, EX_NOPERM and EX_CONFIG. Their causes do not heal by trying again.
    package static let holding: Set<Int> = [64, 77, 78]
    package var holds: Bool { code.map(Ending.holding.contains) ?? false }
}

/// The kernel's account of a silent process.
package struct Pulse: Equatable, Sendable {
    /// A debugger traces it.
    package var isTraced = false
    /// It runs or waits for a processor (state R of proc(5)). It waits for nothing else.
    package var isRunnable = false
    /// The processor time that it has had since it started.
    package var processorTime: Milliseconds = 0
    /// The letter of its state (proc(5)): `T` stopped, `D` in the kernel, `S` asleep, `Z` ended.
    package var state: Character?
    /// The kernel's function in which it waits. Empty if the kernel does not tell.
    package var waitsIn = ""
    package init() {}

    /// Why it is silent, as far as the kernel knows. `nil` if there is no such process.
    package var diagnosis: String? {
        guard let state else { return nil }
        if isTraced { return "a debugger holds it" }
        switch state {
        case "T": return "stopped by a signal (state T): kill -CONT goes on"
        case "t": return "a debugger holds it"
        case "D": return "waits in the kernel\(waitsIn.isEmpty ? "" : ", in \(waitsIn)") (state D): disk or memory"
        case "R": return "runs, or waits for a processor (state R): in circles, or starved"
        case "Z", "X": return "has ended (state \(state))"
        default:
            return
                "sleeps\(waitsIn.isEmpty ? "" : " in \(waitsIn)") (state \(state)): a call or a lock that does not end"
        }
    }
}

/// A living copy, as the fleet sees it.
package struct Copy: Equatable, Sendable {
    package let generation: Int
    /// `nil` between the order to start the copy and the news that it runs.
    package internal(set) var pid: Int32?
    package internal(set) var state: ProcessState = .starting
    package let startedAt: Milliseconds
    package internal(set) var readyAt: Milliseconds?
    /// The time of the last report, or the time when it became ready.
    package internal(set) var heardAt: Milliseconds
    /// Whether a worker is linked to the manager, by its last report. `nil` if it did not say.
    package internal(set) var isLinked: Bool?
    var unlinkedSince: Milliseconds?
    /// Whether a manager takes workers of this release, by its last report. `nil` if there was no report.
    package internal(set) var takesWorkers: Bool?
    /// It has had no link for longer than `linkPatience`, while there is a manager. Its clients get nothing.
    package internal(set) var isDeaf = false
    /// Only while suspect: the processor time that it had had before, and when it was last seen to wait for a processor
    /// for longer than the watchdog allows.
    var usedBeforeSuspicion: Milliseconds = 0
    var starvedAt: Milliseconds?
    /// It is a manager and was given the memory of the queue.
    package internal(set) var hasJournal = false
    /// The time when `starting`, `draining` or `stopping` must be over.
    package internal(set) var deadline: Milliseconds?
    /// Its end was ordered, so it is no failure and no crash.
    package internal(set) var isPlanned = false
    /// It was aborted because it was silent.
    package internal(set) var isHung = false

    init(generation: Int, startedAt: Milliseconds) {
        self.generation = generation
        self.startedAt = startedAt
        heardAt = startedAt
    }
}
