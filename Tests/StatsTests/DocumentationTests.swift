import Foundation
import Stats
import Testing

@Suite struct MetricDocumentationTests {
    /// The list in docs.txt is the table's. After a change: `UPDATE=1 swift test --filter Documentation`.
    @Test func theManualsListOfMetrics_isTheTable() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs.txt")
        let text = try String(contentsOf: file, encoding: .utf8)
        guard let start = text.range(of: "\"process\" ones from every daemon.\n\n"),
            let end = text.range(of: "\n\n8  megatop\n---", range: start.upperBound..<text.endIndex)
        else {
            Issue.record("docs.txt has no list of metrics")
            return
        }
        let wanted = Metric.documentation()
        if ProcessInfo.processInfo.environment["UPDATE"] != nil, text[start.upperBound..<end.lowerBound] != wanted {
            try text.replacingCharacters(in: start.upperBound..<end.lowerBound, with: wanted).write(
                to: file, atomically: true, encoding: .utf8)
        } else {
            #expect(text[start.upperBound..<end.lowerBound] == wanted, "docs.txt, 7.4, is not what the table says")
        }
    }
}
