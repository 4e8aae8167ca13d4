import Base
import Glibc
import TestSupport

/// A port that is bound and on which nobody listens. It refuses connections, and no other test can listen on it.
final class DeafPort {
    let endpoint: Endpoint
    private let descriptor: Int32

    /// `nil` if the port of this address is taken. Port 0 chooses a free one.
    init?(_ host: String, _ port: UInt16 = 0) {
        let isIPv6 = host.contains(":")
        let descriptor = socket(
            isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        self.descriptor = descriptor
        var raw = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let found = withUnsafeMutablePointer(to: &raw) { raw -> UInt16? in
            if isIPv6 {
                raw.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                    $0.pointee.sin6_family = sa_family_t(AF_INET6)
                    $0.pointee.sin6_port = port.bigEndian
                    inet_pton(AF_INET6, host, &$0.pointee.sin6_addr)
                }
            } else {
                raw.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    $0.pointee.sin_family = sa_family_t(AF_INET)
                    $0.pointee.sin_port = port.bigEndian
                    inet_pton(AF_INET, host, &$0.pointee.sin_addr)
                }
            }
            return raw.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                let length = isIPv6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
                guard bind(descriptor, address, socklen_t(length)) == 0, getsockname(descriptor, address, &size) == 0
                else { return nil }
                // Both families have the port at the same place.
                return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    UInt16(bigEndian: $0.pointee.sin_port)
                }
            }
        }
        endpoint = Endpoint(host, found ?? 0)
        if found == nil { return nil }
    }
    deinit { close(descriptor) }
}
