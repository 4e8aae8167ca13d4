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
        /// Reads an address that is four numbers as text. Where it is none, it becomes 0.0.0.0.
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
    /// Datagrams that the kernel dropped because that buffer was full, as far as is known: it tells with the next that
    /// it delivers.
    package private(set) var dropped: UInt32 = 0
    private var refused: ((Address) -> Void)?
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

    /// From now on the addresses are told at which nobody took what was sent: the other machine, or this one, answered
    /// "port unreachable".
    package func hearRefusals(_ refused: @escaping (Address) -> Void) {
        if mc_hear_refusals(descriptor) == 0 { self.refused = refused }
    }
    /// The kernel's word for it is an error of some later call on the socket, whomever that one was for.
    private func tellRefusals() {
        var address = Address(host: 0, port: 0)
        while mc_next_refusal(descriptor, &address.host, &address.port) == 0 { refused?(address) }
    }

    /// One datagram: its bytes (valid in `taken` only), its true length, its sender. False where none waits.
    package func receive(_ taken: (UnsafeRawBufferPointer, Int, Address) -> Void) -> Bool {
        var from = Address(host: 0, port: 0)
        let length = mc_receive_datagram(descriptor, room.baseAddress, room.count, &from.host, &from.port, &dropped)
        guard length >= 0 else {
            if errno == ECONNREFUSED { tellRefusals() } else if errno != EINTR { return false }
            return true
        }
        taken(UnsafeRawBufferPointer(start: room.baseAddress, count: min(length, room.count)), length, from)
        return true
    }
    /// What is sent without an address goes there from now on: the kernel looks the way up once. False where it
    /// refuses.
    package func connect(to address: Address) -> Bool {
        mc_connect_datagrams(descriptor, address.host, address.port) == 0
    }
    package func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
        func sent() -> Bool {
            Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
        }
        // That nobody took the one before is told to the next, which is sent all the same.
        return sent() || errno == ECONNREFUSED && sent()
    }
    /// False where the kernel did not take it; nobody waits.
    @discardableResult
    package func send(_ bytes: UnsafeRawBufferPointer, to address: Address) -> Bool {
        if mc_send_datagram(descriptor, bytes.baseAddress, bytes.count, address.host, address.port) == bytes.count {
            return true
        }
        // An error that another viewer's closed port left is no reason not to send this one.
        guard errno == ECONNREFUSED, refused != nil else { return false }
        tellRefusals()
        return mc_send_datagram(descriptor, bytes.baseAddress, bytes.count, address.host, address.port) == bytes.count
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
