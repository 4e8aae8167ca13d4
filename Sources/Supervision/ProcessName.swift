package import Stats

/// Milliseconds of a clock that never goes back. Handed in everywhere: nothing here reads a clock.
package typealias Milliseconds = Int64

/// A process of the appliance: `manager`, `worker-0` .. in files, commands and JSON.
package enum ProcessName: Hashable, Sendable, Comparable, CustomStringConvertible {
    case manager
    case worker(Int)

    /// Also takes the dashboard's short forms, `mgr` and `w0`.
    package init?(_ text: String) {
        if text == "manager" || text == "mgr" {
            self = .manager
            return
        }
        let digits = text.hasPrefix("worker-") ? text.dropFirst(7) : text.hasPrefix("w") ? text.dropFirst(1) : ""
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(digits),
            number < 256
        else { return nil }
        self = .worker(number)
    }
    package var description: String {
        switch self {
        case .manager: "manager"
        case .worker(let number): "worker-\(number)"
        }
    }
    package static func < (one: ProcessName, other: ProcessName) -> Bool { one.order < other.order }
    private var order: Int {
        switch self {
        case .manager: -1
        case .worker(let number): number
        }
    }
}

/// One copy of a process: each start of a process is its next generation.
package struct CopyName: Hashable, Sendable {
    package var name: ProcessName
    package var generation: Int
    package init(_ name: ProcessName, _ generation: Int) {
        self.name = name
        self.generation = generation
    }
}

/// What the operator wishes, apart from what is: a process that is stopped on purpose stays stopped.
package enum Desired: String, Codable, Sendable { case up, down }

/// How a copy ended. Neither code nor signal: it was adopted, and the kernel told its exit to another process.
package struct Ending: Equatable, Sendable {
    package var code: Int?
    package var signal: Int?
    package init(code: Int? = nil, signal: Int? = nil) {
        self.code = code
        self.signal = signal
    }
    /// EX_USAGE, EX_NOPERM, EX_CONFIG: what they say does not heal by trying again.
    package static let holding: Set<Int> = [64, 77, 78]
    package var holds: Bool { code.map(Ending.holding.contains) ?? false }
}

/// What the kernel says of a process that is silent.
package struct Pulse: Equatable, Sendable {
    /// A debugger holds it.
    package var isTraced = false
    /// It runs or waits for a processor (state R of proc(5)): nothing else keeps it.
    package var isRunnable = false
    /// What it was given of processor time since it started.
    package var processorTime: Milliseconds = 0
    package init() {}
}

/// A living copy, as the fleet sees it.
package struct Copy: Equatable, Sendable {
    package let generation: Int
    /// Nil between the order to start it and the word that it runs.
    package internal(set) var pid: Int32?
    package internal(set) var state: ProcessState = .starting
    package let startedAt: Milliseconds
    package internal(set) var readyAt: Milliseconds?
    /// The last report, or when it became ready.
    package internal(set) var heardAt: Milliseconds
    /// Whether a worker is linked to the manager, by its last report. `nil`: it did not say.
    package internal(set) var isLinked: Bool?
    var unlinkedSince: Milliseconds?
    /// Whether a manager takes workers of this release, by its last report. `nil`: it has not reported.
    package internal(set) var takesWorkers: Bool?
    /// Without a link for longer than `linkPatience`, while there is a manager: its clients get nothing.
    package internal(set) var isDeaf = false
    /// While it is suspect: the processor time that it had had before, and whether it was said that it gets too little.
    var usedBeforeSuspicion: Milliseconds = 0
    var isStarved = false
    /// When `starting`, `draining` or `stopping` must be over.
    package internal(set) var deadline: Milliseconds?
    /// Its end was ordered: it is no failure, and no crash.
    package internal(set) var isPlanned = false
    /// It was aborted for being silent.
    package internal(set) var isHung = false

    init(generation: Int, startedAt: Milliseconds) {
        self.generation = generation
        self.startedAt = startedAt
        heardAt = startedAt
    }
}
