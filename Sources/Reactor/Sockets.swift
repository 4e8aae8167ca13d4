package import Base
import CSystem
import Glibc

/// A system call that failed in a way that its caller can't treat as a result.
package struct SystemError: Error, CustomStringConvertible {
    package let call: String
    package let code: Int32
    package init(_ call: String, _ code: Int32 = errno) {
        self.call = call
        self.code = code
    }
    package var description: String {
        "\(call): " + (code == EAFNOSUPPORT ? "this machine has no IPv6" : String(cString: strerror(code)))
    }
}

/// The result of reading or writing. Would-block and end-of-stream are results, not errors.
package enum Transfer: Equatable {
    case bytes(Int)
    case wouldBlock
    case end
    case failed(Int32)
}

/// The socket calls, each once. All sockets are non-blocking and close on exec.
package enum Sockets {
    private static let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)

    /// Makes a socket for an endpoint, whose host must be an address: names are the resolver's.
    private static func open(_ endpoint: Endpoint, _ type: __socket_type, _ call: String) throws(SystemError)
        -> (descriptor: Int32, address: SocketAddress)
    {
        guard let address = SocketAddress(endpoint) else { throw SystemError("\(call) \(endpoint)", EINVAL) }
        let descriptor = socket(address.family, Int32(type.rawValue) | flags, 0)
        guard descriptor >= 0 else { throw SystemError("\(call) \(endpoint)") }
        return (descriptor, address)
    }
    private static func bind(_ descriptor: Int32, _ address: SocketAddress) -> Bool {
        if address.family == AF_INET6 {
            // Only :: takes IPv4 as well. Said each time, since the default is the machine's (net.ipv6.bindv6only).
            set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, address.ip.isAny ? 0 : 1)
        }
        return address.withRaw(address.family) { Glibc.bind(descriptor, $0, $1) } == 0
    }
    @discardableResult
    package static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) -> Bool {
        var value = value
        return setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
    }
    package static func get(_ descriptor: Int32, _ level: Int32, _ option: Int32) -> Int32? {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, level, option, &value, &size) == 0 ? value : nil
    }

    /// Makes a TCP listener. Its accepted sockets inherit its options: no Nagle delay (an answer is one write), and
    /// keep-alive probes, so that a phone that lost its network is noticed in 7 minutes, not in two hours.
    package static func listen(_ endpoint: Endpoint, backlog: Int32 = 65535) throws(SystemError) -> Int32 {
        let (descriptor, address) = try open(endpoint, SOCK_STREAM, "listen")
        set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        prepareListener(descriptor)
        guard bind(descriptor, address) else { throw failed(descriptor, "bind \(endpoint)") }
        guard Glibc.listen(descriptor, backlog) == 0 else { throw failed(descriptor, "listen \(endpoint)") }
        return descriptor
    }
    private static func failed(_ descriptor: Int32, _ call: String) -> SystemError {
        let error = SystemError(call)
        Glibc.close(descriptor)
        return error
    }
    /// Sets the options of a listener. It may be an inherited one.
    package static func prepareListener(_ descriptor: Int32) {
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPIDLE, 300)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPINTVL, 30)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPCNT, 4)
        setNonBlocking(descriptor)
    }
    /// Bounds a connection that is to stay. The kernel reports room to write only while it has fewer than `unsentBytes`
    /// that are not sent yet. It gives up a client that acknowledges nothing for `unheard` milliseconds.
    package static func prepareStream(_ descriptor: Int32, unsentBytes: Int32, unheard: Int32) {
        set(descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, unsentBytes)
        set(descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, unheard)
    }
    package static func setNonBlocking(_ descriptor: Int32) {
        let now = fcntl(descriptor, F_GETFL)
        if now >= 0, now & O_NONBLOCK == 0 { _ = fcntl(descriptor, F_SETFL, now | O_NONBLOCK) }
    }

    /// Starts to connect. The socket becomes writable when that is done, and `pendingError` says how it ended.
    package static func connect(_ endpoint: Endpoint) throws(SystemError) -> Int32 {
        let (descriptor, address) = try open(endpoint, SOCK_STREAM, "connect")
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        let result = address.withRaw(address.family) { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 || errno == EINPROGRESS else { throw failed(descriptor, "connect \(endpoint)") }
        return descriptor
    }
    /// The names that this machine gives itself: its host name with and without its domain. Empty if it has none.
    package static var hostNames: [String] {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return [] }
        let whole = name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        let first = String(whole.prefix { $0 != "." })
        return Array(Set([whole, first])).filter { !$0.isEmpty }
    }

    /// The first part of this machine's host name. `nil` if it has none.
    package static var hostName: String? { hostNames.min { $0.utf8.count < $1.utf8.count } }

    /// The error that waits on a socket; 0 if there is none.
    package static func pendingError(_ descriptor: Int32) -> Int32 { get(descriptor, SOL_SOCKET, SO_ERROR) ?? errno }

    /// A bound UDP socket. Port 0 chooses a free port.
    package static func datagram(_ endpoint: Endpoint) throws(SystemError) -> Int32 {
        let (descriptor, address) = try open(endpoint, SOCK_DGRAM, "bind")
        guard bind(descriptor, address) else { throw failed(descriptor, "bind \(endpoint) (UDP)") }
        return descriptor
    }
    /// True if the socket accepts TCP connections, over IPv4 or IPv6. Datagram and unix sockets do not.
    package static func isTCPListener(_ descriptor: Int32) -> Bool {
        get(descriptor, SOL_SOCKET, SO_ACCEPTCONN) == 1
            && get(descriptor, SOL_SOCKET, SO_PROTOCOL) == Int32(IPPROTO_TCP)
    }
    /// The port that the kernel chose, or that a listener was given.
    package static func localEndpoint(_ descriptor: Int32) -> Endpoint? {
        name(descriptor, getsockname).map { Endpoint($0.ip, $0.port) }
    }
    /// The other end. A client that came over IPv4 has its IPv4 address, whatever the listener was. No text is made.
    package static func peer(_ descriptor: Int32) -> SocketAddress? { name(descriptor, getpeername) }
    private static func name(
        _ descriptor: Int32, _ call: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> SocketAddress? {
        var raw = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &raw) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call(descriptor, $0, &size) }
        }
        return result == 0 ? SocketAddress(raw) : nil
    }

    private static func failure() -> Transfer { errno == EAGAIN || errno == EINTR ? .wouldBlock : .failed(errno) }

    package static func read(_ descriptor: Int32, into room: UnsafeMutableRawBufferPointer) -> Transfer {
        let n = Glibc.recv(descriptor, room.baseAddress, room.count, 0)
        return n > 0 ? .bytes(n) : n == 0 ? .end : failure()
    }
    /// It never raises SIGPIPE.
    package static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Transfer {
        let n = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        return n >= 0 ? .bytes(n) : failure()
    }
    /// True if the peer has acknowledged everything that was written and has not reset the connection (SO_ERROR in
    /// socket(7), SIOCOUTQ in tcp(7)).
    package static func isTaken(_ descriptor: Int32) -> Bool {
        var waiting: Int32 = 0
        return pendingError(descriptor) == 0 && ioctl(descriptor, UInt(TIOCOUTQ), &waiting) == 0 && waiting == 0
    }
    /// Tells the peer that nothing more comes. Reading goes on.
    package static func endOutput(_ descriptor: Int32) { _ = shutdown(descriptor, Int32(SHUT_WR)) }
    package static func close(_ descriptor: Int32) { Glibc.close(descriptor) }

    /// Accepts one connection. The result is its descriptor, or the reason why there is none.
    package static func accept(_ listener: Int32) -> Result<Int32, SystemError> {
        let descriptor = mc_accept(listener)
        return descriptor >= 0 ? .success(descriptor) : .failure(SystemError("accept"))
    }
}
