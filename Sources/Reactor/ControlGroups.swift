import CSystem
import Glibc
import Stats

/// The share of the machine that this process's control groups allow it: the limits of a container, or of a service
/// (MemoryMax, CPUQuota).
///
/// The limits of its own group and of all groups above it hold, so the least counts (cgroup v2: the kernel's
/// Documentation/admin-guide/cgroup-v2.rst). If there are no groups, or those of version 1, there is no limit.
package final class ControlGroups {
    private struct Group {
        let limit: ProcFile
        let used: ProcFile
        let kinds: ProcFile
        let processorTime: ProcFile
        let processorUse: ProcFile
    }
    /// The groups from the root down. The root of the machine's own tree has no limits. A container's root is its own
    /// group.
    private let groups: [Group]

    /// `root` is the folder where the tree is mounted. `membership` is the file that says in which group this process
    /// is. The group stays the same for as long as this object lives; its limits are read anew each time.
    package init(root: String = "/sys/fs/cgroup", membership: String = "/proc/self/cgroup") {
        var path = ProcFile(membership).read { $0.line("0::").map(\.text) } ?? "/"
        if path.split(separator: "/").contains("..") { path = "/" }  // it is above what this process sees
        var folders = [root]
        for name in path.split(separator: "/") { folders.append("\(folders[folders.count - 1])/\(name)") }
        groups = folders.compactMap { folder in
            let names = ["memory.max", "cpu.max"]
            guard names.contains(where: { access("\(folder)/\($0)", R_OK) == 0 }) else { return nil }
            return Group(
                limit: ProcFile("\(folder)/memory.max"), used: ProcFile("\(folder)/memory.current"),
                kinds: ProcFile("\(folder)/memory.stat", most: 8192), processorTime: ProcFile("\(folder)/cpu.max"),
                processorUse: ProcFile("\(folder)/cpu.stat"))
        }
    }

    /// Bytes that this process and its children may use. `nil` means as many as the machine has.
    package var memoryBytes: UInt64? { groups.compactMap { limit($0) }.min() }

    /// Bytes of them that are free, or hold pages of files that would be dropped first. `nil` has the same meaning.
    package var availableBytes: UInt64? {
        groups.compactMap { group in
            guard let limit = limit(group), let used = group.used.read({ $0.number(at: 0) }) else { return nil }
            let files = group.kinds.read { $0.line("inactive_file ")?.number(at: 0) } ?? 0
            let taken = used - min(used, files)
            return limit - min(limit, taken)
        }.min()
    }

    /// Processor time that may be used, in thousandths of a processor. `nil` means all of the machine's.
    package var processorThousandths: UInt64? {
        groups.compactMap { group in
            group.processorTime.read { text in
                guard let quota = text.number(at: 0), let period = text.number(at: 1), period > 0 else { return nil }
                return quota * 1000 / period
            }
        }.min()
    }

    /// Microseconds in which processes were held back since their group had used its processor time: those of the group
    /// that was held back most. `nil` if no group has such a bound.
    package var throttledMicroseconds: UInt64? {
        groups.compactMap { $0.processorUse.read { $0.line("throttled_usec ")?.number(at: 0) } }.max()
    }

    /// `nil` if the file says "max".
    private func limit(_ group: Group) -> UInt64? { group.limit.read { $0.number(at: 0) } }
}

/// Processors that this process may use: those that it may run on, but no more than the time that its control groups
/// allow. It is at least 1.
package func usableProcessors(_ groups: ControlGroups) -> UInt64 {
    let own = UInt64(mc_processors())
    let processors = own > 0 ? own : UInt64(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    guard let most = groups.processorThousandths else { return processors }
    return max(1, min(processors, (most + 999) / 1000))
}
