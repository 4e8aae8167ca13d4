package import Base
import CSystem
import Glibc

extension Sockets {
    /// Accepts one connection. `peer` is the address that it comes from, if that is an IP address.
    package static func accept(_ listener: Int32, from peer: inout IPAddress?) -> Result<Int32, SystemError> {
        var raw = sockaddr_storage()
        let descriptor = mc_accept_from(listener, &raw)
        guard descriptor >= 0 else { return .failure(SystemError("accept")) }
        peer = IPAddress(raw)
        return .success(descriptor)
    }
}

extension IPAddress {
    /// `nil` if it is no IP address.
    fileprivate init?(_ raw: sockaddr_storage) {
        let address: IPAddress? = withUnsafeBytes(of: raw) {
            switch Int32(raw.ss_family) {
            case AF_INET:
                return IPAddress(v4: UInt32(bigEndian: $0.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr))
            case AF_INET6:
                guard let at = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr) else { return nil }
                return IPAddress(
                    high: UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: at, as: UInt64.self)),
                    low: UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self)))
            default: return nil
            }
        }
        guard let address else { return nil }
        self = address
    }
}
