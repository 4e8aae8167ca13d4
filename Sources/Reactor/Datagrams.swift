package import Base
import CSystem
import Glibc

/// A bound UDP socket with many senders and receivers. The stats hub has one, and each viewer.
package final class DatagramSocket {
    package let descriptor: Int32
    /// Bytes of the receive buffer that the kernel granted.
    package let receiveBufferBytes: Int
    /// Datagrams that the kernel dropped because that buffer was full. The kernel tells the count with the next
    /// datagram that it delivers, so the newest drops may be missing.
    package private(set) var dropped: UInt32 = 0
    /// The family of the socket: AF_INET or AF_INET6.
    private let family: Int32
    private var refused: ((SocketAddress) -> Void)?
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 2048, alignment: 16)

    /// Port 0 chooses a free port.
    package init(_ endpoint: Endpoint, receiveBufferBytes wanted: Int) throws(SystemError) {
        descriptor = try Sockets.datagram(endpoint)
        family = endpoint.ip?.v4 == nil ? AF_INET6 : AF_INET
        receiveBufferBytes = Int(mc_prepare_datagrams(descriptor, Int32(wanted)))
    }
    deinit {
        Sockets.close(descriptor)
        room.deallocate()
    }

    /// From now on `refused` is told the addresses at which nobody took what was sent: the other machine, or this one,
    /// answered "port unreachable".
    package func hearRefusals(_ refused: @escaping (SocketAddress) -> Void) {
        if mc_hear_refusals(descriptor) == 0 { self.refused = refused }
    }
    /// Tells the addresses that refused. The kernel reports a refusal as an error of some later call on the socket,
    /// even if that call was for another address.
    private func tellRefusals() {
        var raw = sockaddr_storage()
        while mc_next_refusal(descriptor, &raw) == 0 { if let address = SocketAddress(raw) { refused?(address) } }
    }

    /// Receives one datagram: its bytes (valid in `taken` only), its true length and its sender. False if none waits.
    package func receive(_ taken: (UnsafeRawBufferPointer, Int, SocketAddress) -> Void) -> Bool {
        var raw = sockaddr_storage()
        let length = mc_receive_datagram(descriptor, room.baseAddress, room.count, &raw, &dropped)
        guard length >= 0 else {
            if errno == ECONNREFUSED { tellRefusals() } else if errno != EINTR { return false }
            return true
        }
        guard let from = SocketAddress(raw) else { return true }
        taken(UnsafeRawBufferPointer(start: room.baseAddress, count: min(length, room.count)), length, from)
        return true
    }
    /// Datagrams that are sent without an address go to this one from now on. The kernel looks up the route only once.
    /// False if it refuses.
    package func connect(to address: SocketAddress) -> Bool {
        address.withRaw(family) { Glibc.connect(descriptor, $0, $1) } == 0
    }
    package func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
        func sent() -> Bool {
            Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
        }
        // The error may say that nobody took the datagram before. Then this one is sent once more.
        return sent() || errno == ECONNREFUSED && sent()
    }
    /// False if the kernel did not take the datagram. It never waits.
    @discardableResult
    package func send(_ bytes: UnsafeRawBufferPointer, to address: SocketAddress) -> Bool {
        func sent() -> Bool {
            address.withRaw(family) {
                sendto(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL), $0, $1)
            } == bytes.count
        }
        if sent() { return true }
        // The error may come from another viewer's closed port. Then this datagram is sent once more.
        guard errno == ECONNREFUSED, refused != nil else { return false }
        tellRefusals()
        return sent()
    }
}

/// The connections that wait on a listener in the kernel.
package enum ListenQueue {
    /// Connections that wait to be accepted, and how many may wait. `nil` if the descriptor is no TCP listener.
    package static func of(_ listener: Int32) -> (waiting: UInt32, most: UInt32)? {
        var result: (waiting: UInt32, most: UInt32) = (0, 0)
        return mc_listen_queue(listener, &result.waiting, &result.most) == 0 ? result : nil
    }
}
