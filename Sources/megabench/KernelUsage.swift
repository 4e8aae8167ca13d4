/// The memory that the kernel holds for connections. On one machine that is both ends', and about half of it is the
/// server's.
///
/// A memory cgroup is charged only for a part of it, since the sock is made before the accept. So the slabs are read.
struct KernelUsage: Equatable {
    /// Each held connection takes one object of each of these slabs.
    static let slabs = [
        "TCP", "sock_inode_cache", "filp", "dentry", "eventpoll_epi", "eventpoll_pwq", "request_sock_TCP",
        "tw_sock_TCP",
    ]

    /// Bytes by slab: active objects times their size.
    var bytesBySlab: [String: Int] = [:]
    /// Bytes of the pages of TCP's buffers.
    var tcpBufferBytes = 0
    /// Bytes that are available on the machine.
    var availableBytes = 0
    /// Seconds that all processors together were busy and idle since boot.
    var busySeconds = 0.0
    var idleSeconds = 0.0

    var slabBytes: Int { bytesBySlab.values.reduce(0, +) }

    static func read() -> KernelUsage {
        var usage = KernelUsage()
        for line in (ProcFile.text("/proc/slabinfo") ?? "").split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 3, slabs.contains(String(fields[0])), let objects = Int(fields[2]),
                let size = Int(fields[3])
            else { continue }
            usage.bytesBySlab[String(fields[0])] = objects * size
        }
        if let text = ProcFile.text("/proc/net/sockstat"),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("TCP:") })
        {
            let fields = line.split(separator: " ")
            if let at = fields.firstIndex(of: "mem"), at + 1 < fields.count {
                usage.tcpBufferBytes = (Int(fields[at + 1]) ?? 0) * 4096
            }
        }
        usage.availableBytes = 1024 * (ProcFile.number(ProcFile.text("/proc/meminfo") ?? "", "MemAvailable:") ?? 0)
        let times = (ProcFile.text("/proc/stat") ?? "").prefix(while: { $0 != "\n" }).split(separator: " ").compactMap {
            Double($0)
        }
        if times.count >= 5 {
            usage.idleSeconds = (times[3] + times[4]) / 100
            usage.busySeconds = times.reduce(0, +) / 100 - usage.idleSeconds
        }
        return usage
    }
}
