import Glibc

/// A private folder. It is removed with everything in it when it goes out of use.
///
/// Its name holds the pid of the test run. If a run is killed, its guardian clears away what it left behind (files, and
/// programs that have the folder in their arguments). If the guardian was killed, too, the next run does it.
public final class Folder {
    public let path: String
    private static let prefix = "/tmp/megacomet-test."
    /// The start of the paths of this run's folders.
    static let prefixOfRun = "\(prefix)\(getpid())."
    private static let sweep: Void = removeLeftovers()

    public init() throws {
        Folder.sweep
        var template = Array("\(Folder.prefixOfRun)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure.call("mkdtemp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    deinit { Folder.remove(path) }

    public func write(_ name: String, _ text: String) throws -> String {
        let file = "\(path)/\(name)"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure.call("open \(file)") }
        defer { close(descriptor) }
        var text = text
        let written = text.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard written == text.utf8.count else { throw Failure.call("write \(file)") }
        return file
    }

    static func remove(_ path: String) {
        for name in names(in: path) {
            let inner = "\(path)/\(name)"
            var status = stat()
            if lstat(inner, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { remove(inner) } else { unlink(inner) }
        }
        rmdir(path)
    }
    public static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func removeLeftovers() {
        for name in names(in: "/tmp") where "/tmp/\(name)".hasPrefix(prefix) {
            let owner = name.dropFirst(prefix.utf8.count - 5).prefix { $0 != "." }
            guard let pid = Int32(owner), kill(pid, 0) != 0, errno == ESRCH else { continue }
            Processes.mentioning("/tmp/\(name)").forEach { kill($0, SIGKILL) }
            remove("/tmp/\(name)")
        }
    }
}

/// The whole text of a file. It is empty if there is no file.
public func contents(ofFile path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        guard count > 0 else { break }
        bytes += chunk[0..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
}

public enum Processes {
    /// The pids of all processes.
    public static var all: [Int32] { Folder.names(in: "/proc").compactMap { Int32($0) } }
    /// The pids of processes whose arguments name this path.
    public static func mentioning(_ path: String) -> [Int32] {
        Folder.names(in: "/proc").compactMap { Int32($0) }.filter {
            $0 != getpid() && contents(ofFile: "/proc/\($0)/cmdline").contains(path)
        }
    }
    public static func isAlive(_ pid: Int32) -> Bool {
        guard kill(pid, 0) == 0 else { return false }
        // A zombie counts as dead.
        return !contents(ofFile: "/proc/\(pid)/stat").contains(") Z ")
    }
    /// Bytes of memory that only this process has.
    public static func privateMemory(_ pid: Int32) -> Int {
        let rollup = contents(ofFile: "/proc/\(pid)/smaps_rollup")
        return rollup.split(separator: "\n").filter { $0.hasPrefix("Private_") }
            .compactMap { $0.split(separator: " ").dropFirst().first.flatMap { Int($0) } }.reduce(0, +) * 1024
    }
    public static func openDescriptors(_ pid: Int32) -> Int { Folder.names(in: "/proc/\(pid)/fd").count }
    /// Processor time used so far, in seconds.
    public static func processorSeconds(_ pid: Int32) -> Double {
        let fields = contents(ofFile: "/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 13, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}

extension Processes {
    /// The UDP ports that a process has open.
    public static func udpPorts(_ pid: Int32) -> [Int] {
        var target = [CChar](repeating: 0, count: 64)
        let sockets = Set(
            Folder.names(in: "/proc/\(pid)/fd").map { name in
                let count = readlink("/proc/\(pid)/fd/\(name)", &target, target.count)
                return String(decoding: target.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            })
        return contents(ofFile: "/proc/net/udp").split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, sockets.contains("socket:[\(fields[9])]"),
                let port = fields[1].split(separator: ":").last
            else { return nil }
            return Int(port, radix: 16)
        }
    }
    /// What the kernel says of this UDP port: the bytes that wait to be read, and the datagrams that found no room.
    public static func udpState(_ port: Int) -> (waiting: Int, dropped: Int) {
        let suffix =
            ":" + String(repeating: "0", count: 4 - String(port, radix: 16).count)
            + String(port, radix: 16, uppercase: true)
        for line in contents(ofFile: "/proc/net/udp").split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ")
            guard fields.count > 12, fields[1].hasSuffix(suffix) else { continue }
            return (fields[4].split(separator: ":").last.flatMap { Int($0, radix: 16) } ?? 0, Int(fields[12]) ?? 0)
        }
        return (0, 0)
    }
    /// The addresses that someone listens on at this TCP port, as the kernel writes them; IPv6 ones too.
    public static func listeningAddresses(_ port: Int) -> [String] {
        let suffix =
            ":" + String(repeating: "0", count: 4 - String(port, radix: 16).count)
            + String(port, radix: 16, uppercase: true)
        return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { contents(ofFile: $0).split(separator: "\n") }.compactMap {
            line in
            let fields = line.split(separator: " ")
            return fields.count > 3 && fields[1].hasSuffix(suffix) && fields[3] == "0A"
                ? String(fields[1].dropLast(5)) : nil
        }
    }
}

/// Sends a signal to one process.
public func end(_ pid: Int32, with signal: Int32) { kill(pid, signal) }
