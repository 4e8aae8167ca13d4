import Glibc

/// Free ports, next to each other, for servers that tests and benchmarks start. They lie below the range that the kernel gives to outgoing
/// connections, and each is reserved for this process, as long as it lives, by a name in the abstract socket space (unix(7)): neither another test nor
/// a benchmark that runs beside it takes the port between this look and the server's own bind. Tests/BrowserTests/appliance.py does the same.
package enum Ports {
    package struct NoneFree: Error, CustomStringConvertible {
        let count: Int
        package var description: String { "no \(count) free ports in a row between \(Ports.range)" }
    }
    private static let range = 10_000..<32_000

    /// The first of `count`.
    package static func free(_ count: Int = 1) throws(NoneFree) -> Int {
        for _ in 0..<1000 {
            let first = Int.random(in: range.lowerBound..<range.upperBound - count)
            var reservations: [Int32] = []
            for port in first..<first + count {
                guard isFree(port, SOCK_STREAM), isFree(port, SOCK_DGRAM), let reservation = reserve(port) else { break }
                reservations.append(reservation)
            }
            if reservations.count == count { return first }  // the reservations last as long as the process
            reservations.forEach { close($0) }
        }
        throw NoneFree(count: count)
    }

    /// On every address: a server may bind any.
    private static func isFree(_ port: Int, _ type: __socket_type) -> Bool {
        let descriptor = socket(AF_INET, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var yes: Int32 = 1
        if type == SOCK_STREAM { setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, 4) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
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
