import Glibc

/// A memory cgroup for the server, so that the kernel itself holds it to a bound.
///
/// The cgroup is charged less than the server costs. The accepting process pays for about 1.5 KB of the 3.8 KB that a
/// connection takes in the kernel, since the sock is made before the accept. So the slabs are read as well
/// (`KernelUsage`).
final class MemoryCgroup {
    private let folder: String
    private let names: (limit: String, usage: String, peak: String)

    private static let first = (
        limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes", peak: "memory.max_usage_in_bytes"
    )
    private static let second = (limit: "memory.max", usage: "memory.current", peak: "memory.peak")

    /// Makes it under the cgroup of this process. `nil` if none can be made (no rights, or no memory controller).
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

    /// A command that puts itself, and everything that it starts, into the cgroup.
    func holding(_ command: [String]) -> [String] {
        ["/bin/sh", "-c", "echo $$ >\"$0/cgroup.procs\" && exec \"$@\"", folder] + command
    }

    var usageBytes: Int? { ProcFile.integer("\(folder)/\(names.usage)") }
    var peakBytes: Int? { ProcFile.integer("\(folder)/\(names.peak)") }

    /// Removes it when its processes are gone. If they are not gone within 5 s, it stays.
    func remove() {
        for _ in 0..<500 where rmdir(folder) != 0 { usleep(10_000) }
    }
}
