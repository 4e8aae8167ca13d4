import Stats
import Supervision

// Conditions of the machine and of the supervisor.
extension Model {
    func addMachine(_ totals: Totals, to found: inout Conditions) {
        let own = supervisor.own
        let seconds = Model.alertSeconds
        if let end = totals.certificateEnd.map({ CertificateEnd($0, wall: wall) }), let text = end.alert {
            found.add(.certificate, end.level, certain: true, text)
        }
        if own.count(.configOK) == 0 {
            found.add(.config, .warning, certain: true, "at the last reload; megacomet check says why")
        }
        let files = own.value(.fdsOpen), mostFiles = own.value(.fdLimit)
        found.add(
            .fds, .share(.fdsOpen, files, mostFiles), at: "supervisor",
            "\(Format.grouped(files ?? 0)) of \(Format.grouped(mostFiles ?? 0)) are open")
        if let free = own.value(.memoryAvailable), let all = own.value(.memoryTotal), all > 0 {
            found.add(
                .memory, free < all * 0.05 ? .critical : free < all * 0.10 ? .warning : .fine,
                "\(Format.bytes(free)) of \(Format.bytes(all)) are left: lower workers.max_connections or "
                    + "queue.max_bytes, or add memory")
        }
        let waited = own.rate(.psiMemory, seconds: seconds)
        found.add(
            .pressure, Level(waited, Metric[.psiMemory].threshold),
            "\(Format.percent((waited ?? 0) / 1e6)) of the time: memory is short")
        let killed = own.rate(.oomKills, seconds: 10) ?? 0
        found.add(.oom, killed > 0 ? .critical : .fine, certain: true, "see dmesg; a worker that got SIGKILL was one")
        let throttled = own.rate(.cpuThrottled, seconds: seconds)
        found.add(
            .throttled, Level(throttled, Metric[.cpuThrottled].threshold),
            "\(Format.percent((throttled ?? 0) / 1e6)) of the time by the control group: raise CPUQuota")
        let drops = (own.rate(.listenDrops, seconds: seconds) ?? 0)
        let errors = totals.sumRate(.acceptErrors, seconds: seconds).value ?? 0
        found.add(
            .accepts, Level(max(drops, errors), Metric[.listenDrops].threshold),
            "\(Format.rate(max(drops, errors)))/s: raise net.core.somaxconn and LimitNOFILE (megacomet doctor)")
        let datagrams = own.rate(.hubQueueDrops, seconds: seconds)
        found.add(
            .datagrams, Level(datagrams, Metric[.hubQueueDrops].threshold),
            "\(Format.rate(datagrams ?? 0))/s: raise net.core.rmem_max; does the supervisor get processor time?")
    }
}
