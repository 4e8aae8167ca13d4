import Configuration
import Glibc
import Reactor
import Supervision

/// The files of a run directory.
struct RunFolder {
    let path: String
    var controlSocket: String { RunDirectory.controlSocket(in: path) }
    var lifelineSocket: String { path + "/lifeline.sock" }
    var token: String { path + "/stats.token" }
    var appKey: String { path + "/app.key" }
    var children: String { path + "/children" }
    var day: String { path + "/day" }
    var memory: String { path + "/memory" }
    var crashes: String { path + "/crash" }
    var log: String { path + "/megacomet.log" }
    /// Made by the first supervisor, and never removed.
    var lock: String { path + "/lock" }

    /// One supervisor a folder: the lock is held until the process ends. Nil and the pid of who has it otherwise.
    func takeLock() throws(StartFailure) {
        let descriptor = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw StartFailure(StartFailure.cannotCreate, "\(lock): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let pid = (try? RunFolder.read(lock))?.split(separator: "\n").first ?? "unknown"
            throw StartFailure(StartFailure.unavailable, "a supervisor runs on \(path) already: pid \(pid)")
        }
        ftruncate(descriptor, 0)
        RunFolder.writeAll(descriptor, "\(getpid())\n")
        // Not closed: the lock lives as long as the process.
    }

    /// The pid of the supervisor that holds the lock; nil where none does.
    var holder: Int32? {
        let descriptor = open(lock, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
        return (try? RunFolder.read(lock))?.split(separator: "\n").first.flatMap { Int32($0) }
    }

    /// `most`: bytes; what is over is left out.
    static func read(_ file: String, most: Int = 4 << 20) throws -> String {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open \(file)") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while bytes.count < most {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count <= 0 { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
    /// Whole or not at all: written beside and renamed. A file that says so already is left as it is, and needs no room
    /// on a full disk.
    static func write(_ file: String, _ text: String, mode: mode_t) throws {
        var status = stat()
        if stat(file, &status) == 0, status.st_mode & 0o7777 == mode, (try? read(file)) == text { return }
        let beside = file + ".new"
        unlink(beside)
        let descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw SystemError("open \(beside)") }
        fchmod(descriptor, mode)
        let isWhole = writeAll(descriptor, text)
        close(descriptor)
        guard isWhole, rename(beside, file) == 0 else { throw SystemError("write \(file)") }
    }
    @discardableResult
    static func writeAll(_ descriptor: Int32, _ text: String) -> Bool {
        var text = text
        return text.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) == $0.count }
    }
    static func names(in folder: String) -> [String] {
        guard let opened = opendir(folder) else { return [] }
        defer { closedir(opened) }
        var names: [String] = []
        while let entry = readdir(opened) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

/// What /proc says of a process.
enum ProcessTable {
    /// In clock ticks since the machine started: with the pid it names one process for ever. Nil: there is none, or a
    /// zombie.
    static func startTime(_ pid: Int32) -> UInt64? {
        let fields = fields(pid)
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return UInt64(fields[19])
    }
    /// Those of /proc/PID/stat from the state on, the third.
    private static func fields(_ pid: Int32) -> [Substring] {
        guard let text = try? RunFolder.read("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return [] }
        return text[text.index(after: end)...].dropFirst().split(whereSeparator: { $0 == " " || $0 == "\n" })
    }
    /// Children of a process that have ended and were not waited for.
    static func zombies(of parent: Int32) -> [Int32] {
        RunFolder.names(in: "/proc").compactMap { name in
            guard let pid = Int32(name) else { return nil }
            let fields = fields(pid)
            return fields.count > 1 && fields[0] == "Z" && Int32(fields[1]) == parent ? pid : nil
        }
    }
    /// Whose process it is. Nil: there is none.
    static func user(_ pid: Int32) -> UInt32? {
        var status = stat()
        return stat("/proc/\(pid)", &status) == 0 ? status.st_uid : nil
    }
    /// How a process ended that is not our child. The kernel tells that to its parent; as long as that has not asked,
    /// it also shows it here, and afterwards (since Linux 6.15) to who followed it. Nil: an older kernel, and the
    /// parent was faster.
    static func exit(_ pid: Int32, _ follower: Int32) -> ProcessExit? {
        if let exit = Processes.exit(follower) { return exit }
        let fields = fields(pid)
        if fields.count > 49, fields[0] == "Z", let status = Int32(fields[49]) { return ProcessExit(status: status) }
        return Processes.exit(follower)
    }
    private static let ticksPerSecond = UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
    /// What the kernel says of a process that is silent. All is zero where there is no such process.
    static func pulse(_ pid: Int32) -> Pulse {
        var pulse = Pulse()
        let fields = fields(pid)
        guard fields.count > 12 else { return pulse }
        pulse.isTraced = isTraced(pid)
        pulse.isRunnable = fields[0] == "R"
        // User and system time, the 14th and 15th, in clock ticks.
        pulse.processorTime = ((Int64(fields[11]) ?? 0) + (Int64(fields[12]) ?? 0)) * 1000 / Int64(ticksPerSecond)
        return pulse
    }
    private static func isTraced(_ pid: Int32) -> Bool {
        guard let text = try? RunFolder.read("/proc/\(pid)/status") else { return false }
        for line in text.split(separator: "\n") where line.hasPrefix("TracerPid:") { return !line.hasSuffix("\t0") }
        return false
    }
    /// How long it runs, in milliseconds.
    static func uptime(_ pid: Int32) -> Int64? {
        guard let start = startTime(pid) else { return nil }
        var now = timespec()
        clock_gettime(CLOCK_BOOTTIME, &now)
        return max(0, Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000 - Int64(start * 1000 / ticksPerSecond))
    }
    /// The file of this program, as it was started; another one may stand there by now.
    static var ownPath: String {
        let path = target("/proc/self/exe")
        let mark = " (deleted)"
        return path.hasSuffix(mark) ? String(path.dropLast(mark.count)) : path
    }
    /// Where a link leads; empty where that is not known.
    static func target(_ link: String) -> String {
        var room = [CChar](repeating: 0, count: 4096)
        let count = readlink(link, &room, room.count - 1)
        return String(decoding: room.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    /// Its folder.
    static let ownFolder = ownPath.lastIndex(of: "/").map { String(ownPath[..<$0]) } ?? "."
}
