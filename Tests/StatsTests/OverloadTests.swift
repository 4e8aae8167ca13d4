import Stats
import Testing

struct OverloadTests {
    /// Passes on a row of reports. Each has the share of the bound, the refusals so far, the lag in microseconds, and
    /// the state that is expected after it.
    private func run(
        _ reports: [(share: Double, refused: UInt64, lag: UInt64, isOverloaded: Bool)],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var overload = Overload()
        for (at, report) in reports.enumerated() {
            overload.note(Overload.Load(share: report.share, refused: report.refused), lag: report.lag)
            #expect(overload.isOverloaded == report.isOverloaded, "report \(at)", sourceLocation: sourceLocation)
        }
    }

    @Test func atTheBound_untilWellUnderIt() {
        run([
            (0.99, 0, 0, false), (1, 0, 0, true), (0.97, 0, 0, true), (0.95, 0, 0, true), (0.94, 0, 0, false),
            (0.97, 0, 0, false),
        ])
    }

    @Test func whatRefuses_isFull_whateverItsShare() {
        run([
            (0.2, 0, 0, false), (0.2, 1, 0, true), (0.2, 1, 0, false), (0.96, 2, 0, true), (0.96, 2, 0, true),
            (0.5, 3, 0, true), (0.5, 3, 0, false),
        ])
    }

    @Test func lateThreeTimesInARow_untilTimelyThreeTimes() {
        let (critical, between, timely): (UInt64, UInt64, UInt64) = (250_000, 100_000, 1000)
        run([
            (0, 0, critical, false), (0, 0, critical, false), (0, 0, between, false), (0, 0, critical, false),
            (0, 0, critical, false), (0, 0, critical, true),
        ])
        run([
            (0, 0, critical, false), (0, 0, critical, false), (0, 0, critical, true), (0, 0, timely, true),
            (0, 0, timely, true), (0, 0, between, true),
            (0, 0, timely, true), (0, 0, timely, true), (0, 0, timely, false),
        ])
    }
}
