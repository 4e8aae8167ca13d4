package import Configuration
package import Supervision

/// The answers of the supervisor's control socket and of the manager's app port. A recording keeps them with the
/// reports.
package struct Told: Equatable, Sendable {
    package var children: [ProcessName: Child] = [:]
    package var rolling: Rolling?
    /// The alerts and the losses, as the supervisor keeps them. `nil` if none told them yet.
    package var alerts: [Alert]?
    package var losses: LossesAnswer?
    /// The last rolling restart that has ended. `nil` if none has.
    package var lastRolling: LastRolling?
    package var doctor: [Doctor.Row] = []
    package var clients = Clients()
    package var apps = Apps()
    package var channels = Channels()
    package var addresses = Addresses()
    package var nodes = Nodes()
    /// The client that is looked at. `nil` if none was asked for.
    package var client: Client?
    package var followed: Followed?
    /// The clients of a user or a channel that are looked at. `nil` if none were asked for.
    package var group: Group?
    /// The newest last. `nil` if they were not told yet.
    package var crashes: [CrashReport]?

    package init() {}

    /// The facts about a process beside its numbers.
    package struct Child: Equatable, Sendable {
        /// `SIGSEGV after 3.1s`. Empty if it never ended.
        package var lastExit = ""
        /// `code 127 after 0.1s`: the last copy that was to replace it, and ended before it was ready. Empty: none did.
        package var failedReplacement = ""
        package var isHeld = false
        /// The kernel's word on it while it is silent. `nil` if it is not.
        package var diagnosis: String?
        /// The copy before it still drains. This is the most seconds that it has left.
        package var drainsBeside: Double?
        /// Its last lines, the newest at the end. `nil` if they were not told yet.
        package var output: [String]?
        package init() {}
    }
    /// The rolling restart that is under way.
    package struct Rolling: Equatable, Sendable {
        package var by: String
        package var total: Int
        package var done: Int
        package var current: ProcessName?
        package var left: [ProcessName]
        package init(by: String, total: Int, done: Int, current: ProcessName?, left: [ProcessName]) {
            self.by = by
            self.total = total
            self.done = done
            self.current = current
            self.left = left
        }
    }
    /// A rolling restart that has ended. A restart of one worker is one, too.
    package struct LastRolling: Equatable, Sendable {
        /// How many have ended since the supervisor started, with this one.
        package var number: Int
        package var isFailed: Bool
        /// Milliseconds since 1970.
        package var time: UInt64
        /// The worker whose turn failed. `nil` if none did.
        package var failedAt: ProcessName?
        /// Its outcome in a line: `08:41:05 at w0: exit 127 "cannot load libfoo.so.3"; 0 of 4 replaced, nobody cut`.
        package var text: String

        package init(number: Int, isFailed: Bool, time: UInt64, failedAt: ProcessName? = nil, text: String) {
            self.number = number
            self.isFailed = isFailed
            self.time = time
            self.failedAt = failedAt
            self.text = text
        }
    }
    /// The clients with most messages waiting.
    package struct Clients: Equatable, Sendable {
        package var rows: [Row] = []
        /// Why there are no rows. Empty if the manager answered.
        package var problem = "asking the manager ..."
        package init() {}
        package init(rows: [Row] = [], problem: String) {
            self.rows = rows
            self.problem = problem
        }
        package struct Row: Equatable, Sendable {
            package var id: String
            package var worker: ProcessName
            package var queued: Double
            package var bytes: Double
            package var oldestSeconds: Double
            package init(id: String, worker: ProcessName, queued: Double, bytes: Double, oldestSeconds: Double) {
                self.id = id
                self.worker = worker
                self.queued = queued
                self.bytes = bytes
                self.oldestSeconds = oldestSeconds
            }
        }
    }
    package struct CrashReport: Equatable, Sendable {
        package var id: String
        /// `nil` if it was not asked for yet.
        package var lines: [String]?
        package init(id: String, lines: [String]? = nil) {
            self.id = id
            self.lines = lines
        }
    }
    /// The crash reports of one process, the newest first. `nil` if they were not told yet.
    package func crashes(of process: ProcessName) -> [CrashReport]? {
        crashes.map { $0.filter { $0.id.hasSuffix("-" + "\(process)") }.reversed() }
    }
}
