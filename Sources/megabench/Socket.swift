import CEpoll
import Glibc

/// The socket and epoll calls of the generator. Only this file and `ClientSlab` touch raw memory.
///
/// The generator shares its cores with the server that it measures, so it calls the kernel directly. A call of libev's
/// or of the reactor's for each of a million sockets would count as the server's cost.
enum Socket {
    struct Failure: Error, CustomStringConvertible {
        let call: String
        let code: Int32
        var description: String { "\(call): \(String(cString: strerror(code)))" }
    }

    static func check(_ result: Int32, _ call: String) throws(Failure) -> Int32 {
        if result < 0 { throw Failure(call: call, code: errno) }
        return result
    }

    static func address(_ host: UInt32, _ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = host.bigEndian
        return address
    }

    static func withAddress<Result>(
        _ host: UInt32, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var value = address(host, port)
        return withUnsafePointer(to: &value) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Starts a non-blocking connection. On loopback the handshake is over before the call returns, unless the
    /// listener's queue is full.
    /// - Parameter source: the address to connect from; 0 is any. The kernel chooses the port at connect, so one
    ///   address can hold as many connections to each of the server's ports as there are local ports.
    static func connect(to host: UInt32, port: UInt16, from source: UInt32 = 0) throws(Failure) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = try check(socket(AF_INET, kind, 0), "socket")
        if source != 0 {
            set(descriptor, Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, 1)
            if withAddress(source, 0, { bind(descriptor, $0, $1) }) < 0 {
                let code = errno
                close(descriptor)
                throw Failure(call: "bind", code: code)
            }
        }
        if withAddress(host, port, { Glibc.connect(descriptor, $0, $1) }) < 0, errno != EINPROGRESS {
            let code = errno
            close(descriptor)
            throw Failure(call: "connect", code: code)
        }
        return descriptor
    }

    /// A non-blocking listener. Port 0 chooses a free port.
    static func listen(on host: UInt32, port: UInt16, backlog: Int32 = 4096) throws(Failure) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = try check(socket(AF_INET, kind, 0), "socket")
        set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        _ = try check(withAddress(host, port) { bind(descriptor, $0, $1) }, "bind port \(port)")
        _ = try check(Glibc.listen(descriptor, backlog), "listen")
        return descriptor
    }

    static func pair() throws(Failure) -> (Int32, Int32) {
        var ends: [Int32] = [0, 0]
        _ = try check(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends), "socketpair")
        return (ends[0], ends[1])
    }
}

/// An epoll descriptor and room for what it reports. Each event carries the 64 bits that its descriptor was added with.
final class Poller {
    private let descriptor: Int32
    private let events: UnsafeMutablePointer<epoll_event>
    private let room: Int32

    static let readable = EPOLLIN.rawValue
    static let writable = EPOLLOUT.rawValue
    static let broken = EPOLLERR.rawValue | EPOLLHUP.rawValue

    init(room: Int = 1024) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        precondition(descriptor >= 0, "epoll_create1 failed: \(errno)")
        self.room = Int32(room)
        events = .allocate(capacity: room)
        events.initialize(repeating: epoll_event(), count: room)
    }
    deinit {
        close(descriptor)
        events.deallocate()
    }

    func add(_ file: Int32, _ interest: UInt32, _ tag: UInt64) { control(EPOLL_CTL_ADD, file, interest, tag) }
    func modify(_ file: Int32, _ interest: UInt32, _ tag: UInt64) { control(EPOLL_CTL_MOD, file, interest, tag) }
    private func control(_ operation: Int32, _ file: Int32, _ interest: UInt32, _ tag: UInt64) {
        var event = epoll_event(events: interest, data: epoll_data_t(u64: tag))
        let result = epoll_ctl(descriptor, operation, file, &event)
        precondition(result == 0, "epoll_ctl failed: \(errno)")
    }

    /// Waits for at most `nanoseconds`. Returns how many events `event` gives.
    func wait(nanoseconds: UInt64) -> Int {
        var limit = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        return max(0, Int(epoll_pwait2(descriptor, events, room, &limit, nil)))
    }
    @inline(__always) func event(_ index: Int) -> (tag: UInt64, what: UInt32) {
        (events[index].data.u64, events[index].events)
    }
}

/// CLOCK_MONOTONIC, the same in all processes of a machine.
@inline(__always) func monotonicNanoseconds() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) &* 1_000_000_000 &+ UInt64(now.tv_nsec)
}
