import Glibc

/// Free ports, next to each other, for servers that tests and benchmarks start. They lie outside the range that the
/// kernel gives to outgoing connections.
///
/// This process reserves each port as long as it lives, by a name in the abstract socket space (unix(7)). So no other
/// test or benchmark takes the port between the look here and the server's own bind. Tests/BrowserTests/appliance.py
/// does the same.
package enum Ports {
    package struct NoneFree: Error, CustomStringConvertible {
        let count: Int
        package var description: String { "no \(count) free ports in a row between \(Ports.range)" }
    }
    private static let range = outside(clientPorts ?? 32_768...60_999)

    /// The range below the clients' ports. If it is too small, the range above them, and otherwise any ports.
    static func outside(_ clients: ClosedRange<Int>) -> Range<Int> {
        let (below, above) = (
            10_000..<max(10_000, min(32_000, clients.lowerBound)),
            clients.upperBound + 1..<max(65_536, clients.upperBound + 1)
        )
        if below.count >= 2_000 { return below }
        if above.count >= 2_000 { return above }
        let low = 2_000..<max(2_000, min(10_000, clients.lowerBound))
        return low.count >= 2_000 ? low : 10_000..<32_000
    }
    /// The kernel's ip_local_port_range.
    private static var clientPorts: ClosedRange<Int>? {
        guard let file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 64)
        guard fgets(&line, 64, file) != nil else { return nil }
        let words = line.prefix { $0 != 0 }.split { $0 == 9 || $0 == 10 || $0 == 32 }
        let ports = words.compactMap { Int(String(decoding: $0.map { UInt8(bitPattern: $0) }, as: UTF8.self)) }
        return ports.count == 2 && ports[0] <= ports[1] ? ports[0]...ports[1] : nil
    }

    /// The first of `count` free ports.
    package static func free(_ count: Int = 1) throws(NoneFree) -> Int {
        for _ in 0..<1000 {
            let first = Int.random(in: range.lowerBound..<range.upperBound - count)
            var reservations: [Int32] = []
            for port in first..<first + count {
                guard isFree(port, SOCK_STREAM), isFree(port, SOCK_DGRAM), let reservation = reserve(port) else {
                    break
                }
                reservations.append(reservation)
            }
            if reservations.count == count { return first }  // the reservations last as long as the process
            reservations.forEach { close($0) }
        }
        throw NoneFree(count: count)
    }

    /// The port is tried on every address, since a server may bind any. A machine without IPv6 has no such ports.
    private static func isFree(_ port: Int, _ type: __socket_type) -> Bool {
        let descriptor = socket(AF_INET, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var yes: Int32 = 1
        if type == SOCK_STREAM { setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, 4) }
        let other = socket(AF_INET6, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if other >= 0 {
            defer { close(other) }
            if type == SOCK_STREAM { setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &yes, 4) }
            setsockopt(other, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &yes, 4)
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = in_port_t(port).bigEndian
            let isTaken =
                withUnsafePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        bind(other, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                    }
                } != 0
            if isTaken, errno == EADDRINUSE { return false }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        } == 0
    }
    private static func reserve(_ port: Int) -> Int32? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array("\0megacomet-port-\(port)".utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard result == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}
