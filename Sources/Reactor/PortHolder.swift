import Base

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
        for pid in Files.names(in: "/proc").compactMap({ Int32($0) }).sorted() {
            guard
                Files.names(in: "/proc/\(pid)/fd").contains(where: {
                    links.contains(Files.target(of: "/proc/\(pid)/fd/\($0)"))
                })
            else { continue }
            let words = text("/proc/\(pid)/cmdline").split(separator: "\0").map(String.init)
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
        for line in text(table).split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ", maxSplits: 10)
            guard fields.count > 9, isUDP || fields[3] == listening else { break }
            if fields[1].hasSuffix(ending), fields[9] != "0" { inodes.append(fields[9]) }
        }
        return inodes
    }

    /// At most a MiB: listeners and command lines end before that.
    private static func text(_ path: String) -> String { (try? Files.text(path, most: 1 << 20)) ?? "" }
}
