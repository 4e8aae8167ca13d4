import Base
package import Configuration
package import Stats

/// The answer to `events`: all events that are kept, the oldest first. If events are followed, each new one is a line
/// after it.
package struct EventsAnswer: Codable, Sendable {
    package var events: [Event]
    package init(events: [Event]) { self.events = events }
}

/// The answer to `log`: the last lines of a process, over its copies, the newest last.
package struct LogAnswer: Codable, Sendable {
    package var name: String?
    package var lines: [OutputLine]
    package init(name: String, lines: [OutputLine]) {
        self.name = name
        self.lines = lines
    }
}

/// A line that a process wrote.
package struct OutputLine: Codable, Equatable, Sendable {
    /// Milliseconds since 1970.
    package var time: UInt64
    package var pid: Int32
    package var text: String
    package init(time: UInt64, pid: Int32, text: String) {
        self.time = time
        self.pid = pid
        self.text = text
    }
}

/// The answer to `crashes` without an id: the ids of the reports, the oldest first.
package struct CrashesAnswer: Codable, Sendable {
    package var crashes: [String]
    package init(crashes: [String]) { self.crashes = crashes }
}
/// The answer to `crashes` with an id.
package struct CrashAnswer: Codable, Sendable {
    package var crash: CrashReport
    package init(crash: CrashReport) { self.crash = crash }
}

/// The answer to `doctor`.
package struct DoctorAnswer: Codable, Sendable {
    package var rows: [Doctor.Row]
    package init(rows: [Doctor.Row]) { self.rows = rows }
}

/// The answer to `reload`: the settings that the file has changed, by the time when they come into force.
package struct ReloadAnswer: Codable, Sendable {
    /// In force at once.
    package var changed: [String] = []
    /// In force when a process is started again (`megacomet rolling`, `megacomet restart manager`).
    package var atRestart: [String] = []
    /// In force after `megacomet stop` and `start`. They were left as they were.
    package var atStart: [String] = []
    package init() {}
    package var isEmpty: Bool { changed.isEmpty && atRestart.isEmpty && atStart.isEmpty }

    enum CodingKeys: String, CodingKey { case changed, atRestart = "at_restart", atStart = "at_start" }
}

/// The answer to `rolling`, and a part of the status: the rolling restart that is under way.
package struct RollingAnswer: Codable, Sendable {
    package var rolling: Run?
    package init(rolling: Run?) { self.rolling = rolling }

    package struct Run: Codable, Sendable {
        package var by: String
        package var total: Int
        package var done: Int
        package var current: String?
        /// The workers whose turn has not come yet.
        package var left: [String]?
    }
    /// A rolling restart that has ended.
    package struct Last: Codable, Sendable {
        /// How many have ended since the supervisor started, with this one.
        package var number: Int
        package var outcome: RollingEnd.Outcome
        package var by: String
        /// Workers that were replaced, of those that should have been.
        package var done: Int
        package var total: Int
        /// Its end, in seconds since 1970, and how long it took, in seconds.
        package var time: UInt64
        package var took: Double
        /// The worker whose turn failed, and why. `nil` if none failed.
        package var failedAt: String?
        package var reason: String?
        /// The old copy of that worker serves on, and no client was cut.
        package var oldServes: Bool

        /// `failed at worker-0: exit 127 "cannot load libfoo.so.3"; 0 of 4 replaced, nobody cut`, without the time.
        package var text: String {
            let count = "\(done) of \(total) replaced"
            switch outcome {
            case .complete: return "complete: \(count) in \(decimals(took, 1)) s"
            case .ended: return "ended by an operator: \(count)"
            case .failed:
                return "failed at \(failedAt ?? "?"): \(reason ?? "?"); \(count)" + (oldServes ? ", nobody cut" : "")
            }
        }

        enum CodingKeys: String, CodingKey {
            case number, outcome, by, done, total, time, took, failedAt = "failed_at", reason, oldServes = "old_serves"
        }
    }
}
extension RollingAnswer.Last {
    /// `wallAhead` is by how much the wall clock is ahead of the fleet's clock, in milliseconds.
    package init(_ end: RollingEnd, wallAhead: Milliseconds) {
        self.init(
            number: end.number, outcome: end.outcome, by: end.by, done: end.done, total: end.total,
            time: UInt64(max(0, end.endedAt + wallAhead + 500) / 1000), took: (end.endedAt - end.startedAt).asSeconds,
            failedAt: end.failedAt?.description, reason: end.reason.isEmpty ? nil : end.reason,
            oldServes: end.isOldServing)
    }
}
extension RollingAnswer.Run {
    package init(_ run: Rolling) {
        self.init(
            by: run.by, total: run.total, done: run.done.count, current: run.current?.description,
            left: run.left.map(\.description))
    }
}

/// `acknowledge`: the keys of the alerts that were open.
package struct AcknowledgedAnswer: Codable, Sendable {
    package var acknowledged: [String]
    package init(acknowledged: [String]) { self.acknowledged = acknowledged }
}
