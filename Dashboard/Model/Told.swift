package import Configuration
package import Supervision

/// What was asked for and told: by the supervisor's control socket, and by the manager's app port. A recording keeps it
/// with the reports.
package struct Told: Equatable, Sendable {
    package var children: [ProcessName: Child] = [:]
    package var rolling: Rolling?
    package var doctor: [Doctor.Row] = []
    package var clients = Clients()
    package var apps = Apps()
    /// The newest last; nil: not told yet.
    package var crashes: [CrashReport]?

    package init() {}

    /// A process beyond its numbers.
    package struct Child: Equatable, Sendable {
        /// `SIGSEGV after 3.1s`; empty where it never ended.
        package var lastExit = ""
        package var isHeld = false
        /// The copy before it still drains, for so many seconds at most.
        package var drainsBeside: Double?
        /// Its last lines, the newest at the end; nil: not told yet.
        package var output: [String]?
        package init() {}
    }
    /// A rolling restart under way.
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
    /// The clients with most messages waiting.
    package struct Clients: Equatable, Sendable {
        package var rows: [Row] = []
        /// Why there are none; empty where the manager answered.
        package var problem = "asking the manager ..."
        package init() {}
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
        /// nil: it was not asked for yet.
        package var lines: [String]?
        package init(id: String, lines: [String]? = nil) {
            self.id = id
            self.lines = lines
        }
    }
    /// The reports of one process, the newest first; nil: not told yet.
    package func crashes(of process: ProcessName) -> [CrashReport]? {
        crashes.map { $0.filter { $0.id.hasSuffix("-" + "\(process)") }.reversed() }
    }
}
