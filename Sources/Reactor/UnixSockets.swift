import CSystem
import Glibc

/// Unix sockets: the control socket, the lifelines, and the service manager's datagrams.
package enum UnixSockets {
    /// A stream listener. It replaces whatever is at the path.
    package static func listen(_ path: String, mode: UInt32) throws -> Int32 {
        try made(mc_unix_listen(path, mode), "listen", path)
    }
    /// Connects at once or fails: a unix socket never has to wait for the network.
    package static func connect(_ path: String) throws -> Int32 { try made(mc_unix_connect(path), "connect", path) }
    /// A bound datagram socket.
    package static func datagram(_ path: String) throws -> Int32 { try made(mc_unix_datagram(path), "bind", path) }

    private static func made(_ descriptor: Int32, _ call: String, _ path: String) throws -> Int32 {
        guard descriptor >= 0 else { throw SystemError("\(call) \(path)") }
        return descriptor
    }

    /// Sends one datagram to a path, with copies of descriptors. A first `@` stands for the abstract namespace. If the
    /// reader has no room, it waits for `patience` milliseconds, and then the datagram is not sent.
    @discardableResult
    package static func send(_ text: String, to path: String, descriptors: [Int32] = [], patience: Int32 = 0) -> Bool {
        var text = text
        return text.withUTF8 {
            mc_unix_send(path, $0.baseAddress, $0.count, descriptors, Int32(descriptors.count), patience)
        } == 0
    }

    /// The process at the other end of a unix stream, as the kernel saw it connect or listen.
    package struct Peer: Equatable, Sendable {
        package var pid: Int32
        package var user: UInt32
        package var group: UInt32
        /// The user's further groups.
        package var groups: [UInt32] = []
    }
    package static func peer(_ descriptor: Int32) -> Peer? {
        var peer = Peer(pid: 0, user: 0, group: 0)
        guard mc_peer_credentials(descriptor, &peer.pid, &peer.user, &peer.group) == 0 else { return nil }
        var size: socklen_t = 0
        // This call is refused, but then the kernel has said how many bytes there are.
        getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, nil, &size)
        peer.groups = [UInt32](repeating: 0, count: Int(size) / MemoryLayout<UInt32>.size)
        if getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, &peer.groups, &size) != 0 { peer.groups = [] }
        return peer
    }

    /// Whether listeners may be handed to the process or taken from it. It must be of our own user or of root.
    package static func isTrusted(_ peer: Peer) -> Bool { peer.user == getuid() || peer.user == 0 }

    /// Sends bytes, with copies of descriptors attached.
    package static func send(_ socket: Int32, _ bytes: UnsafeRawBufferPointer, descriptors: [Int32]) -> Transfer {
        let n = mc_send_descriptors(socket, bytes.baseAddress, bytes.count, descriptors, Int32(descriptors.count))
        return n >= 0 ? .bytes(n) : errno == EAGAIN || errno == EINTR ? .wouldBlock : .failed(errno)
    }
    /// The most descriptors that one message hands over.
    private static let mostDescriptors = 16

    /// Receives bytes, and the descriptors that came with them. The caller owns the descriptors.
    package static func receive(_ socket: Int32, into room: UnsafeMutableRawBufferPointer) -> (Transfer, [Int32]) {
        var descriptors = [Int32](repeating: -1, count: mostDescriptors)
        var count: Int32 = 0
        let n = mc_receive_descriptors(
            socket, room.baseAddress, room.count, &descriptors, Int32(mostDescriptors), &count)
        if n < 0 { return (errno == EAGAIN || errno == EINTR ? .wouldBlock : .failed(errno), []) }
        return (n == 0 ? .end : .bytes(n), Array(descriptors.prefix(Int(count))))
    }
    /// One datagram of at most 4,096 bytes as text; empty if none waits.
    package static func receiveText(_ socket: Int32) -> String {
        var room = [UInt8](repeating: 0, count: 4096)
        let (transfer, _) = room.withUnsafeMutableBytes { receive(socket, into: $0) }
        guard case .bytes(let count) = transfer else { return "" }
        return String(decoding: room.prefix(count), as: UTF8.self)
    }
}
