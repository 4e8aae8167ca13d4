import Glibc

/// The descriptors that a service manager hands down, or the supervisor in the same way. They begin at 3. LISTEN_FDS is
/// their number, and LISTEN_FDNAMES has their names (sd_listen_fds(3)).
package enum HandedDown {
    /// Takes the descriptors, once: it removes the variables. Each is closed on exec. If LISTEN_FDS is over `most`, it
    /// is wrong, and none is taken. A descriptor without a name has an empty one.
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
