import CSystem
import Glibc
import Stats

/// What the control groups of this process leave it of the machine: a container's limits, or those of a service
/// (MemoryMax, CPUQuota).
///
/// A process is held to the limits of its own group and of all above it, so the least counts (cgroup v2: the kernel's
/// Documentation/admin-guide/cgroup-v2.rst). With the first version's groups, or none, there is no limit here.
package final class ControlGroups {
    private struct Group {
        let limit: ProcFile
        let used: ProcFile
        let kinds: ProcFile
        let processorTime: ProcFile
    }
    /// From the root down. The root of the machine's own tree has no limits; a container's root is its own group.
    private let groups: [Group]

    /// `root`: where the tree is mounted. `membership`: the file that says in which group of it this process is. The
    /// group stays the same for as long as this object lives; its limits are read anew each time.
    package init(root: String = "/sys/fs/cgroup", membership: String = "/proc/self/cgroup") {
        var path = ProcFile(membership).read { $0.line("0::").map(\.text) } ?? "/"
        if path.contains("..") { path = "/" }  // above what this process sees
        var folders = [root]
        for name in path.split(separator: "/") { folders.append("\(folders[folders.count - 1])/\(name)") }
        groups = folders.compactMap { folder in
            let names = ["memory.max", "cpu.max"]
            guard names.contains(where: { access("\(folder)/\($0)", R_OK) == 0 }) else { return nil }
            return Group(
                limit: ProcFile("\(folder)/memory.max"), used: ProcFile("\(folder)/memory.current"),
                kinds: ProcFile("\(folder)/memory.stat", most: 8192), processorTime: ProcFile("\(folder)/cpu.max"))
        }
    }

    /// Bytes that this process and its children may have; nil: as many as the machine has.
    package var memoryBytes: UInt64? { groups.compactMap { limit($0) }.min() }

    /// Bytes of them that could still be used: what is left, and pages of files that would be dropped first. Nil as
    /// above.
    package var availableBytes: UInt64? {
        groups.compactMap { group in
            guard let limit = limit(group), let used = group.used.read({ $0.number(at: 0) }) else { return nil }
            let files = group.kinds.read { $0.line("inactive_file ")?.number(at: 0) } ?? 0
            let taken = used - min(used, files)
            return limit - min(limit, taken)
        }.min()
    }

    /// Processors' worth of time that may be used, in thousandths; nil: all of the machine's.
    package var processorThousandths: UInt64? {
        groups.compactMap { group in
            group.processorTime.read { text in
                guard let quota = text.number(at: 0), let period = text.number(at: 1), period > 0 else { return nil }
                return quota * 1000 / period
            }
        }.min()
    }

    /// Nil where it says "max".
    private func limit(_ group: Group) -> UInt64? { group.limit.read { $0.number(at: 0) } }
}

/// Processors that this process may use: those that it may run on, and no more than the time that its control groups
/// have. At least 1.
package func usableProcessors(_ groups: ControlGroups) -> UInt64 {
    let own = UInt64(mc_processors())
    let processors = own > 0 ? own : UInt64(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    guard let most = groups.processorThousandths else { return processors }
    return max(1, min(processors, (most + 999) / 1000))
}
