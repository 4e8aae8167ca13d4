import Glibc
import Reactor

/// Reads small files of /proc.
enum ProcFile {
    static func text(_ path: String) -> String? { try? Files.text(path) }

    /// The number after `key` at the start of a line: `Pss:  1234 kB`.
    static func number(_ text: String, _ key: String) -> Int? {
        for line in text.split(separator: "\n") where line.hasPrefix(key) {
            return line.dropFirst(key.count).split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == ":" }).first
                .flatMap { Int($0) }
        }
        return nil
    }

    static func write(_ text: String, to path: String) throws(Socket.Failure) {
        let descriptor = try Socket.check(open(path, O_WRONLY | O_CLOEXEC), "open \(path)")
        defer { close(descriptor) }
        if Glibc.write(descriptor, text, text.utf8.count) < 0 {
            throw Socket.Failure(call: "write \(path)", code: errno)
        }
    }

    static func integer(_ path: String) -> Int? {
        text(path)?.split(whereSeparator: { $0 == "\n" || $0 == " " || $0 == "\t" }).first.flatMap { Int($0) }
    }
}

/// The costs of one process of the server: memory from smaps_rollup, processor time from schedstat.
struct ProcessUsage: Equatable {
    var pid: pid_t
    var name: String
    /// Bytes that no other process shares.
    var privateBytes: Int
    /// Private bytes, and its share of the shared bytes.
    var pssBytes: Int
    /// Bytes that belong to no file: heap, stacks, and its share of shared memory. Pages of the program's file are
    /// private or shared, depending on who else runs the program at that moment, so a difference of private bytes would
    /// also measure that.
    var dataBytes: Int
    var cpuSeconds: Double

    init?(pid: pid_t) {
        guard let memory = ProcFile.text("/proc/\(pid)/smaps_rollup"), let pss = ProcFile.number(memory, "Pss:"),
            let nanoseconds = ProcFile.integer("/proc/\(pid)/schedstat")
        else { return nil }
        self.pid = pid
        pssBytes = pss * 1024
        dataBytes = 1024 * ((ProcFile.number(memory, "Pss_Anon:") ?? 0) + (ProcFile.number(memory, "Pss_Shmem:") ?? 0))
        privateBytes =
            1024 * ((ProcFile.number(memory, "Private_Clean:") ?? 0) + (ProcFile.number(memory, "Private_Dirty:") ?? 0))
        // schedstat counts nanoseconds, where stat counts ticks of 10 ms. It counts one thread, and no server here has
        // more.
        cpuSeconds = Double(nanoseconds) / 1e9
        let words = (ProcFile.text("/proc/\(pid)/cmdline") ?? "").split(separator: "\0")
        var name = String((words.first ?? "?").split(separator: "/").last ?? "?")
        if let flag = words.firstIndex(of: "--number"), flag + 1 < words.count { name = "worker-" + words[flag + 1] }
        self.name = String(name.split(separator: " ").first ?? "?")
    }

    /// The processes in `roots` and all their descendants.
    static func family(of roots: [pid_t]) -> [ProcessUsage] {
        var parents: [pid_t: pid_t] = [:]
        for name in Files.names(in: "/proc") {
            guard let pid = pid_t(name), let stat = ProcFile.text("/proc/\(pid)/stat") else { continue }
            // The command may hold any text. The fields begin after its last parenthesis.
            let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
            if fields.count > 2, let parent = pid_t(fields[2]) { parents[pid] = parent }
        }
        var family = Set(roots)
        var isGrowing = true
        while isGrowing {
            isGrowing = false
            for (pid, parent) in parents where family.contains(parent) && family.insert(pid).inserted {
                isGrowing = true
            }
        }
        return family.sorted().compactMap { ProcessUsage(pid: $0) }
    }
}

extension [ProcessUsage] {
    var privateBytes: Int { reduce(0) { $0 + $1.privateBytes } }
    var pssBytes: Int { reduce(0) { $0 + $1.pssBytes } }
    var dataBytes: Int { reduce(0) { $0 + $1.dataBytes } }
    var cpuSeconds: Double { reduce(0) { $0 + $1.cpuSeconds } }
}
