import Foundation
import Stats
import Supervision
import Testing
import Watch

@Suite struct AlertDocumentationTests {
    /// The lists in docs/alerts.txt are made from the tables. After a change: `UPDATE=1 swift test --filter
    /// Documentation`.
    @Test func theManualsListsOfAlertsLossesAndEvents_areTheTables() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/alerts.txt")
        let text = try String(contentsOf: file, encoding: .utf8)
        guard let start = text.range(of: "\nLosses:\n\n") else {
            Issue.record("docs/alerts.txt has no lists")
            return
        }
        let list = start.upperBound..<text.endIndex
        func row(_ name: String, _ words: String, _ help: String) -> String {
            let lines = wrapped(help, 100).enumerated().map { index, line in
                (index == 0
                    ? "    " + name.padding(toLength: 16, withPad: " ", startingAt: 0)
                    : String(repeating: " ", count: 20))
                    + line
            }
            return
                (["    " + name.padding(toLength: 16, withPad: " ", startingAt: 0) + words].filter { _ in !words.isEmpty
                }
                + (words.isEmpty ? lines : wrapped(help, 100).map { String(repeating: " ", count: 20) + $0 }))
                .joined(separator: "\n") + "\n"
        }
        let losses = LossWay.allCases.map { row($0.words, "", $0.help) }.joined()
        let alerts = AlertKind.allCases.map { row($0.rawValue, $0.what, $0.rule) }.joined()
        let wanted =
            losses + "\nAlerts, by their key. Numbers in brackets are those from which one is critical:\n\n" + alerts
            + "\nEvents, as `megacomet events`, the log and screen 5 of megatop show them (those for apps are others:"
            + " docs/events.txt):\n\n" + OperatorEvent.documentation()
        if ProcessInfo.processInfo.environment["UPDATE"] != nil, text[list] != wanted {
            try text.replacingCharacters(in: list, with: wanted).write(to: file, atomically: true, encoding: .utf8)
        } else {
            #expect(text[list] == wanted, "docs/alerts.txt is not what the tables say")
        }
    }
    private func wrapped(_ text: String, _ width: Int) -> [String] {
        text.split(separator: " ").reduce(into: [""]) { lines, word in
            if lines[lines.count - 1].isEmpty {
                lines[lines.count - 1] = String(word)
            } else if lines[lines.count - 1].count + 1 + word.count <= width {
                lines[lines.count - 1] += " " + word
            } else {
                lines.append(String(word))
            }
        }
    }
}
