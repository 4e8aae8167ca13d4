import Base
import Stats
import Supervision
import Watch

/// One sample as text, JSON, CSV or OpenMetrics. It has the columns of the screen. JSON also has a version.
enum BatchText {
    static let schema = 1

    static func sample(_ context: Context, _ format: Options.Format, isFirst: Bool) -> String {
        switch format {
        case .text: text(context)
        case .json: json(context)
        case .csv: csv(context, isFirst: isFirst)
        case .prom: prometheus(context.model)
        }
    }

    private static func columns(_ context: Context) -> [Column] {
        let columns = Columns.of(context.session.screen).filter { $0.history == nil }
        return columns.isEmpty ? Columns.of(.overview).filter { $0.history == nil } : columns
    }
    private static func rows(_ context: Context) -> [ProcessModel] { Table.rows(context.session.screen, context) }
    /// A number, also for JSON. If no Int64 holds it, it is written with an exponent, as in JSON.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return "?" }
        if abs(value) >= 1e15 { return "\(value)" }
        return value == value.rounded() ? String(Int64(value)) : Format.decimals(value, 3)
    }

    /// The cell as on the screen, but with whole numbers: `-` no process, `?` unknown, `~` old.
    private static func field(_ column: Column, _ process: ProcessModel, _ context: Context) -> String {
        let text = plainText(column.cell(process, context).text)
        if column.isLeft { return text.replacing(" ", with: "_") }
        guard text != "-", text != "?", let value = column.value(process, context) else {
            return text == "-" ? "-" : "?"
        }
        return number(value) + (text.hasSuffix("~") ? "~" : "")
    }
    /// A row of the screen: each column's name and its value.
    static func row(_ process: ProcessModel, _ context: Context) -> String {
        columns(context).map { "\($0.id)=\(field($0, process, context))" }.joined(separator: " ")
    }
    private static func text(_ context: Context) -> String {
        let model = context.model
        let fresh = model.processes.values.count { $0.own.freshness(model.now) == .fresh }
        var text = "# megatop \(model.server.version) host=\(plainText(model.server.host))"
        text += " time=\(UTC.text(model.wall, milliseconds: false))"
        text += " interval=\(Format.decimals(context.session.interval, 1)) sources=\(model.processes.count)"
        text += " fresh=\(fresh) lost=\(model.health.lost)\n"
        text += "# \(model.verdict.word)\n"
        for alert in model.alerts {
            let word = !alert.isOpen ? "OVER" : alert.isCritical ? "CRITICAL" : "WARNING"
            text += "# \(word) since \(UTC.text(alert.since, milliseconds: false)) \(plainText(alert.sentence))\n"
        }
        if context.session.screen == .events {
            return text + Views.passing(model, context.session).map { $0.line + "\n" }.joined()
        }
        if context.session.screen == .host { return text + hostText(context) }
        if context.session.screen == .nodes { return text + nodesText(context) }
        if context.session.screen == .delivery { text += appsText(context) }
        if let problem = Table.problem(context.session.screen, context) { text += "# filter: \(problem)\n" }
        let columns = columns(context)
        let table = [columns.map(\.id)] + rows(context).map { process in columns.map { field($0, process, context) } }
        let widths = columns.indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        for row in table {
            var line = ""
            for (index, cell) in row.enumerated() {
                line +=
                    (index == 0 ? "" : " ")
                    + (columns[index].isLeft ? Format.left(cell, widths[index]) : Format.right(cell, widths[index]))
            }
            while line.hasSuffix(" ") { line.removeLast() }
            text += line + "\n"
        }
        return text
    }
    private static func csv(_ context: Context, isFirst: Bool) -> String {
        if context.session.screen == .host { return hostCSV(context, isFirst: isFirst) }
        if context.session.screen == .nodes { return nodesCSV(context, isFirst: isFirst) }
        let columns = columns(context)
        let time = "\(UTC.text(context.model.wall, milliseconds: false))"
        var text = isFirst ? "time," + columns.map(\.id).joined(separator: ",") + "\n" : ""
        for process in rows(context) {
            text +=
                time + ","
                + columns.map { column in
                    let cell = plainText(column.cell(process, context).text)
                    // Unknown and absent values are empty, never zero.
                    if column.isLeft {
                        return cell.contains(",") || cell.contains("\"")
                            ? "\"" + cell.replacing("\"", with: "\"\"") + "\"" : cell
                    }
                    return cell == "-" || cell == "?" ? "" : column.value(process, context).map(number) ?? ""
                }.joined(separator: ",") + "\n"
        }
        return text
    }
    private static func json(_ context: Context) -> String {
        let model = context.model
        let totals = context.totals
        func optional(_ value: Double?) -> String { value.map(number) ?? "null" }
        var text = "{\"schema\":\(schema),\"megatop\":\(jsonText(model.server.version))"
        text += ",\"host\":\(jsonText(model.server.host))"
        text +=
            ",\"time\":\"\(UTC.text(model.wall))\","
            + "\"interval\":\(number(context.session.interval))"
        text += ",\"live\":\(!model.isLost),\"lost_packets\":\(model.health.lost)"
        text +=
            ",\"totals\":{\"conns\":\(optional(totals.connections.value)),"
            + "\"conn_limit\":\(optional(totals.connectionLimit)),"
            + "\"polls\":\(optional(totals.polls.value)),"
            + "\"streams\":\(optional(totals.sum(.streams).value)),"
            + "\"sockets\":\(optional(totals.sum(.sockets).value)),"
            + "\"dlv\":\(optional(totals.deliveries(seconds: context.seconds).value))"
        text +=
            ",\"pub\":\(optional(totals.published(seconds: context.seconds).value)),"
            + "\"queue\":\(optional(totals.waiting(.queueMessages).value)),"
            + "\"queue_bytes\":\(optional(totals.waiting(.queueBytes).value))"
        text +=
            ",\"exp\":\(optional(totals.waitingRate(.expired, seconds: context.seconds).value)),"
            + "\"ready\":\(totals.readyCount),\"balance\":\(totals.balance.wrong.isEmpty)}"
        let procs = rows(context).map { process in
            let age = process.own.age(model.now).map { ($0 * 1000).rounded() }
            var row = "{\"id\":\(jsonText(process.id.short)),\"state\":\(jsonText(process.state(model.now).word))"
            row += ",\"age_ms\":\(optional(age))"
            row += ",\"fresh\":\(process.own.freshness(model.now) == .fresh)"
            if let retry = process.child.value(.childRetryIn), retry > 0 { row += ",\"retry_ms\":\(number(retry))" }
            let exit = model.lastExit(process)
            if exit != "-", exit != "?" { row += ",\"last_exit\":\(jsonText(exit))" }
            for column in columns(context) where !["id", "state"].contains(column.id) && !column.isLeft {
                let cell = column.cell(process, context).text
                let isKnown = cell != "-" && cell != "?"
                row += ",\(jsonText(column.id)):" + (isKnown ? optional(column.value(process, context)) : "null")
            }
            return row + "}"
        }
        text += ",\"procs\":[" + procs.joined(separator: ",") + "]"
        if context.session.screen == .host { text += hostJSON(context) }
        if context.session.screen == .nodes { text += nodesJSON(context) }
        if context.session.screen == .events {
            text +=
                ",\"events\":["
                + Views.passing(model, context.session).map(\.json).joined(separator: ",") + "]"
        }
        if context.session.screen == .delivery { text += appsJSON(context) }
        return text + ",\"verdict\":\"\(model.verdict.rawValue)\",\"alerts\":\(JSONLine.text(model.alerts))}\n"
    }

    /// The newest values of all processes, by the table of metrics.
    private static func prometheus(_ model: Model) -> String {
        var families = PrometheusFamilies()
        func add(_ prefix: String, _ values: MetricValues?, _ labels: String) {
            for (id, value) in values?.all ?? [] {
                guard let metric = Metric.named(id), metric.kind != .subject else { continue }
                let type = metric.kind == .counter || metric.kind == .bucket ? "counter" : "gauge"
                let place = families.place("megacomet_\(prefix)_\(metric.name)", type) { metric.help }
                families.add(place, labels, "", "\(value)")
            }
        }
        for process in model.ordered {
            let worker = if case .worker(let number) = process.id { "worker=\"\(number)\"" } else { "" }
            add(process.id.kind, process.own.samples.last?.values, worker)
            add("worker", process.queue.samples.last?.values, process.id == .manager ? "worker=\"none\"" : worker)
            add("child", process.child.samples.last?.values, "process=\"\(process.id)\"")
        }
        add("supervisor", model.supervisor.own.samples.last?.values, "")
        return families.text
    }
}

extension Event {
    /// The word in batch output, and with J on the screen.
    var json: String {
        "{\"time\":\(time),\"severity\":\"\(severity.rawValue)\",\"who\":\(jsonText(who)),\"kind\":\(jsonText(kind))"
            + (pid.map { ",\"pid\":\($0)" } ?? "") + ",\"text\":\(jsonText(text))}"
    }
}
