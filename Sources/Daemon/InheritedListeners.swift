import Glibc

/// The listeners that the supervisor (or systemd) handed down: descriptors from 3 on, LISTEN_FDS many, named by LISTEN_FDNAMES
/// (sd_listen_fds(3)).
struct InheritedListeners {
    private let descriptors: [String: Int32]

    init() {
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
        guard variable("LISTEN_PID").flatMap({ Int32($0) }) == getpid(), let count = variable("LISTEN_FDS").flatMap({ Int32($0) }), count > 0, count < 100
        else {
            descriptors = [:]
            return
        }
        let names = (variable("LISTEN_FDNAMES") ?? "").split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        var found: [String: Int32] = [:]
        for number in 0..<count {
            _ = fcntl(3 + number, F_SETFD, FD_CLOEXEC)
            found[Int(number) < names.count ? names[Int(number)] : "unknown"] = 3 + number
        }
        descriptors = found
    }

    func take(_ name: String) -> Int32? { descriptors[name] }
}
