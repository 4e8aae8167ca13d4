import Configuration
import Glibc
import Reactor

/// The machine that the doctor looks at: this one.
enum Machine {
    static func examine(_ settings: Settings) -> [Doctor.Row] {
        WorkersCertificate.examine(settings) + Doctor.examine(settings, memoryBytes: memoryBytes, read: read)
    }
    static func sysctlFile(_ settings: Settings) -> String {
        Doctor.sysctlFile(settings, memoryBytes: memoryBytes, read: read)
    }

    /// The memory that this process may have. In a container it is less than the machine's.
    private static var memoryBytes: UInt64 {
        let all = UInt64(max(0, sysconf(Int32(_SC_PHYS_PAGES)))) * UInt64(max(0, sysconf(Int32(_SC_PAGESIZE))))
        return min(all, ControlGroups().memoryBytes ?? all)
    }

    /// The doctor looks at the hard limit of open files: each worker raises its own limit to that.
    private static func read(_ name: String) -> String? {
        switch name {
        case "memory": return "\(memoryBytes)"
        case "nofile":
            guard let text = try? Files.text("/proc/self/limits"),
                let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Max open files") })
            else { return nil }
            let words = line.split(separator: " ")
            return words.count > 4 ? String(words[4]) : nil
        default: return try? Files.text(name)
        }
    }
}
