package import Base
import CSystem
import Glibc

/// An address and port of a socket, as values. No text is made for each connection or datagram.
package struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    package var ip: IPAddress
    package var port: UInt16
    package init(_ ip: IPAddress, _ port: UInt16) {
        self.ip = ip
        self.port = port
    }
    /// `nil` if the endpoint's host is a name.
    package init?(_ endpoint: Endpoint) {
        guard let ip = endpoint.ip else { return nil }
        self.init(ip, endpoint.port)
    }
    package var description: String { "\(Endpoint(ip, port))" }

    // MARK: as the kernel has it

    /// The kind of socket that it needs.
    var family: Int32 { ip.v4 == nil ? AF_INET6 : AF_INET }

    /// An IPv4 address in an IPv6 one (RFC 4291, 2.5.5.2) becomes the IPv4 address. `nil` for other families.
    init?(_ raw: sockaddr_storage) {
        var raw = raw
        let found: SocketAddress? = withUnsafePointer(to: &raw) { storage in
            switch Int32(storage.pointee.ss_family) {
            case AF_INET:
                return storage.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    let number = UInt32(bigEndian: $0.pointee.sin_addr.s_addr)
                    return SocketAddress(IPAddress(v4: number), UInt16(bigEndian: $0.pointee.sin_port))
                }
            case AF_INET6:
                return storage.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                    let ip = withUnsafeBytes(of: $0.pointee.sin6_addr) {
                        IPAddress(
                            high: UInt64(bigEndian: $0.load(as: UInt64.self)),
                            low: UInt64(bigEndian: $0.load(fromByteOffset: 8, as: UInt64.self)))
                    }
                    return SocketAddress(ip, UInt16(bigEndian: $0.pointee.sin6_port))
                }
            default: return nil
            }
        }
        guard let found else { return nil }
        self = found
    }

    /// Lends the address in the form of a family. An IPv6 socket that takes both kinds has IPv4 addresses in IPv6 ones.
    func withRaw<Result>(_ family: Int32, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        if family == AF_INET, let number = ip.v4 {
            var raw = sockaddr_in()
            raw.sin_family = sa_family_t(AF_INET)
            raw.sin_port = port.bigEndian
            raw.sin_addr.s_addr = number.bigEndian
            return withUnsafePointer(to: &raw) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        var raw = sockaddr_in6()
        raw.sin6_family = sa_family_t(AF_INET6)
        raw.sin6_port = port.bigEndian
        withUnsafeMutableBytes(of: &raw.sin6_addr) {
            $0.storeBytes(of: ip.high.bigEndian, as: UInt64.self)
            $0.storeBytes(of: ip.low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return withUnsafePointer(to: &raw) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
    }
}
