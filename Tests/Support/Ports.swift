import Glibc

/// Free ports of loopback, next to each other. They lie below the range that the kernel gives to outgoing connections, and each is reserved for
/// this process by a name in the abstract socket space, so that neither another test nor another test run on this machine takes it meanwhile.
public enum Ports {
    public static func free(_ count: Int = 1) throws -> Int {
        for _ in 0..<1000 {
            let first = Int.random(in: 10_000..<32_000 - count)
            var reservations: [Int32] = []
            for port in first..<first + count {
                guard isFree(port, SOCK_STREAM), isFree(port, SOCK_DGRAM), let reservation = reserve(port) else { break }
                reservations.append(reservation)
            }
            if reservations.count == count { return first }  // the reservations last as long as the process
            reservations.forEach { close($0) }
        }
        throw Failure("no \(count) free ports")
    }

    private static func isFree(_ port: Int, _ type: __socket_type) -> Bool {
        let descriptor = socket(AF_INET, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var yes: Int32 = 1
        if type == SOCK_STREAM { setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, 4) }
        return withAddress(port) { bind(descriptor, $0, $1) } == 0
    }
    private static func reserve(_ port: Int) -> Int32? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array("\0megacomet-test-port-\(port)".utf8)
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

func withAddress<Result>(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
}
