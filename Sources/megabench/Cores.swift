import Glibc

/// The cores that this process may run on. A server is held to one of them, and its clients to the others.
enum Cores {
    static var allowed: [Int] {
        let status = ProcFile.text("/proc/self/status") ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
        return line.map { list($0.dropFirst("Cpus_allowed_list:".count)) } ?? []
    }

    /// `0-2,5` is 0, 1, 2 and 5.
    static func list(_ text: Substring) -> [Int] {
        text.split { $0 == "," || $0.isWhitespace }.flatMap { part -> [Int] in
            let ends = part.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, first <= last else { return [] }
            return Array(first...last)
        }
    }

    /// Holds this process, and those that it starts from now on, to these cores.
    static func hold(to cores: [Int]) throws {
        let list = cores.map(String.init).joined(separator: ",")
        let program = try ChildProcess(["taskset", "--cpu-list", "--pid", list, "\(getpid())"], log: "/dev/null")
        guard program.hasEnded(within: 10) else { throw Fleet.Trouble(description: "taskset does not end") }
    }
}
