import Glibc
import Reactor
import Supervision

/// The facts about a process in /proc.
enum ProcessTable {
    /// The time of its start in clock ticks since the machine started. Pid and start together name one process for
    /// ever. `nil` if there is no process, or a zombie.
    static func startTime(_ pid: Int32) -> UInt64? {
        let fields = fields(pid)
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return UInt64(fields[19])
    }
    /// The fields of /proc/PID/stat, beginning with the third one, the state.
    private static func fields(_ pid: Int32) -> [Substring] {
        guard let text = try? Files.text("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return [] }
        return text[text.index(after: end)...].dropFirst().split(whereSeparator: { $0 == " " || $0 == "\n" })
    }
    /// Children of a process that have ended and that nobody has waited for.
    static func zombies(of parent: Int32) -> [Int32] {
        Files.names(in: "/proc").compactMap { name in
            guard let pid = Int32(name) else { return nil }
            let fields = fields(pid)
            return fields.count > 1 && fields[0] == "Z" && Int32(fields[1]) == parent ? pid : nil
        }
    }
    /// The user of a process. `nil` if there is no such process.
    static func user(_ pid: Int32) -> UInt32? {
        var status = stat()
        return stat("/proc/\(pid)", &status) == 0 ? status.st_uid : nil
    }
    /// How a process ended that is not our child. The kernel tells only the parent. Until the parent has asked, /proc
    /// shows it, too. After that the pidfd of a follower shows it, since Linux 6.15. `nil` if the kernel is older and
    /// the parent was faster.
    static func exit(_ pid: Int32, _ follower: Int32) -> ProcessExit? {
        if let exit = Processes.exit(follower) { return exit }
        let fields = fields(pid)
        if fields.count > 49, fields[0] == "Z", let status = Int32(fields[49]) { return ProcessExit(status: status) }
        return Processes.exit(follower)
    }
    private static let ticksPerSecond = UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
    /// The kernel's account of a silent process. It is all zero if there is no such process.
    static func pulse(_ pid: Int32) -> Pulse {
        var pulse = Pulse()
        let fields = fields(pid)
        guard fields.count > 12 else { return pulse }
        pulse.isTraced = isTraced(pid)
        pulse.isRunnable = fields[0] == "R"
        pulse.state = fields[0].first
        // Only the kernel's name of a function is of use. Without the right to read it, it is "0".
        let place = (try? Files.text("/proc/\(pid)/wchan", most: 100)) ?? ""
        if place.first?.isLetter == true || place.first == "_" { pulse.waitsIn = place }
        // User and system time are the 14th and 15th field, in clock ticks.
        pulse.processorTime = ((Int64(fields[11]) ?? 0) + (Int64(fields[12]) ?? 0)) * 1000 / Int64(ticksPerSecond)
        return pulse
    }
    private static func isTraced(_ pid: Int32) -> Bool {
        guard let text = try? Files.text("/proc/\(pid)/status") else { return false }
        for line in text.split(separator: "\n") where line.hasPrefix("TracerPid:") { return !line.hasSuffix("\t0") }
        return false
    }
    /// The time since its start, in milliseconds.
    static func uptime(_ pid: Int32) -> Int64? {
        guard let start = startTime(pid) else { return nil }
        var now = timespec()
        clock_gettime(CLOCK_BOOTTIME, &now)
        return max(0, Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000 - Int64(start * 1000 / ticksPerSecond))
    }
}
