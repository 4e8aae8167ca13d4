import Glibc

/// Where the control socket, the stats token and the crash reports lie.
///
/// The default, /run/megacomet, belongs to root or to a systemd unit. Where it can't be written, a private folder of the user takes its
/// place, so that `megacomet run` works from a checkout; a folder that the operator named himself is never replaced by another.
package enum RunDirectory {
    /// A folder that could not be had: one line; exit 73, or 77 where `isDenied`.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package let description: String
        package let isDenied: Bool
    }

    /// Where it may be, best first.
    package static func candidates(_ settings: Settings) -> [String] {
        let wanted = settings.runDirectory
        guard wanted == Settings().runDirectory else { return [wanted] }
        var result = [wanted]
        if let runtime = environment("XDG_RUNTIME_DIR") { result.append(runtime + "/megacomet") }
        result.append((environment("TMPDIR") ?? "/tmp") + "/megacomet-\(getuid())")
        return result
    }

    /// For the supervisor: the first that is there and writable, or can be made.
    package static func prepare(_ settings: Settings) throws(Failure) -> String {
        var failures: [Failure] = []
        for path in candidates(settings) {
            if let failure = make(path) { failures.append(failure) } else { return path }
        }
        throw Failure(description: failures.map(\.description).joined(separator: "; "), isDenied: failures.allSatisfy(\.isDenied))
    }

    /// For those who look for a supervisor: the first with a control socket; where there is none, the first that could be its.
    package static func find(_ settings: Settings) -> String {
        let all = candidates(settings)
        return all.first { access($0 + "/control.sock", F_OK) == 0 } ?? all.first { access($0, W_OK) == 0 } ?? all[all.count - 1]
    }

    private static func make(_ path: String) -> Failure? {
        func failed(_ why: String, denied: Bool) -> Failure { Failure(description: "run_directory \(path): \(why)", isDenied: denied) }
        if mkdir(path, 0o750) != 0, errno != EEXIST {
            let code = errno
            return failed(String(cString: strerror(code)), denied: code == EACCES || code == EPERM || code == EROFS)
        }
        var status = stat()
        guard lstat(path, &status) == 0 else { return failed(String(cString: strerror(errno)), denied: false) }
        guard status.st_mode & S_IFMT == S_IFDIR else { return failed("not a folder", denied: false) }
        // A folder in /tmp that someone else made first is theirs to read.
        guard status.st_uid == getuid() || getuid() == 0 || access(path, W_OK) == 0 else { return failed("not writable", denied: true) }
        guard status.st_mode & S_IWOTH == 0 else { return failed("writable by everyone", denied: true) }
        guard access(path, W_OK | X_OK) == 0 else { return failed(String(cString: strerror(errno)), denied: true) }
        return nil
    }

    private static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee == 47 else { return nil }
        return String(cString: value)
    }
}
