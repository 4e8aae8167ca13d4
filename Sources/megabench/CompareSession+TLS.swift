/// The rows over TLS: how much is delivered, beside the same without, and what an idle connection costs.
extension CompareSession {
    private var forms: [LoadPlan.Form] { [.json] + (command.streams > 0 ? Self.streamForms : []) }
    private func clients(_ form: LoadPlan.Form) -> Int { form.stays ? command.streams : command.clients }

    mutating func measureTLS(_ kind: Server.Kind, _ common: BenchSettings, _ run: Int) throws {
        var settings = common
        settings.isTLS = true
        for form in forms {
            (settings.form, settings.clients) = (form, clients(form))
            try measure(kind, settings, [.unicast], run)
        }
        guard command.idle > 0 else { return }
        (settings.form, settings.clients, settings.workers) = (.json, command.idle, 1)
        // When many come and go, nginx closes the idle connections of publishers to have room for others.
        settings.churn = kind == .nchan ? 0 : command.churn
        try measure(kind, settings, [.idle], run)
    }

    var tlsRows: [Comparison.Row] {
        var rows: [Comparison.Row] = []
        for form in forms {
            let name = [.events: "event streams", .ws: "WebSockets"][form] ?? "clients"
            let variant = form.stays ? "tls \(form.rawValue)" : "tls"
            let plain = form.stays ? "unicast \(form.rawValue)" : "unicast"
            let few = clients(form)
            rows.append(
                row(
                    "delivered a second over TLS, \(few) \(name)", .unicast, few, "delivered_per_second",
                    .atLeast(ofLimit: nil, ofNchan: 1), variant))
            // Run by run, so that other load on the machine affects both alike.
            func ratios(_ kind: Server.Kind) -> [Double] {
                let pairs = zip(
                    values(kind, "unicast \(variant)", few, "delivered_per_second"),
                    values(kind, plain, few, "delivered_per_second"))
                return pairs.filter { $1 > 0 }.map { $0 / $1 }
            }
            rows.append(
                Comparison.Row(
                    what: "  over that without TLS", limit: ratios(.limit), nchan: ratios(.nchan),
                    megacomet: ratios(.megacomet), target: .none))
        }
        guard command.idle > 0 else { return rows }
        rows.append(
            row(
                "user bytes a client, \(command.idle) idle over TLS", .idle, command.idle, "user_bytes_per_client",
                .below(424), "tls"))
        if command.churn > 0 {
            rows.append(
                row(
                    "  after \(command.churn) came and went", .idle, command.idle, "user_bytes_per_client_after_churn",
                    .below(424), "tls"))
        }
        return rows
    }
}
