import Base
import Glibc

/// The process that listens on a port of this machine, found in /proc. A message that a port is taken names it.
///
/// The kernel's tables (proc_pid_net(5)) have the socket's inode, and a link in /proc/PID/fd leads to it. Only root may
/// read the links of other users' processes, so others may find nobody.
package struct PortHolder: Equatable, Sendable {
    package var pid: Int32
    /// The program's name, from its command line.
    package var program: String
    /// The whole command line.
    package var words: [String]

    /// With `isUDP` it looks for a bound socket, since UDP sockets do not listen.
    package static func find(port: UInt16, isUDP: Bool = false) -> PortHolder? {
        let inodes = (isUDP ? ["udp", "udp6"] : ["tcp", "tcp6"]).flatMap {
            sockets(in: "/proc/net/\($0)", port: port, isUDP: isUDP)
        }
        guard !inodes.isEmpty else { return nil }
        let links = Set(inodes.map { "socket:[\($0)]" })
        for pid in names(in: "/proc").compactMap({ Int32($0) }).sorted() {
            guard names(in: "/proc/\(pid)/fd").contains(where: { links.contains(target("/proc/\(pid)/fd/\($0)")) })
            else { continue }
            let words = read("/proc/\(pid)/cmdline").split(separator: "\0").map(String.init)
            return PortHolder(
                pid: pid, program: words.first?.split(separator: "/").last.map(String.init) ?? "unknown", words: words)
        }
        return nil
    }
    /// `pid 4711, nginx`. One of our own programs has its run directory, too: it is another MegaComet, or an old one
    /// that has not ended.
    package var description: String {
        let flag = words.firstIndex(of: "--run-directory")
        let folder = flag.flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
        let ours = ["megacomet", "megaworker", "megamanager"].contains(program)
        return "pid \(pid), \(program)"
            + (ours ? ", of the MegaComet" + (folder.map { " in \($0)" } ?? " that runs already") : "")
    }

    /// The inodes of the sockets with this port. The table has listeners first, before perhaps a million connections.
    private static func sockets(in table: String, port: UInt16, isUDP: Bool) -> [Substring] {
        let (listening, ending) = ("0A", ":" + hex(port, digits: 4).uppercased())
        var inodes: [Substring] = []
        for line in read(table).split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ", maxSplits: 10)
            guard fields.count > 9, isUDP || fields[3] == listening else { break }
            if fields[1].hasSuffix(ending), fields[9] != "0" { inodes.append(fields[9]) }
        }
        return inodes
    }
    private static func names(in folder: String) -> [String] {
        guard let opened = opendir(folder) else { return [] }
        defer { closedir(opened) }
        var names: [String] = []
        while let entry = readdir(opened) {
            names.append(
                withUnsafePointer(to: entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names
    }
    private static func target(_ link: String) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { room in
            let count = readlink(link, room.baseAddress.unsafelyUnwrapped, room.count)
            return String(decoding: room.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
    /// Reads at most a MiB: listeners and command lines end before that.
    private static func read(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        var count = 0
        while count < bytes.count {
            let more = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress.unsafelyUnwrapped + count, $0.count - count)
            }
            if more <= 0 { break }
            count += more
        }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
