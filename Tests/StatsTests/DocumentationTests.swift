import Foundation
import Stats
import Testing

@Suite struct MetricDocumentationTests {
    /// The list in docs/metrics.txt is made from the table. After a change: `UPDATE=1 swift test --filter
    /// Documentation`.
    @Test func theManualsListOfMetrics_isTheTable() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/metrics.txt")
        let text = try String(contentsOf: file, encoding: .utf8)
        guard let start = text.range(of: "\nMetrics:\n\n") else {
            Issue.record("docs/metrics.txt has no list of metrics")
            return
        }
        let list = start.upperBound..<text.endIndex
        let wanted = Metric.documentation()
        if ProcessInfo.processInfo.environment["UPDATE"] != nil, text[list] != wanted {
            try text.replacingCharacters(in: list, with: wanted).write(
                to: file, atomically: true, encoding: .utf8)
        } else {
            #expect(text[list] == wanted, "docs/metrics.txt is not what the table says")
        }
    }
}
