import Comet
import Stats
import Testing

@Suite struct ManagerCountersTests {
    @Test func aCounter_isCalledWhatItsMetricIsCalled() {
        let metrics = Set(MetricID.allCases.map { "\($0)" })
        for counter in Mirror(reflecting: ManagerCounters()).children {
            #expect(metrics.contains(counter.label ?? ""), "\(counter.label ?? "")")
        }
    }
}
