import Base
import Watch
import Wire

// The connections of apps in batch output, on the screen that has them.
extension BatchText {
    /// `,"apps":[..],"apps_more":0,"app_keys":[..]`. It is null if the manager gave no answer. A rate that is not known
    /// is null, too.
    static func appsJSON(_ context: Context) -> String {
        let told = ToldApps(context)
        guard context.model.told.apps.time != nil else { return ",\"apps\":null" }
        func optional(_ value: Double?) -> String { value.map(number) ?? "null" }
        let rows = told.rows.map { row in
            "{\"number\":\(optional(row.number)),\"name\":\(row.name.map(jsonText) ?? "null")"
                + ",\"peer\":\(jsonText(row.peer)),\"form\":\(row.form.map(jsonText) ?? "null")"
                + ",\"key\":\(row.key.map(jsonText) ?? "null")"
                + ",\"fresh\":\(told.freshness == .fresh),\"up_s\":\(number(row.connectedSeconds))"
                + ",\"pub_s\":\(optional(told.quantity(row, \.publishes).value)),"
                + "\"bytes_s\":\(optional(told.quantity(row, \.bytes).value)),\"idle_s\":\(number(row.idleSeconds))"
                + ",\"backlog_bytes\":\(number(row.backlogBytes))"
                + ",\"stalled_s\":\(optional(row.stalledSeconds)),\"errors\":\(number(row.errors))"
                + ",\"errors_s\":\(optional(told.quantity(row, \.errors).value)),\"events_s\":"
                + "\(optional(told.freshness == .old ? nil : row.rates?.events))"
                + ",\"refusal\":\(row.refusal.map { jsonText("\($0.code): \($0.message)") } ?? "null")}"
        }
        let keys = told.keys.map { key in
            "{\"key\":\(jsonText(key.key)),\"idle_s\":\(optional(key.idleSeconds))}"
        }
        return ",\"apps\":[" + rows.joined(separator: ",") + "],\"apps_more\":\(number(context.model.told.apps.more))"
            + ",\"app_keys\":[" + keys.joined(separator: ",") + "]"
    }
    /// A comment line for each app, before the table.
    static func appsText(_ context: Context) -> String {
        let told = ToldApps(context)
        if told.rows.isEmpty, let why = told.why { return "# app connections: \(why)\n" }
        let more = context.model.told.apps.more
        return told.rows.map { row in
            "# app \(context.capabilities.clean(row.peer)) "
                + (row.name.map { "name=\(context.capabilities.clean($0).replacing(" ", with: "_")) " } ?? "")
                + (told.keys.isEmpty ? "" : "key=\(context.capabilities.clean(row.key ?? "-")) ")
                + "up_s=\(number(row.connectedSeconds))\(told.mark) "
                + "pub_s=\(told.quantity(row, \.publishes).text(number)) "
                + "bytes_s=\(told.quantity(row, \.bytes).text(number))"
                + " idle_s=\(number(row.idleSeconds))\(told.mark) backlog_bytes=\(number(row.backlogBytes))\(told.mark)"
                + (row.stalledSeconds.map { " stalled_s=\(number($0))\(told.mark)" } ?? "")
                + " errors=\(number(row.errors))\(told.mark)\n"
        }.joined() + (more > 0 ? "# apps more=\(number(more))\n" : "")
    }
}
