import FreePorts
import Glibc

/// A TCP connection to loopback, blocking with deadlines. It is like any client of ours, as slow or as rude as a test
/// wants.
public final class Socket {
    public private(set) var descriptor: Int32
    /// Bytes that were received and not taken yet.
    public var received: [UInt8] = []
    /// The peer has closed its end.
    public private(set) var isEnded = false

    /// A small `receiveBuffer` makes a slow reader. With `isIPv6` it connects to [::1], otherwise it comes from
    /// 127.0.0.`host`.
    public init(port: Int, receiveBuffer: Int32? = nil, isIPv6: Bool = false, host: UInt8 = 1) throws {
        descriptor = socket(isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure.call("socket") }
        if var receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, 4)
        if host != 1 { _ = withAddress(0, host: host) { bind(descriptor, $0, $1) } }
        guard withAddress(port, isIPv6: isIPv6, { connect(descriptor, $0, $1) }) == 0 else {
            let failure = Failure.call("connect to \(port)")
            Glibc.close(descriptor)
            descriptor = -1
            throw failure
        }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }
    /// A unix stream socket.
    public init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let failure = Failure.call("connect to \(path)")
            Glibc.close(descriptor)
            descriptor = -1
            throw failure
        }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }
    /// Takes over a connection.
    init(adopting descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }
    deinit { close() }

    /// The port that the peer sees.
    public var localPort: Int {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }
    public func close() {
        guard descriptor >= 0 else { return }
        Glibc.close(descriptor)
        descriptor = -1
    }
    /// Closes with a reset instead of a normal end.
    public func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        close()
    }
    /// Says that no more will be sent.
    public func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    public func send(_ text: String) throws { try send(Array(text.utf8)) }
    public func send(_ bytes: [UInt8], seconds: Double = 25) throws {
        let deadline = Deadline(seconds: seconds)
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
            } else if errno == EAGAIN {
                guard wait(Int16(POLLOUT), deadline) else {
                    throw Failure("sent \(sent) of \(bytes.count) bytes: the peer takes no more")
                }
            } else if errno != EINTR {
                throw Failure.call("send")
            }
        }
    }
    /// Sends what the peer takes at once. Returns the bytes that it took; 0 if it takes none, or is gone.
    public func sendSome(_ bytes: [UInt8]) -> Int {
        max(
            0,
            bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            })
    }

    private func wait(_ events: Int16, _ deadline: Deadline) -> Bool {
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        while true {
            let count = poll(&entry, 1, deadline.milliseconds)
            if count > 0 { return true }
            if count == 0 || errno != EINTR { return false }
        }
    }

    /// Waits for bytes. False if the peer has closed. Throws if nothing comes in time, or if the connection was reset.
    @discardableResult
    public func receive(_ deadline: Deadline = Deadline()) throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count > 0 {
                received += chunk[0..<count]
                return true
            }
            if count == 0 {
                isEnded = true
                return false
            }
            guard errno == EAGAIN || errno == EINTR else { throw Failure.call("recv") }
            guard wait(Int16(POLLIN), deadline) else {
                throw Failure(
                    "nothing more came in time; so far: \(String(decoding: received.prefix(2000), as: UTF8.self))")
            }
        }
    }
    /// Takes all bytes up to and with `end`.
    public func readUntil(_ end: String, seconds: Double = 25) throws -> String {
        let deadline = Deadline(seconds: seconds)
        let end = Array(end.utf8)
        var searched = 0
        while true {
            if let at = received.firstRange(of: end, from: searched) { return take(at + end.count) }
            searched = max(0, received.count - end.count)
            guard try receive(deadline) else {
                throw Failure("closed before \(end): \(String(decoding: received, as: UTF8.self))")
            }
        }
    }
    public func readLine() throws -> String { String(try readUntil("\n").dropLast()) }
    public func read(_ count: Int, seconds: Double = 25) throws -> [UInt8] {
        let deadline = Deadline(seconds: seconds)
        while received.count < count {
            guard try receive(deadline) else { throw Failure("closed after \(received.count) of \(count) bytes") }
        }
        defer { received.removeFirst(count) }
        return Array(received[0..<count])
    }
    /// Reads everything until the peer closes. A reset ends it, too.
    public func readToEnd(seconds: Double = 25) throws -> String {
        let deadline = Deadline(seconds: seconds)
        while true {
            do {
                guard try receive(deadline) else { break }
            } catch {
                guard errno == ECONNRESET else { throw error }
                break
            }
        }
        return take(received.count)
    }
    private func take(_ count: Int) -> String {
        defer { received.removeFirst(count) }
        return String(decoding: received[0..<count], as: UTF8.self)
    }
    /// Waits until the peer has closed or reset the connection. Everything that it sends before is ignored.
    public func waitForClose(seconds: Double = 25) throws {
        _ = try readToEnd(seconds: seconds)
    }
    /// True if nothing came in and the peer is still there.
    public var isQuiet: Bool {
        var byte: UInt8 = 0
        return received.isEmpty && recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) < 0 && errno == EAGAIN
    }
}

/// Sends a datagram to a port of loopback.
public func sendDatagram(_ bytes: [UInt8], to port: Int) {
    let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    _ = withAddress(port) { address, length in
        bytes.withUnsafeBytes { sendto(descriptor, $0.baseAddress, $0.count, 0, address, length) }
    }
}

/// A port of loopback that a test listens on, as a stand-in for the manager.
public final class Listener {
    private let descriptor: Int32
    public let port: Int
    public init(port: Int? = nil) throws {
        self.port = try port ?? Ports.free()
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
        guard withAddress(self.port, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 1024) == 0 else {
            throw Failure.call("listen")
        }
    }
    deinit { Glibc.close(descriptor) }
    public func accept(seconds: Double = 25) throws -> Socket {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, Int32(seconds * 1000)) == 1 else { throw Failure("nobody connects to \(port)") }
        let accepted = Glibc.accept(descriptor, nil, nil)
        guard accepted >= 0 else { throw Failure.call("accept") }
        return Socket(adopting: accepted)
    }
}

extension Array where Element == UInt8 {
    /// The first place of `other`, at or after `from`.
    func firstRange(of other: [UInt8], from: Int) -> Int? {
        guard !other.isEmpty, count >= other.count else { return nil }
        var at = from
        while at + other.count <= count {
            if self[at] == other[0], self[at..<at + other.count].elementsEqual(other) { return at }
            at += 1
        }
        return nil
    }
}

func withAddress<Result>(
    _ port: Int, isIPv6: Bool = false, host: UInt8 = 1, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    if isIPv6 {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = in_port_t(UInt16(port).bigEndian)
        address.sin6_addr = in6addr_loopback
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = (0x7F00_0000 | UInt32(host)).bigEndian
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
}
