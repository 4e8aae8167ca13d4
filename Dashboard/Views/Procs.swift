import Wire

extension Views {
    /// What the supervisor knows and does.
    static func procs(_ context: Context, _ size: Size) -> Page {
        let model = context.model
        var page = Page(keys: Frame.keys(context, ["Enter detail", "l log", "c crash", "s sort", "e explain"], actions: ["R restart", "D drain", "S stop", "U start", "K kill", "H hold", "X rolling"]))
        var supervisor = Line(" SUPERVISOR", .title)
        supervisor.add(model.supervisor.pid > 0 ? "pid \(model.supervisor.pid)" : "pid ?")
        if model.supervisor.startTime > 0, model.wall > model.supervisor.startTime { supervisor.add("up " + Format.span(Double(model.wall - model.supervisor.startTime) / 1000), leaves: 3) }
        let own = model.supervisor.own
        if let good = own.count(.configOK) { supervisor.add(good == 1 ? "config ok" : "CONFIG BAD", role: good == 1 ? .normal : .warning, leaves: 2) }
        if let viewers = own.value(.subscribers) { supervisor.add("viewers \(Int(viewers))", leaves: 4) }
        if let age = own.age(context.now) { supervisor.add("heard " + Format.span(age) + " ago", leaves: 5) }
        let forged = (own.value(.hubBadToken) ?? 0) + (own.value(.hubBadMagic) ?? 0) + (own.value(.hubForeign) ?? 0) + (own.value(.hubTruncated) ?? 0)
        if forged > 0 { supervisor.add("foreign packets \(Format.short(forged))", role: .warning, leaves: 4) }
        page.header.append(.init(line: supervisor, from: 0))
        let policy = model.server.policy
        var line = Line(" POLICY", .title)
        line.add("backoff \(Format.span(policy.restartDelay)) x3 to \(Format.span(policy.restartDelayMax))", leaves: 1)
        line.add("crash loop \(policy.crashLoopExits) in \(Format.span(policy.crashLoopWindow)), then each 60s", leaves: 2)
        line.add("suspect after 3 reports", leaves: 4)
        line.add("hang \(Format.span(policy.watchdog))", leaves: 3)
        line.add("drain \(Format.span(policy.drain))", leaves: 3)
        page.header.append(.init(line: line, from: 16))
        var rolling = Line(" ROLLING", .title)
        rolling.add(model.rolling ?? "none (X starts one: new ready before old drains)", role: model.rolling == nil ? .dim : .warning)
        page.header.append(.init(line: rolling, from: 14))
        page.header += Frame.alerts(context, height: size.height)
        page.table = Table(.procs, context, width: size.width)
        if let selected = Table.cursor(page.table?.rows ?? [], context.session).map({ page.table?.rows[$0] }) ?? nil, let child = model.children[selected.id], !child.output.isEmpty {
            page.sections.append(.init(
                title: "\(selected.id.short) LAST OUTPUT", note: "l shows all", lines: child.output.suffix(10).map { Line(" " + context.capabilities.clean($0)) }, least: 2, grows: true))
        }
        let exits = model.events.filter { ["EXIT", "CRASHLOOP", "HANG"].contains($0.kind) }.suffix(6).reversed()
        if !exits.isEmpty {
            page.sections.insert(.init(title: "LAST EXITS", lines: exits.map { Frame.event($0, context, width: size.width) }, least: 1), at: 0)
        }
        return page
    }
}
