/// The rows with receipts: how much is delivered while every publish asks for one and an app reads all events, beside
/// the same without.
extension CompareSession {
    /// Event streams of clients here acknowledge nothing, so they are left out.
    private var forms: [LoadPlan.Form] { [.json] + (command.streams > 0 ? [.ws] : []) }
    private func clients(_ form: LoadPlan.Form) -> Int { form.stays ? command.streams : command.clients }

    mutating func measureReceipts(_ common: BenchSettings, _ run: Int) throws {
        var settings = common
        settings.hasReceipts = true
        for form in forms {
            (settings.form, settings.clients) = (form, clients(form))
            try measure(.megacomet, settings, [.unicast], run)
        }
    }

    var receiptRows: [Comparison.Row] {
        var rows: [Comparison.Row] = []
        for form in forms {
            let (few, ending) = (clients(form), form.stays ? " \(form.rawValue)" : "")
            let variant = "receipts" + ending
            rows.append(
                row(
                    "delivered a second with receipts, \(few) \(form.stays ? "WebSockets" : "clients")", .unicast, few,
                    "delivered_per_second", .none, variant))
            // Run by run, so that other load on the machine affects both alike.
            let pairs = zip(
                values(.megacomet, "unicast " + variant, few, "delivered_per_second"),
                values(.megacomet, "unicast" + ending, few, "delivered_per_second"))
            rows.append(
                Comparison.Row(
                    what: "  over that without receipts", megacomet: pairs.filter { $1 > 0 }.map { $0 / $1 },
                    target: .none))
        }
        return rows
    }
}
