import Base
import Configuration
import Stats
import Watch

// The kernel's counters and the doctor's checks in batch output, on the screen of the host.
extension BatchText {
    private static let hostColumns = ["name", "now", "rate_s", "limit", "state"]
    /// A row for each counter and each check that was told. `-` is a number that there is not.
    private static func hostRows(_ context: Context) -> [[String]] {
        let own = context.model.supervisor.own
        let isOld = own.freshness(context.now) != .fresh
        let counters = Views.kernelCounters(context.model).map { counter -> [String] in
            let metric = Metric[counter.id]
            let rate = metric.kind == .counter ? own.rate(counter.id) : own.change(counter.id)
            return [
                metric.name, own.value(counter.id).map { number($0) + (isOld ? "~" : "") } ?? "?",
                isOld ? "?" : rate.map(number) ?? "?", counter.limit.flatMap { own.value($0) }.map(number) ?? "-",
                Views.level(of: counter, own).word,
            ]
        }
        let checks = context.model.told.doctor.map { check in
            [
                plainText(check.name), plainText(check.have ?? "-").replacing(" ", with: "_"), "-",
                plainText(check.want).replacing(" ", with: ""), check.enough ? "ok" : "WARNING",
            ]
        }
        return counters + checks
    }
    static func hostText(_ context: Context) -> String {
        let table = [hostColumns] + hostRows(context)
        let widths = hostColumns.indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        return table.map { row in
            row.enumerated().map { index, cell in
                index == 0 ? cell.leftAligned(widths[0]) : index == 4 ? cell : cell.rightAligned(widths[index])
            }.joined(separator: " ") + "\n"
        }.joined()
    }
    static func hostCSV(_ context: Context, isFirst: Bool) -> String {
        let time = "\(UTC.text(context.model.wall, milliseconds: false))"
        let heading = isFirst ? "time," + hostColumns.joined(separator: ",") + "\n" : ""
        return heading
            + hostRows(context).map { row in
                time + ","
                    + row.map { $0 == "-" || $0 == "?" ? "" : $0.replacing(",", with: ";") }
                    .joined(separator: ",") + "\n"
            }.joined()
    }
    /// `,"host":[..]`
    static func hostJSON(_ context: Context) -> String {
        let own = context.model.supervisor.own
        let rows = Views.kernelCounters(context.model).map { counter in
            "{\"name\":\(jsonText(Metric[counter.id].name)),\"now\":\(own.value(counter.id).map(number) ?? "null"),"
                + "\"limit\":\(counter.limit.flatMap { own.value($0) }.map(number) ?? "null"),"
                + "\"state\":\(jsonText(Views.level(of: counter, own).word))}"
        }
        return ",\"host\":[" + rows.joined(separator: ",") + "]"
    }
}

extension Level {
    /// The word of a row's state.
    var word: String { self == .fine ? "ok" : self == .warning ? "WARNING" : "CRITICAL" }
}
