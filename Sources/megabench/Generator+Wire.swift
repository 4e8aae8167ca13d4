import Base
import Glibc
import TLS

/// The place between the clients and their sockets. With `--tls` their bytes go through `SocketTLS`.
extension Generator {
    /// Begins on a new connection: writes the client's request, or with TLS its hello. False: the socket does not take
    /// it yet.
    func begin(_ index: Int) -> Bool {
        if let tls { return tls.begin(index, clients[index].descriptor) }
        compose(index)
        return write(index)
    }
    func hasBegun(_ index: Int) {
        if tls != nil { clients[index].state = .shaking } else { hasAsked(index) }
    }

    /// Bytes of a handshake came. When it is done, the request goes out.
    func shake(_ index: Int) {
        guard let tls else { return }
        let count = read(index, at: 0)
        if count < 0, errno == EAGAIN, tls.isShaking(index) { return }
        guard count < 0, errno == EAGAIN else { return failed(index) }
        (counts.handshakes, counts.resumed) = tls.handshakes
        compose(index)
        if write(index) { hasAsked(index) } else { failed(index) }
    }

    /// Writes `output`. False: the socket did not take all of it.
    func write(_ index: Int) -> Bool {
        let descriptor = clients[index].descriptor
        if let tls { return tls.write(index, descriptor, output.bytes) }
        return Glibc.send(descriptor, output.bytes.baseAddress, output.count, Int32(MSG_NOSIGNAL)) == output.count
    }

    /// Like read(2), into `input` from this offset on.
    func read(_ index: Int, at offset: Int) -> Int {
        let room = UnsafeMutableRawBufferPointer(rebasing: input[offset...])
        if let tls { return tls.read(index, clients[index].descriptor, room) }
        return Glibc.read(clients[index].descriptor, room.baseAddress, room.count)
    }

    /// Closes the client's socket, if it has one.
    func shut(_ index: Int) {
        let descriptor = clients[index].descriptor
        guard descriptor >= 0 else { return }
        tls?.end(index, descriptor)
        close(descriptor)
        clients[index].descriptor = -1
        if !partial.isEmpty { partial[index] = nil }
    }
}
