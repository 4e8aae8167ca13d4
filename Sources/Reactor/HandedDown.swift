import Glibc

/// The descriptors that a service manager hands down, or that the supervisor does in its way: from 3 on, LISTEN_FDS
/// many, with the names of LISTEN_FDNAMES (sd_listen_fds(3)).
package enum HandedDown {
    /// Takes them, once: the variables are gone then. Each is closed on exec. `most`: with more of them LISTEN_FDS is
    /// wrong, and none is taken. A descriptor without a name has an empty one.
    package static func take(most: Int32) -> [(descriptor: Int32, name: String)] {
        defer { for variable in ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"] { unsetenv(variable) } }
        func text(_ variable: String) -> String? { getenv(variable).map { String(cString: $0) } }
        guard text("LISTEN_PID").flatMap({ Int32($0) }) == getpid(),
            let count = text("LISTEN_FDS").flatMap({ Int32($0) }), count > 0, count <= most
        else { return [] }
        let names = (text("LISTEN_FDNAMES") ?? "").split(separator: ":", omittingEmptySubsequences: false)
        return (0..<count).map { index in
            _ = fcntl(3 + index, F_SETFD, FD_CLOEXEC)
            return (3 + index, Int(index) < names.count ? String(names[Int(index)]) : "")
        }
    }
}
