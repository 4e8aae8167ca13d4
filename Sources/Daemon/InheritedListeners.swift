import Glibc
import Reactor

/// The listeners that the supervisor (or systemd) handed down. They are LISTEN_FDS descriptors from 3 on, and
/// LISTEN_FDNAMES has their names (sd_listen_fds(3)).
struct InheritedListeners {
    private var left: [(descriptor: Int32, name: String)] = []

    init() {
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
        guard variable("LISTEN_PID").flatMap({ Int32($0) }) == getpid(),
            let count = variable("LISTEN_FDS").flatMap({ Int32($0) }), count > 0, count < 100
        else { return }
        let names = (variable("LISTEN_FDNAMES") ?? "").split(separator: ":", omittingEmptySubsequences: false).map(
            String.init)
        for number in 0..<count {
            _ = fcntl(3 + number, F_SETFD, FD_CLOEXEC)
            left.append((3 + number, Int(number) < names.count ? names[Int(number)] : ""))
        }
    }

    /// Finds a listener by the name that the supervisor gives it, or by its port: systemd names listeners after the
    /// unit.
    mutating func take(_ name: String, port: Int) -> Int32? {
        let index =
            left.firstIndex { $0.name == name }
            ?? left.firstIndex {
                Sockets.isTCPListener($0.descriptor) && Sockets.localEndpoint($0.descriptor)?.port == UInt16(port)
            }
        return index.map { left.remove(at: $0).descriptor }
    }
    /// Closes the listeners that nobody took, since nobody would ever serve their connections. Returns what they were.
    mutating func closeRest() -> [String] {
        defer { left = [] }
        return left.map { descriptor, _ in
            defer { Sockets.close(descriptor) }
            return Sockets.localEndpoint(descriptor)?.description ?? "descriptor \(descriptor)"
        }
    }
}
