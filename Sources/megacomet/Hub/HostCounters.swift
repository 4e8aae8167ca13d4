import Glibc
import Reactor
import Stats

/// The kernel's figures about the whole machine, from /proc. If a file is not there (in a container, or with an older
/// kernel), its metrics are left out.
final class HostCounters {
    private let sockets = ProcFile("/proc/net/sockstat")
    private let tcpMemory = ProcFile("/proc/sys/net/ipv4/tcp_mem")
    /// It has about 10 KB and must be read in one piece.
    private let netstat = ProcFile("/proc/net/netstat", most: 16_384)
    private let snmp = ProcFile("/proc/net/snmp", most: 16_384)
    private let files = ProcFile("/proc/sys/fs/file-nr")
    private let memory = ProcFile("/proc/meminfo", most: 8192)
    private let memoryPressure = ProcFile("/proc/pressure/memory")
    private let processorPressure = ProcFile("/proc/pressure/cpu")
    /// It has about 4 KB, and grows with the kernel.
    private let virtualMemory = ProcFile("/proc/vmstat", most: 16_384)
    private let load = ProcFile("/proc/loadavg")
    private let tracked = ProcFile("/proc/sys/net/netfilter/nf_conntrack_count")
    private let mostTracked = ProcFile("/proc/sys/net/netfilter/nf_conntrack_max")
    /// In a container, memory and processors are those that it may use.
    private let groups = ControlGroups()

    private func available(_ text: inout KernelText) -> UInt64? {
        text.line("MemAvailable:")?.number(at: 0).map { min($0 * 1024, groups.availableBytes ?? .max) }
    }

    func fill(_ stats: inout StatsWriter) {
        func set(_ id: MetricID, _ value: UInt64?) { if let value { stats.set(id, value) } }
        sockets.read { text in
            let line = text.line("TCP:")
            set(.tcpInUse, line?.number(after: "inuse"))
            set(.tcpOrphans, line?.number(after: "orphan"))
            set(.tcpTimeWait, line?.number(after: "tw"))
            set(.tcpMemory, line?.number(after: "mem"))
        }
        set(.tcpMemoryLimit, tcpMemory.read { $0.number(at: 2) })
        netstat.read { text in
            set(.listenOverflows, text.number(under: "ListenOverflows", in: "TcpExt:"))
            set(.listenDrops, text.number(under: "ListenDrops", in: "TcpExt:"))
        }
        set(.udpReceiveErrors, snmp.read { $0.number(under: "RcvbufErrors", in: "Udp:") })
        files.read { text in
            set(.filesOpen, text.number(at: 0))
            set(.filesLimit, text.number(at: 2))
        }
        memory.read { text in
            set(.memoryTotal, text.line("MemTotal:")?.number(at: 0).map { min($0 * 1024, groups.memoryBytes ?? .max) })
            set(.memoryAvailable, available(&text))
        }
        set(.psiMemory, memoryPressure.read { $0.line("some")?.number(after: "total") })
        set(.psiCPU, processorPressure.read { $0.line("some")?.number(after: "total") })
        set(.oomKills, virtualMemory.read { $0.line("oom_kill ")?.number(at: 0) })
        set(.cpuThrottled, groups.throttledMicroseconds ?? 0)
        set(.cpuCount, usableProcessors(groups))
        set(.loadAverage, load.read { $0.thousandths() })
        set(.conntrack, tracked.read { $0.number(at: 0) })
        set(.conntrackLimit, mostTracked.read { $0.number(at: 0) })
    }
}
