import Glibc
import TestSupport

/// A stand-in for systemd: a datagram socket at a path, and a store of the descriptors that are sent to it.
final class ServiceManagerSocket {
    let path: String
    private let descriptor: Int32
    /// The descriptors in the order in which they came. As with systemd, the same socket under the same name is kept
    /// once.
    private(set) var store: [(name: String, descriptor: Int32)] = []

    init(_ path: String) throws {
        self.path = path
        unlink(path)
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard Self.with(path, { bind(descriptor, $0, $1) }) == 0 else { throw Failure("bind \(path)") }
    }
    private static func with(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
    /// Sends to itself until there is no room for another datagram.
    func fill() throws {
        let sender = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(sender) }
        guard Self.with(path, { connect(sender, $0, $1) }) == 0 else { throw Failure("connect \(path)") }
        while send(sender, "X_FULL=1", 8, Int32(MSG_DONTWAIT)) == 8 {}
        guard errno == EAGAIN else { throw Failure("send to \(path): \(errno)") }
    }
    deinit {
        close(descriptor)
        letGo()
    }
    /// Closes the store, as systemd does for a unit that stays stopped.
    func letGo() {
        store.forEach { close($0.descriptor) }
        store = []
    }

    /// The lines of the next datagram that has this line. Descriptors in datagrams before it are kept or forgotten as
    /// they say.
    @discardableResult
    func wait(for line: String) throws -> String {
        let deadline = Deadline()
        while !deadline.isOver {
            guard let text = receive(deadline.milliseconds) else { continue }
            if text.split(separator: "\n").contains(Substring(line)) { return text }
        }
        throw Failure("no \(line)")
    }
    /// Reads the datagrams that wait.
    func readAll() { while receive(0) != nil {} }

    private func receive(_ milliseconds: Int32) -> String? {
        var one = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&one, 1, milliseconds) == 1 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 4096)
        var control = [UInt64](repeating: 0, count: 64)  // aligned as its header is
        var (text, descriptors) = ("", [Int32]())
        bytes.withUnsafeMutableBytes { bytes in
            control.withUnsafeMutableBytes { control in
                var part = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                withUnsafeMutablePointer(to: &part) { part in
                    var message = msghdr()
                    (message.msg_iov, message.msg_iovlen) = (part, 1)
                    (message.msg_control, message.msg_controllen) = (control.baseAddress, control.count)
                    let count = recvmsg(descriptor, &message, Int32(MSG_CMSG_CLOEXEC))
                    text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
                    // There is one header: its length with itself, SOL_SOCKET, SCM_RIGHTS. Then come the descriptors.
                    guard message.msg_controllen >= 16, control.load(fromByteOffset: 12, as: Int32.self) == 1 else {
                        return
                    }
                    let end = control.load(as: Int.self)
                    descriptors = stride(from: 16, to: end, by: 4).map {
                        control.load(fromByteOffset: $0, as: Int32.self)
                    }
                }
            }
        }
        take(text, descriptors)
        return text
    }
    private func take(_ text: String, _ descriptors: [Int32]) {
        let lines = text.split(separator: "\n")
        let name = lines.first { $0.hasPrefix("FDNAME=") }.map { String($0.dropFirst(7)) } ?? "stored"
        if lines.contains("FDSTOREREMOVE=1") {
            store.filter { $0.name == name }.forEach { close($0.descriptor) }
            store.removeAll { $0.name == name }
        }
        for came in descriptors {
            if lines.contains("FDSTORE=1"),
                !store.contains(where: { $0.name == name && Self.file($0.descriptor) == Self.file(came) })
            {
                // The descriptor moves away from the numbers under which a program inherits them.
                store.append((name, fcntl(came, F_DUPFD_CLOEXEC, 1000)))
            }
            close(came)
        }
    }
    private static func file(_ descriptor: Int32) -> UInt64 {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? UInt64(status.st_ino) : 0
    }
}
