import Glibc

/// A memory cgroup of the server's own, so that the kernel itself holds the server to a bound.
///
/// What it is charged is less than what the server costs: of a connection's kernel memory the accepting process pays
/// for about 1.5 KB of 3.8, since the sock is made before the accept. So the slabs are read as well (`KernelUsage`).
final class MemoryCgroup {
    private let folder: String
    private let names: (limit: String, usage: String, peak: String)

    private static let first = (
        limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes", peak: "memory.max_usage_in_bytes"
    )
    private static let second = (limit: "memory.max", usage: "memory.current", peak: "memory.peak")

    /// Under the cgroup of this process; nil where none can be made (no rights, or no memory controller).
    init?(limitBytes: Int) {
        for line in (ProcFile.text("/proc/self/cgroup") ?? "").split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[1] == "memory" || parts[1].isEmpty else { continue }
            let parent = (parts[1].isEmpty ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory") + parts[2]
            let path = "\(parent)/megabench-\(getpid())"
            let names = parts[1].isEmpty ? Self.second : Self.first
            guard mkdir(path, 0o755) == 0 else { continue }
            if (try? ProcFile.write(String(limitBytes), to: "\(path)/\(names.limit)")) != nil {
                folder = path
                self.names = names
                return
            }
            rmdir(path)
        }
        return nil
    }

    /// A command that puts itself, and all that it starts, into the cgroup.
    func holding(_ command: [String]) -> [String] {
        ["/bin/sh", "-c", "echo $$ >\"$0/cgroup.procs\" && exec \"$@\"", folder] + command
    }

    var usageBytes: Int? { ProcFile.integer("\(folder)/\(names.usage)") }
    var peakBytes: Int? { ProcFile.integer("\(folder)/\(names.peak)") }

    /// Removes it once its processes are gone: within 5 s, or it is left.
    func remove() {
        for _ in 0..<500 where rmdir(folder) != 0 { usleep(10_000) }
    }
}
