import Stats
import Supervision
import Testing
import Watch

struct IncidentTests {
    private static let noon: UInt64 = 1_795_392_000_000 + 43_200_000
    /// Events from a table: seconds after noon, severity, process, kind, text.
    private func events(_ rows: [(Double, Severity, String?, String, String)]) -> [Event] {
        rows.map {
            Event(
                time: IncidentTests.noon + UInt64($0.0 * 1000), severity: $0.1, name: $0.2, kind: $0.3, text: $0.4)
        }
    }
    private func incident(_ happening: Happening?) -> Incident? {
        if case .incident(let incident)? = happening { incident } else { nil }
    }

    @Test func crashLoop_isOneLine_withItsDurationAndCost() throws {
        var rows: [(Double, Severity, String?, String, String)] = []
        for number in 0..<5 {
            let at = Double(number) * 10
            rows += [
                (at, .error, "worker-2", "EXIT", "signal 11 (SIGSEGV) after 3.1 s, not ordered"),
                (at, .warning, "worker-2", "COST", "100 clients cut"),
                (at, .info, "worker-2", "CRASH_REPORT", "an id"),
                (at + 0.1, .warning, "worker-2", "BACKOFF", "started again in 9 s"),
                (at + 9, .info, "worker-2", "START", "generation 2"),
                (at + 9.5, .info, "worker-2", "READY", "in 0.5 s"),
            ]
        }
        rows.insert((40.1, .critical, "worker-2", "CRASHLOOP", "5 exits"), at: rows.count - 2)
        rows.append((30, .info, nil, "RELOAD", "by root"))
        let folded = Happening.fold(events(rows.sorted { $0.0 < $1.0 }))
        #expect(folded.count == 2)
        let crash = try #require(incident(folded.first))
        #expect(crash.who == "w2" && crash.severity == .critical && crash.events.count == 31)
        #expect(crash.seconds(wall: 0) == 49.5)
        #expect(
            crash.text.hasPrefix("crash loop, signal 11 (SIGSEGV) x5, 100 clients cut")
                && !crash.text.contains("not back"))
    }
    @Test func managersDeath_takesTheLinksOfTheWorkersAlong() throws {
        let folded = Happening.fold(
            events([
                (0, .warning, "worker-0", "UNLINKED", "the manager is gone; 40 clients stay"),
                (0.01, .error, "manager", "EXIT", "signal 9 (SIGKILL) after 33 s, not ordered"),
                (0.01, .warning, "worker-1", "UNLINKED", "the manager is gone; 40 clients stay"),
                (0.02, .info, "manager", "START", "generation 2"), (0.1, .info, "manager", "READY", "in 0.1 s"),
                (0.2, .info, "worker-0", "LINKED", "to the manager"),
                (0.2, .info, "worker-1", "LINKED", "to the manager"),
                (0.5, .warning, "manager", "ALERT", "mgr ended: SIGKILL"),
                (0.9, .critical, "manager", "ALERT", "mgr took messages along: 18,058 (1.4M) of 250 clients"),
            ]))
        let death = try #require(incident(folded.first))
        #expect(folded.count == 1 && death.who == "mgr" && !death.text.contains("not back"))
        #expect(death.text.contains("signal 9 (SIGKILL)") && death.text.contains("18,058 (1.4M) of 250 clients"))
    }
    @Test func alertOfAProcessThatServes_endsWithItself() throws {
        let folded = Happening.fold(
            events([
                (0, .warning, "worker-0", "ALERT", "w0 is late: by 60ms"),
                (20, .info, "worker-0", "ALERT_OVER", "after 10s: w0 is late: by 60ms"),
            ]))
        #expect(folded.count == 1 && incident(folded.first)?.seconds(wall: 0) == 20)
    }
    @Test func alert_isOneLine_fromItsRiseToItsEnd_withTheLastFigures() throws {
        let rows: [(Double, Severity, String?, String, String)] = [
            (0, .critical, nil, "ALERT", "messages expire: 380/s; 821 so far"),
            (10, .warning, nil, "ALERT", "clients left: 250 of 400"),
            (28, .info, nil, "ALERT_OVER", "after 28s: messages expire: 392/s; 6,405 so far"),
        ]
        let folded = Happening.fold(events(rows))
        #expect(folded.count == 2)
        let expiry = try #require(incident(folded.first))
        #expect(expiry.text == "messages expire: 392/s; 6,405 so far" && expiry.seconds(wall: 0) == 28)
        #expect(folded.last == .event(events(rows)[1]))
        // It comes again after a while: that is another one.
        let again = Happening.fold(events(rows + [(200, .critical, nil, "ALERT", "messages expire: 1/s")]))
        #expect(again.count == 3)
    }
    @Test func rollingRestart_isOneLine_alsoIfItFails() throws {
        let begin: [(Double, Severity, String?, String, String)] = [
            (0, .info, nil, "ROLLING", "2 to replace, by uid 0"), (0, .info, "worker-0", "START", "generation 2"),
            (1, .info, "worker-0", "READY", "in 1 s"), (1, .info, "worker-0", "DRAINING", "over 60 s"),
            (2, .info, "worker-0", "EXIT", "exit 0 after 60 s"), (2, .info, "worker-0", "ROLLED", "1 of 2"),
            (2, .info, "worker-1", "START", "generation 2"),
        ]
        let done = Happening.fold(
            events(
                begin + [
                    (4, .info, "worker-1", "ROLLED", "2 of 2"), (4, .info, nil, "ROLLING", "complete: 2 of 2 in 4 s"),
                ]))
        let rolling = try #require(incident(done.first))
        #expect(
            done.count == 1 && rolling.text == "rolling restart: complete: 2 of 2 in 4 s" && rolling.severity == .info)
        let failed = Happening.fold(
            events(
                begin + [
                    (3, .error, "worker-1", "EXIT", "exit 127 after 0 s, not ordered"),
                    (3, .error, "worker-1", "ROLLING_FAILED", "1 of 2 done: exit 127"),
                ]))
        let failure = try #require(incident(failed.first))
        #expect(
            failed.count == 1 && failure.text == "rolling restart FAILED: 1 of 2 done: exit 127" && failure.end != nil)
    }
    @Test func start_isOneLine_andALaterOrderedRestartIsNone() {
        let start: [(Double, Severity, String?, String, String)] = [
            (0, .info, "manager", "START", "generation 1"), (0.2, .info, "manager", "READY", "in 0.2 s"),
            (0.2, .info, "worker-0", "START", "generation 1"), (0.6, .info, "worker-0", "READY", "in 0.4 s"),
            (0.6, .info, "worker-0", "LINKED", "to the manager"),
            (0.7, .info, nil, "READY", "the manager and 1 worker serve"),
        ]
        let later: [(Double, Severity, String?, String, String)] = [
            (900, .info, "manager", "EXIT", "exit 0 after 900 s"), (900, .info, "manager", "START", "generation 2"),
        ]
        let folded = Happening.fold(events(start + [(1.5, .info, "worker-1", "LINKED", "to the manager")] + later))
        #expect(folded.count == 3)
        #expect(incident(folded.first)?.text == "started")
    }
}
