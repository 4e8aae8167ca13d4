import Base
import Configuration
import Stats
import Watch

extension Views {
    /// The machine and the kernel's limits, as the supervisor reports them, and the doctor's list.
    static func host(_ context: Context, _ size: Size) -> Page {
        let model = context.model
        let own = model.supervisor.own
        var page = Page(
            keys: Frame.keys(
                context,
                ["Enter what it means", "p pause", "w save", "megacomet doctor --sysctl prints a sysctl.d file"]))
        let bar = size.width >= wideFrom ? 42 : 22
        page.header.append(.init(line: processorLine(own, bar: bar), from: 0))
        page.header.append(.init(line: memoryLine(own, bar: bar), from: 0))
        page.header.append(.init(line: journalLine(context), from: 18))
        page.header += Frame.alerts(context, size)

        let counters = kernelCounters(model)
        var heading = Line(" " + Format.left("KERNEL COUNTERS", 23) + "NOW".rightAligned(12), .title)
        // Its pieces leave with those of the rows.
        for (title, width, leaves) in [("RATE", 10, 4), ("LIMIT", 14, 3), ("USED", 6, 2)] {
            heading.add(title.rightAligned(width), role: .title, leaves: leaves, gap: 0)
        }
        heading.add("STATE", role: .title, leaves: 1)
        let at = counters.isEmpty ? nil : cursor(hostRows(model), context.session)
        page.list = Page.List(
            heading: heading,
            rows: counters.isEmpty
                ? [Line("nothing reported yet: the supervisor reads these", .dim)]
                : counters.map { line($0, own, context) } + failedChecks(model).map { line($0, context) },
            keys: (0..<hostRows(model)).map { .line($0) }, cursor: at, showsHidden: true)

        if !model.told.doctor.isEmpty { page.sections.append(doctor(model.told.doctor, width: size.width)) }
        page.sections.append(descriptors(context, width: size.width))
        return page
    }

    private static func processorLine(_ own: Series, bar: Int) -> Line {
        var cpu = Line(" CPU", .title)
        if let load = own.value(.loadAverage), let cpus = own.value(.cpuCount), cpus > 0 {
            cpu.add("load \(Format.decimals(load / 1000, 2)) on \(Format.whole(cpus)) cpus")
            cpu.addBar(load / 1000 / cpus, most: bar, leaves: 2)
        } else {
            cpu.add("load ?")
        }
        if let waited = own.rate(.psiCPU) {
            cpu.add("tasks waited for a cpu " + Format.percent(waited / 1e6) + " of the time", leaves: 3)
        }
        return cpu
    }
    private static func memoryLine(_ own: Series, bar: Int) -> Line {
        var memory = Line(" MEM", .title)
        if let free = own.value(.memoryAvailable), let all = own.value(.memoryTotal), all > 0 {
            memory.add("\(Format.bytes(all - free)) of \(Format.bytes(all))")
            memory.addBar((all - free) / all, most: bar, leaves: 2)
        } else {
            memory.add("?")
        }
        if let waited = own.rate(.psiMemory) {
            let level = Level(waited, Metric[.psiMemory].threshold)
            memory.add(
                "tasks waited for memory " + Format.percent(waited / 1e6) + " of the time" + level.mark,
                role: level.role, leaves: 3)
        }
        return memory
    }
    /// The descriptors that each process has open and may have.
    private static func descriptors(_ context: Context, width: Int) -> Page.Section {
        let own = context.model.supervisor.own
        let ofSupervisor = own.value(.fdsOpen).map {
            "supervisor " + Format.grouped($0) + (own.value(.fdLimit).map { "/" + Format.grouped($0) } ?? "")
        }
        let files =
            (ofSupervisor.map { [$0] } ?? [])
            + context.model.ordered.map { process in
                let open = process.gauge(.fdsOpen, context.now)
                return "\(process.id.short) \(open.text(Format.grouped))"
                    + (process.own.value(.fdLimit).map { open.freshness == .absent ? "" : "/" + Format.grouped($0) }
                        ?? "")
            }
        let lines = Paragraph.lines(words: files, gap: "  ", width: width - 2).prefix(3)
        return Page.Section(title: "DESCRIPTORS OPEN", lines: lines.map { Line(" " + $0) }, least: 1)
    }

    /// The kernel's counters that the supervisor reads here: name, metric, and limit if there is one.
    static func kernelCounters(_ model: Model) -> [(name: String, id: MetricID, limit: MetricID?)] {
        let all: [(String, MetricID, MetricID?)] = [
            ("tcp sockets", .tcpInUse, nil), ("tcp time-wait", .tcpTimeWait, nil), ("tcp orphans", .tcpOrphans, nil),
            ("tcp memory (pages)", .tcpMemory, .tcpMemoryLimit),
            ("listen overflows", .listenOverflows, nil), ("listen drops", .listenDrops, nil),
            ("udp buffer errors", .udpReceiveErrors, nil),
            ("conntrack entries", .conntrack, .conntrackLimit), ("open files, whole host", .filesOpen, .filesLimit),
        ]
        return all.filter { model.supervisor.own.value($0.1) != nil }.map { (name: $0.0, id: $0.1, limit: $0.2) }
    }
    /// The level of a counter, by its share of the limit or by its growth.
    static func level(of counter: (name: String, id: MetricID, limit: MetricID?), _ own: Series) -> Level {
        let metric = Metric[counter.id]
        switch metric.threshold?.measure {
        case .share: return .share(counter.id, own.value(counter.id), counter.limit.flatMap { own.value($0) })
        case .rate: return Level(own.rate(counter.id), metric.threshold)
        default: return .fine
        }
    }
    static func cursor(_ count: Int, _ session: Session) -> Int {
        if case .line(let line)? = session.cursor { min(line, count - 1) } else { 0 }
    }
    private static func line(
        _ counter: (name: String, id: MetricID, limit: MetricID?), _ own: Series, _ context: Context
    ) -> Line {
        let metric = Metric[counter.id]
        let freshness = own.freshness(context.now)
        let value = Quantity(own.value(counter.id), freshness)
        let limit = counter.limit.flatMap { own.value($0) }
        // A counter only grows. A gauge may also shrink.
        let rate = Quantity(
            freshness == .old ? nil : metric.kind == .counter ? own.rate(counter.id) : own.change(counter.id), freshness
        )
        let level = freshness == .old ? Level.fine : level(of: counter, own)
        var line = Line(Format.left(counter.name, 23))
        line.add(Format.right(value.text(Format.grouped), 12), gap: 0)
        line.add(
            Format.right(rate.text { (metric.kind != .counter && $0 > 0 ? "+" : "") + Format.rate($0) + "/s" }, 10),
            leaves: 4, gap: 0)
        line.add(
            Format.right(limit.map { $0 > 1e15 ? "none" : Format.number($0, width: 13) } ?? "-", 14), leaves: 3, gap: 0)
        line.add(
            Format.right(limit.map { $0 > 0 ? Format.percent((value.value ?? 0) / $0) : "-" } ?? "-", 6), leaves: 2,
            gap: 0)
        // A counter that once grew is no trouble now. Nobody knows when that was.
        let isOver = metric.kind == .counter && value.value ?? 0 > 0 && rate.value == 0
        line.add(
            isOver && level == .fine ? "ok now" : level.word, role: level.role, leaves: 1)
        return line
    }
    /// The rows that the cursor goes through: the counters of the kernel, and the checks of the doctor that fail.
    static func hostRows(_ model: Model) -> Int { kernelCounters(model).count + failedChecks(model).count }
    static func failedChecks(_ model: Model) -> [Doctor.Row] { model.told.doctor.filter { !$0.enough } }
    /// A check that fails. Enter opens the rest of its reason.
    private static func line(_ check: Doctor.Row, _ context: Context) -> Line {
        let clean = context.capabilities.clean
        var line = Line("! " + Format.left(clean(check.name), 28) + " " + clean(check.have ?? "-"), .warning)
        line.add("want " + clean(check.want.replacing(" ", with: "", maxReplacements: 1)), gap: 1)
        line.add(clean(check.why), role: .dim)
        return line
    }
    /// The checks that pass, two in a line if there is room.
    private static func doctor(_ checks: [Doctor.Row], width: Int) -> Page.Section {
        let good = checks.filter(\.enough)
        var lines: [Line] = []
        let columns = width >= wideFrom ? 2 : 1
        for start in stride(from: 0, to: good.count, by: columns) {
            var line = Line(" ")
            for check in good[start..<min(good.count, start + columns)] {
                line.add(
                    Format.left("\(check.name)  \(check.have ?? "-")  want \(check.want)", (width - 4) / columns - 5)
                        + " ok", gap: 1)
            }
            lines.append(line)
        }
        return .init(
            title: "DOCTOR: \(good.count) of \(checks.count) checks pass"
                + (good.count < checks.count ? ", the others are above" : ""),
            note: width >= wideFrom ? "megacomet doctor" : "", lines: lines, least: 1, grows: true)
    }
}
