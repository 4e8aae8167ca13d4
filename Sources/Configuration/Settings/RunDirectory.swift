import Glibc

/// Where the control socket, the stats token and the crash reports lie.
///
/// The default, /run/megacomet, belongs to root or to a systemd unit. Where it can't be written, a private folder of
/// the user takes its place, so that `megacomet run` works from a checkout; a folder that the operator named himself is
/// never replaced by another.
package enum RunDirectory {
    /// A folder that could not be had: one line; exit 73, or 77 where `isDenied`.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package let description: String
        package let isDenied: Bool
    }

    /// Where it may be, best first.
    package static func candidates(_ settings: Settings) -> [String] {
        let wanted = settings.runDirectory
        return wanted == Settings().runDirectory ? [wanted] + ownFolders : [wanted]
    }
    /// Those of this user alone, where /run/megacomet can't be had.
    private static var ownFolders: [String] {
        (environment("XDG_RUNTIME_DIR").map { [$0 + "/megacomet"] } ?? []) + [
            (environment("TMPDIR") ?? "/tmp") + "/megacomet-\(getuid())"
        ]
    }

    /// Who asks whether a folder is to be trusted.
    package enum Use: Sendable {
        /// A supervisor or a daemon: its secrets and listeners go there.
        case serving
        /// A command: it may be that of another user, in the group of the service.
        case asking
    }
    /// Why a folder that is there is not to be used; nil: it may be, or there is none.
    ///
    /// Its owner can replace what is in it, and so can everyone where everyone may write. It must be ours or root's.
    /// Root may use the folder of a service's user, and a command that of the service whose group it is in; but the
    /// folders that carry our own name are ours or nobody's, since in /tmp anybody can make one first.
    package static func mistrust(_ path: String, _ use: Use) -> Failure? {
        func failed(_ why: String) -> Failure { Failure(description: "run_directory \(path): \(why)", isDenied: true) }
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            return Failure(description: failed("not a folder").description, isDenied: false)
        }
        let isOurs = status.st_uid == getuid() || status.st_uid == 0
        guard isOurs || !ownFolders.contains(path) && (use == .asking || getuid() == 0) else {
            return failed("belongs to another user (\(status.st_uid))")
        }
        guard status.st_mode & S_IWOTH == 0 else { return failed("writable by everyone") }
        return nil
    }

    /// For the supervisor: the first that is there and writable, or can be made.
    package static func prepare(_ settings: Settings) throws(Failure) -> String {
        var failures: [Failure] = []
        for path in candidates(settings) {
            if let failure = make(path) { failures.append(failure) } else { return path }
        }
        throw Failure(
            description: failures.map(\.description).joined(separator: "; "), isDenied: failures.allSatisfy(\.isDenied))
    }

    /// For those who look for a supervisor: the first with a control socket; where there is none, the configured one,
    /// if this user may not look into it, since one may be there (see `denied`); and then the first that could be its.
    package static func find(_ settings: Settings) -> String {
        let all = candidates(settings)
        let found = all.first { access(controlSocket(in: $0), F_OK) == 0 && mistrust($0, .asking) == nil }
        if let found { return found }
        if denied(settings.runDirectory) != nil { return settings.runDirectory }
        return all.first { access($0, W_OK) == 0 } ?? all[all.count - 1]
    }
    package static func controlSocket(in path: String) -> String { path + "/control.sock" }
    /// Why this user may not ask the supervisor of a run directory; nil where nothing forbids it. Connecting needs the
    /// right to write (unix(7)).
    package static func denied(_ path: String) -> PermissionDenied? { PermissionDenied(controlSocket(in: path), W_OK) }

    private static func make(_ path: String) -> Failure? {
        func failed(_ why: String, denied: Bool) -> Failure {
            Failure(description: "run_directory \(path): \(why)", isDenied: denied)
        }
        if mkdir(path, 0o750) != 0, errno != EEXIST {
            let code = errno
            return failed(String(cString: strerror(code)), denied: code == EACCES || code == EPERM || code == EROFS)
        }
        if let failure = mistrust(path, .serving) { return failure }
        guard access(path, W_OK) == 0 else { return failed("not writable", denied: true) }
        guard access(path, X_OK) == 0 else { return failed(String(cString: strerror(errno)), denied: true) }
        return nil
    }

    private static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee == 47 else { return nil }
        return String(cString: value)
    }
}
