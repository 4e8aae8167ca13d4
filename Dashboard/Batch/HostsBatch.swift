import Base
import Glibc
import Reactor
import Stats
import Supervision
import Watch

/// Several machines without a terminal: a row each.
package final class HostsBatch {
    private let options: Options
    private let batchLoop = BatchLoop()
    private let sources: [Source]

    package init(_ options: Options) throws {
        self.options = options
        let loop = batchLoop.loop
        sources = try options.hosts.map { try Source(loop, options, host: $0) }
    }

    package func run() -> Int32 {
        sources.forEach { $0.retry() }
        let code = batchLoop.run { [unowned self] in tick() }
        RemoteHost.end(sources.compactMap(\.remote))
        return code
    }
    private func tick() {
        let now = Clock.monotonicNanoseconds
        sources.forEach { $0.tick() }
        // A machine is known when its rates are, or when ssh can't reach it.
        let areKnown = sources.allSatisfy { $0.model.isLost || $0.model.link == .live && $0.model.totals.areWhole }
        guard batchLoop.isDue(now, isKnown: areKnown, patience: Batch.remotePatienceNanoseconds) else { return }
        let table = HostTable(sources.map(\.model), options.session(), Capabilities())
        if options.isCheck {
            let (text, code) = HostsText.check(table)
            Batch.put(text)
            return batchLoop.end(code)
        }
        batchLoop.exitCode =
            table.rows.allSatisfy { !$0.context.model.isLost && !$0.context.model.processes.isEmpty } ? 0 : 69
        batchLoop.print(of: options.count, every: options.interval ?? 1, at: now) {
            HostsText.sample(table, options.format, isFirst: $0)
        }
    }
}

/// The rows of several machines as text, JSON or CSV, and as a check.
package enum HostsText {
    static func sample(_ table: HostTable, _ format: Options.Format, isFirst: Bool) -> String {
        let rows = table.shown
        let names = ["host"] + HostColumn.all.map(\.id)
        let wall = UTC.text(Clock.wallMilliseconds, milliseconds: false)
        switch format {
        case .text, .prom:
            var text = "# megatop \(Version.text) hosts=\(table.rows.count) time=\(wall)\n"
            for found in table.alerts {
                text += "# \(found.alert.isCritical ? "CRITICAL" : "WARNING") \(found.host) "
                text += plainText(found.alert.sentence) + "\n"
            }
            let lines = [names] + rows.map { row in [row.name] + HostColumn.all.map { field($0, row.context) } }
            let widths = names.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
            return text
                + lines.map { line in
                    zip(line, widths).enumerated().map { at, cell in
                        at < 2 ? cell.0.leftAligned(cell.1) : cell.0.rightAligned(cell.1)
                    }.joined(separator: " ") + "\n"
                }.joined()
        case .csv:
            let lines = rows.map { row in
                ([wall, quoted(row.name)] + HostColumn.all.map { field($0, row.context) }).joined(separator: ",") + "\n"
            }
            return (isFirst ? "time," + names.joined(separator: ",") + "\n" : "") + lines.joined()
        case .json:
            let hosts = rows.map { row in
                let members = HostColumn.all.map { column -> String in
                    let text = field(column, row.context)
                    if column.isLeft { return "\"\(column.id)\":\(jsonText(text))" }
                    let isOld = text.hasSuffix("~")
                    return "\"\(column.id)\":"
                        + (text == "?" || text == "-" ? "null" : isOld ? "\(text.dropLast())" : text)
                        + (isOld ? ",\"\(column.id)_old\":true" : "")
                }
                return "{\"host\":\(jsonText(row.name))," + members.joined(separator: ",") + "}"
            }
            let alerts = table.alerts.map { found in
                "{\"host\":\(jsonText(found.host)),\"critical\":\(found.alert.isCritical),"
                    + "\"text\":\(jsonText(found.alert.sentence))}"
            }
            return "{\"schema\":\(BatchText.schema),\"time\":\"\(wall)\",\"hosts\":[\(hosts.joined(separator: ","))],"
                + "\"alerts\":[\(alerts.joined(separator: ","))]}\n"
        }
    }
    /// As in a table of processes: `-` nothing is there, `?` unknown, `~` old.
    private static func field(_ column: HostColumn, _ context: Context) -> String {
        let text = column.cell(context).text
        if column.isLeft { return text }
        guard text != "-", text != "?", let value = column.value(context) else { return text == "-" ? "-" : "?" }
        return BatchText.number(value) + (text.hasSuffix("~") ? "~" : "")
    }
    private static func quoted(_ text: String) -> String {
        text.contains(where: { ",\"".contains($0) }) ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }

    /// One line about all machines, then one about each, the worst first, and the worst exit code: critical, then
    /// unknown, then warning.
    static func check(_ table: HostTable) -> (String, Int32) {
        let order: [Int32] = [2, 3, 1, 0], words = ["OK", "WARNING", "CRITICAL", "UNKNOWN"]
        let results = table.rows.map { row -> (name: String, text: Substring, data: Substring, code: Int32) in
            if row.context.model.processes.isEmpty {
                let alert = table.alerts.first { $0.host == row.name && $0.alert.key == "lost" }
                return (row.name, "UNKNOWN \(plainText(alert?.alert.sentence ?? "nothing came"))", "", 3)
            }
            let (text, code) = Check.result(row.context)
            let parts = text.split(separator: "\n").first?.split(separator: "|", maxSplits: 1) ?? []
            return (row.name, parts.first ?? "", parts.count > 1 ? parts[1] : "", code)
        }
        let sorted = order.flatMap { code in results.filter { $0.code == code } }
        let code = sorted.first?.code ?? 3
        let counts = order.compactMap { code -> String? in
            let count = results.count { $0.code == code }
            return count == 0 ? nil : "\(count) \(words[Int(code)])"
        }
        let data = results.flatMap { result in
            result.data.split(separator: " ").map { "\(label(result.name))_\($0)" }
        }
        let lines = sorted.map { "\($0.name): \($0.text.replacing("|", with: "/"))\n" }
        let head = "\(words[Int(code)]) \(results.count) hosts: \(counts.joined(separator: ", "))"
        return (head + (data.isEmpty ? "" : " | " + data.joined(separator: " ")) + "\n" + lines.joined(), code)
    }
    /// A name that performance data can have.
    private static func label(_ name: String) -> String {
        String(name.map { $0.isLetter || $0.isNumber || ".-@".contains($0) ? $0 : "_" })
    }
}
