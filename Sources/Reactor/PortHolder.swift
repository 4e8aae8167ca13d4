package import Base

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

    /// The process whose socket keeps another listener off this endpoint. With `isUDP` it looks for a bound socket,
    /// since UDP sockets do not listen.
    package static func find(_ endpoint: Endpoint, isUDP: Bool = false) -> PortHolder? {
        let inodes = (isUDP ? ["udp", "udp6"] : ["tcp", "tcp6"]).flatMap {
            sockets(in: "/proc/net/\($0)", endpoint, isUDP: isUDP)
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

    /// The inodes of the sockets that meet this endpoint. The table has listeners first, before perhaps a million
    /// connections.
    private static func sockets(in table: String, _ endpoint: Endpoint, isUDP: Bool) -> [Substring] {
        let listening = "0A"
        var inodes: [Substring] = []
        for line in text(table).split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ", maxSplits: 10)
            guard fields.count > 9, isUDP || fields[3] == listening else { break }
            guard fields[9] != "0", let own = address(fields[1]), own.port == endpoint.port else { continue }
            if endpoint.ip.map({ own.ip.meets($0) }) ?? true { inodes.append(fields[9]) }
        }
        return inodes
    }
    /// `0100007F:1F40` is 127.0.0.1:8000: the words of the address as this machine reads them from the packet.
    static func address(_ text: Substring) -> SocketAddress? {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1], radix: 16), [8, 32].contains(parts[0].utf8.count) else {
            return nil
        }
        var (words, rest): ([UInt64], Substring) = ([], parts[0])
        while !rest.isEmpty {
            guard let word = UInt32(rest.prefix(8), radix: 16) else { return nil }
            words.append(UInt64(UInt32(bigEndian: word)))
            rest = rest.dropFirst(8)
        }
        let ip =
            words.count == 1
            ? IPAddress(v4: UInt32(words[0]))
            : IPAddress(high: words[0] << 32 | words[1], low: words[2] << 32 | words[3])
        return SocketAddress(ip, port)
    }

    /// At most a MiB: listeners and command lines end before that.
    private static func text(_ path: String) -> String { (try? Files.text(path, most: 1 << 20)) ?? "" }
}
