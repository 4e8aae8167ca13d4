import Comet
import Stats
import Testing

@Suite struct WorkerCountersTests {
    @Test func aCounter_isCalledWhatItsMetricIsCalled() {
        let metrics = Set(MetricID.allCases.map { "\($0)" })
        for counter in Mirror(reflecting: WorkerCounters()).children {
            #expect(metrics.contains(counter.label ?? ""), "\(counter.label ?? "")")
        }
    }
}
