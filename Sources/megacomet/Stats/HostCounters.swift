import Glibc
import Reactor
import Wire

/// What the kernel says of the whole machine, from /proc. A file that is not there (a container, an older kernel) leaves its metrics out.
final class HostCounters {
    func fill(_ stats: inout StatsWriter) {
        sockets(&stats)
        network(&stats)
        files(&stats)
        memory(&stats)
        stats.set(.cpuCount, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        if let load = text("/proc/loadavg")?.split(separator: " ").first.flatMap({ Double($0) }) { stats.set(.loadAverage, Int(load * 1000)) }
        if let count = number("/proc/sys/net/netfilter/nf_conntrack_count"), let most = number("/proc/sys/net/netfilter/nf_conntrack_max") {
            stats.set(.conntrack, count)
            stats.set(.conntrackLimit, most)
        }
    }

    /// "TCP: inuse 5 orphan 0 tw 12 alloc 7 mem 1"
    private func sockets(_ stats: inout StatsWriter) {
        for line in lines("/proc/net/sockstat") where line.hasPrefix("TCP:") {
            let words = line.split(separator: " ")
            for (name, id) in [("inuse", MetricID.tcpInUse), ("orphan", .tcpOrphans), ("tw", .tcpTimeWait), ("mem", .tcpMemory)] {
                if let at = words.firstIndex(where: { $0 == name }), at + 1 < words.count, let value = UInt64(words[at + 1]) { stats.set(id, value) }
            }
        }
        if let most = text("/proc/sys/net/ipv4/tcp_mem")?.split(whereSeparator: { $0 == "\t" || $0 == " " || $0 == "\n" }).last.flatMap({ UInt64($0) }) {
            stats.set(.tcpMemoryLimit, most)
        }
    }

    /// /proc/net/netstat and snmp: a line of names, and a line of values under it.
    private func network(_ stats: inout StatsWriter) {
        for (file, wanted) in [
            ("/proc/net/netstat", ["ListenOverflows": MetricID.listenOverflows, "ListenDrops": .listenDrops]),
            ("/proc/net/snmp", ["RcvbufErrors": MetricID.udpReceiveErrors]),
        ] {
            let all = lines(file)
            for at in stride(from: 0, to: all.count - 1, by: 2) where all[at].hasPrefix("TcpExt:") || all[at].hasPrefix("Udp:") {
                let names = all[at].split(separator: " ")
                let values = all[at + 1].split(separator: " ")
                for (name, value) in zip(names, values) { if let id = wanted[String(name)], let value = UInt64(value) { stats.set(id, value) } }
            }
        }
    }

    private func files(_ stats: inout StatsWriter) {
        let words = (text("/proc/sys/fs/file-nr") ?? "").split(whereSeparator: { $0 == "\t" || $0 == "\n" }).compactMap { UInt64($0) }
        guard words.count == 3 else { return }
        stats.set(.filesOpen, words[0])
        stats.set(.filesLimit, words[2])
    }

    private func memory(_ stats: inout StatsWriter) {
        for line in lines("/proc/meminfo") {
            let words = line.split(separator: " ")
            guard words.count >= 2, let kilobytes = UInt64(words[1]) else { continue }
            if words[0] == "MemTotal:" { stats.set(.memoryTotal, kilobytes * 1024) }
            if words[0] == "MemAvailable:" { stats.set(.memoryAvailable, kilobytes * 1024) }
        }
        for (file, id) in [("/proc/pressure/memory", MetricID.psiMemory), ("/proc/pressure/cpu", .psiCPU)] {
            guard let total = lines(file).first(where: { $0.hasPrefix("some") })?.split(separator: "=").last.flatMap({ UInt64($0) }) else { continue }
            stats.set(id, total)
        }
    }

    private func text(_ path: String) -> String? { try? RunFolder.read(path) }
    private func lines(_ path: String) -> [Substring] { text(path)?.split(separator: "\n") ?? [] }
    private func number(_ path: String) -> UInt64? { text(path).flatMap { UInt64($0.prefix { $0.isNumber }) } }
}
