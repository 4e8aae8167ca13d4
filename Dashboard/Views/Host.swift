import Wire

extension Views {
    /// The machine and the kernel's limits, as the supervisor reports them, and the doctor's list.
    static func host(_ context: Context, _ size: Size) -> Page {
        let model = context.model
        let own = model.supervisor.own
        var page = Page(keys: Frame.keys(context, ["p pause", "w save", "megacomet doctor --sysctl prints a sysctl.d file"]))
        var cpu = Line(" CPU", .title)
        if let load = own.value(.loadAverage), let cpus = own.value(.cpuCount), cpus > 0 {
            cpu.add("load \(Format.decimals(load / 1000, 2)) on \(Int(cpus)) cpus")
            cpu.addBar(load / 1000 / cpus, most: size.width >= 120 ? 42 : 22, leaves: 2)
        } else {
            cpu.add("load ?")
        }
        if let waited = own.rate(.psiCPU) { cpu.add("tasks waited for a cpu " + Format.percent(waited / 1e6) + " of the time", leaves: 3) }
        page.header.append(.init(line: cpu, from: 0))
        var memory = Line(" MEM", .title)
        if let free = own.value(.memoryAvailable), let all = own.value(.memoryTotal), all > 0 {
            memory.add("\(Format.bytes(all - free)) of \(Format.bytes(all))")
            memory.addBar((all - free) / all, most: size.width >= 120 ? 42 : 22, leaves: 2)
        } else {
            memory.add("?")
        }
        if let waited = own.rate(.psiMemory) {
            let level = Level(waited, Metric[.psiMemory].threshold)
            memory.add("tasks waited for memory " + Format.percent(waited / 1e6) + " of the time" + level.mark, role: level.role, leaves: 3)
        }
        page.header.append(.init(line: memory, from: 0))
        page.header += Frame.alerts(context, height: size.height)

        let rows: [(String, MetricID, MetricID?)] = [
            ("tcp sockets", .tcpInUse, nil), ("tcp time-wait", .tcpTimeWait, nil), ("tcp orphans", .tcpOrphans, nil), ("tcp memory (pages)", .tcpMemory, .tcpMemoryLimit),
            ("listen overflows", .listenOverflows, nil), ("listen drops", .listenDrops, nil), ("udp buffer errors", .udpReceiveErrors, nil),
            ("conntrack entries", .conntrack, .conntrackLimit), ("open files, whole host", .filesOpen, .filesLimit),
        ]
        let heading = Line(" " + Format.left("KERNEL COUNTERS", 23) + Format.right("NOW", 12) + Format.right("RATE", 10) + Format.right("LIMIT", 14) + Format.right("USED", 6) + "  STATE", .title)
        let lines = rows.filter { own.value($0.1) != nil }.map { name, id, limitID in
            let value = Quantity(own.value(id), own.freshness(context.now))
            let limit = limitID.flatMap { own.value($0) }
            let rate = own.rate(id)
            let threshold = Metric[id].threshold
            let level: Level = switch threshold?.measure {
            case .share: .share(id, value.value, limit)
            case .rate: Level(rate, threshold)
            default: .fine
            }
            var line = Line(Format.left(name, 23))
            line.add(Format.right(value.text(Format.grouped), 12), gap: 0)
            line.add(Format.right(rate.map { Format.rate($0) + "/s" } ?? "?", 10), leaves: 4, gap: 0)
            line.add(Format.right(limit.map { $0 > 1e15 ? "none" : Format.number($0, width: 13) } ?? "-", 14), leaves: 3, gap: 0)
            line.add(Format.right(limit.map { $0 > 0 ? Format.percent((value.value ?? 0) / $0) : "-" } ?? "-", 6), leaves: 2, gap: 0)
            line.add(level == .fine ? "ok" : level == .warning ? "WARNING" : "CRITICAL", role: level.role, leaves: 1)
            return line
        }
        page.list = (heading, lines.isEmpty ? [Line("nothing reported yet: the supervisor reads these", .dim)] : lines, nil)

        if !model.doctor.isEmpty {
            let good = model.doctor.count(where: \.isGood)
            let checks = (model.doctor.filter { !$0.isGood } + model.doctor.filter(\.isGood)).map { check in
                var line = Line(check.isGood ? " " : "!", .warning)
                line.add(Format.left(check.name, 30), role: check.isGood ? .normal : .warning, gap: 1)
                line.add("\(check.have), want \(check.want)", gap: 1)
                line.add(check.isGood ? "ok" : check.why, role: .dim, gap: 2)
                return line
            }
            page.sections.append(.init(title: "DOCTOR: \(good) of \(model.doctor.count) checks pass", note: size.width >= 120 ? "megacomet doctor" : "", lines: checks, least: 2, grows: true))
        }
        let files = model.ordered.map { process in
            let open = process.gauge(.fdsOpen, context.now)
            return "\(process.id.short) \(open.text(Format.grouped))" + (process.own.value(.fdLimit).map { open.freshness == .absent ? "" : "/" + Format.grouped($0) } ?? "")
        }
        page.sections.append(.init(title: "DESCRIPTORS OPEN", lines: Paragraph.lines(words: files, gap: "  ", width: size.width - 2).prefix(3).map { Line(" " + $0) }, least: 1))
        return page
    }
}
