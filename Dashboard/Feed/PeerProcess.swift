package import Base
import Reactor

/// The process at the other end of a connection on this machine. The kernel's table has the connection's inode, and the
/// folder of a process has the inodes of its descriptors. Only those of the operator's own processes may be read; root
/// may read all.
///
/// Both are long on a large machine, so this is done once, when somebody looks at one connection. Both have a bound.
/// Beyond it the process is not known.
package struct PeerProcess: Equatable, Sendable {
    package let pid: UInt32
    /// The name of its program, as `ps` has it.
    package let program: String
    package init(pid: UInt32, program: String) {
        self.pid = pid
        self.program = program
    }

    /// Bytes of the table: 27,000 connections.
    private static let mostTableBytes = 4 << 20
    /// Descriptors, over all processes.
    private static let mostDescriptors = 20_000

    /// `peer` is its own address and port, and `port` the one that it is connected to. `nil` if it is on another
    /// machine, or is not known.
    package static func find(_ peer: String, connectedTo port: UInt16) -> PeerProcess? {
        guard let peer = Endpoint(parsing: peer), let ip = IPAddress(peer.host), ip.isLoopback else { return nil }
        for table in ["tcp", "tcp6"] {
            guard let text = try? Files.text("/proc/net/\(table)", most: mostTableBytes),
                let inode = inode(in: text, from: ip, peer.port, to: port)
            else { continue }
            return owner(of: "socket:[\(inode)]")
        }
        return nil
    }

    /// The inode of a connection in the text of /proc/net/tcp or tcp6.
    package static func inode(in table: String, from ip: IPAddress, _ port: UInt16, to other: UInt16) -> String? {
        let (own, far) = (":" + hex(port, digits: 4).uppercased(), ":" + hex(other, digits: 4).uppercased())
        // A socket of IPv6 has an address of IPv4 as IPAddress has it.
        let addresses = [ip.v4.map { words([$0]) }, words(ip.words)]
        for line in table.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ", maxSplits: 10, omittingEmptySubsequences: true)
            guard fields.count > 9, fields[1].hasSuffix(own), fields[2].hasSuffix(far) else { continue }
            // Inode 0 is a connection that its process has closed.
            if addresses.contains(String(fields[1].dropLast(5))), fields[9] != "0" { return String(fields[9]) }
        }
        return nil
    }
    /// The kernel writes each 32 bits as this machine has them in memory.
    private static func words(_ words: [UInt32]) -> String {
        words.map { hex($0.bigEndian, digits: 8).uppercased() }.joined()
    }

    private static func owner(of socket: String) -> PeerProcess? {
        var left = mostDescriptors
        for name in Files.names(in: "/proc") {
            guard let pid = UInt32(name) else { continue }
            for descriptor in Files.names(in: "/proc/\(pid)/fd") {
                left -= 1
                guard left > 0 else { return nil }
                guard Files.target(of: "/proc/\(pid)/fd/\(descriptor)") == socket else { continue }
                let program = (try? Files.text("/proc/\(pid)/comm", most: 64)) ?? ""
                return PeerProcess(pid: pid, program: String(program.prefix { $0 != "\n" }))
            }
        }
        return nil
    }
}

extension IPAddress {
    fileprivate var words: [UInt32] {
        [high, low].flatMap { [UInt32(truncatingIfNeeded: $0 >> 32), UInt32(truncatingIfNeeded: $0)] }
    }
}
