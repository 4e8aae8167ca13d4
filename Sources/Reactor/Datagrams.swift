import CSystem
import Glibc

/// A bound UDP socket for many senders and receivers: the stats hub's, and a viewer's.
package final class DatagramSocket {
    /// An IPv4 address and port in host byte order: no text is made for each datagram.
    package struct Address: Hashable, Sendable, CustomStringConvertible {
        package var host: UInt32
        package var port: UInt16
        package init(host: UInt32, port: UInt16) {
            self.host = host
            self.port = port
        }
        /// Of an address as text, four numbers; 0.0.0.0 where it is none.
        package init(_ address: String, _ port: UInt16) {
            var raw = in_addr()
            host = inet_pton(AF_INET, address, &raw) == 1 ? UInt32(bigEndian: raw.s_addr) : 0
            self.port = port
        }
        package var isLoopback: Bool { host >> 24 == 127 }
        package var description: String { "\(host >> 24).\(host >> 16 & 255).\(host >> 8 & 255).\(host & 255):\(port)" }
    }
    package let descriptor: Int32
    /// Bytes of the receive buffer, as the kernel granted them.
    package let receiveBufferBytes: Int
    /// Datagrams that the kernel dropped because that buffer was full, as far as is known: it tells with the next that it delivers.
    package private(set) var dropped: UInt32 = 0
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 2048, alignment: 16)

    /// Port 0 takes a free one.
    package init(_ endpoint: Endpoint, receiveBufferBytes wanted: Int) throws {
        descriptor = try Sockets.datagram(endpoint)
        receiveBufferBytes = Int(mc_prepare_datagrams(descriptor, Int32(wanted)))
    }
    deinit {
        Sockets.close(descriptor)
        room.deallocate()
    }

    /// One datagram: its bytes (valid in `taken` only), its true length, its sender. False where none waits.
    package func receive(_ taken: (UnsafeRawBufferPointer, Int, Address) -> Void) -> Bool {
        var from = Address(host: 0, port: 0)
        let length = mc_receive_datagram(descriptor, room.baseAddress, room.count, &from.host, &from.port, &dropped)
        // An error that a viewer's closed port left on the socket is not the end of it.
        guard length >= 0 else { return errno == ECONNREFUSED || errno == EINTR }
        taken(UnsafeRawBufferPointer(start: room.baseAddress, count: min(length, room.count)), length, from)
        return true
    }
    /// False where the kernel did not take it; nobody waits.
    @discardableResult
    package func send(_ bytes: UnsafeRawBufferPointer, to address: Address) -> Bool {
        mc_send_datagram(descriptor, bytes.baseAddress, bytes.count, address.host, address.port) == bytes.count
    }
}

/// What waits on a listener in the kernel.
package enum ListenQueue {
    /// Connections that wait to be accepted, and how many may; nil where the descriptor is no TCP listener.
    package static func of(_ listener: Int32) -> (waiting: UInt32, most: UInt32)? {
        var result: (waiting: UInt32, most: UInt32) = (0, 0)
        return mc_listen_queue(listener, &result.waiting, &result.most) == 0 ? result : nil
    }
}
