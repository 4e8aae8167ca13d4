import Glibc

/// The folder with the control socket, the stats token and the crash reports.
///
/// The default, /run/megacomet, belongs to root or to a systemd unit. If it can't be written, a private folder of the
/// user takes its place, so that `megacomet run` works from a checkout. A folder that the operator named is never
/// replaced by another.
package enum RunDirectory {
    /// No folder could be used. It is told in one line. The program exits with 73, or with 77 if `isDenied`.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package let description: String
        package let isDenied: Bool
    }

    /// The folders that may be used, the best first.
    package static func candidates(_ settings: Settings) -> [String] {
        let wanted = settings.runDirectory
        return wanted == Settings().runDirectory ? [wanted] + ownFolders : [wanted]
    }
    /// The folders of this user alone. They are used if /run/megacomet can't be.
    private static var ownFolders: [String] {
        (environment("XDG_RUNTIME_DIR").map { [$0 + "/megacomet"] } ?? []) + [
            (environment("TMPDIR") ?? "/tmp") + "/megacomet-\(getuid())"
        ]
    }

    /// The purpose for which a folder is to be trusted.
    package enum Use: Sendable {
        /// A supervisor or a daemon puts its secrets and listeners there.
        case serving
        /// A command looks for a service there. The folder may belong to another user in the service's group.
        case asking
    }
    /// Why a folder that exists must not be used. `nil` if it may be used, or does not exist.
    ///
    /// The owner of a folder can replace its contents, and so can everyone if everyone may write. So it must belong to
    /// us or to root, with two exceptions: root may use the folder of a service's user, and a command may use the
    /// folder of a service whose group it is in. The folders that carry our own name must be ours, since anybody can
    /// make one in /tmp first.
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

    /// Finds the supervisor's folder: the first that exists and can be written, or that can be made.
    package static func prepare(_ settings: Settings) throws(Failure) -> String {
        var failures: [Failure] = []
        for path in candidates(settings) {
            if let failure = make(path) { failures.append(failure) } else { return path }
        }
        throw Failure(
            description: failures.map(\.description).joined(separator: "; "), isDenied: failures.allSatisfy(\.isDenied))
    }

    /// Finds the folder of a supervisor that runs: the first with a control socket. If there is none, it is the
    /// configured folder if this user may not look into it, since a socket may be there (see `denied`). Otherwise it is
    /// the first that could be used.
    package static func find(_ settings: Settings) -> String {
        let all = candidates(settings)
        let found = all.first { access(controlSocket(in: $0), F_OK) == 0 && mistrust($0, .asking) == nil }
        if let found { return found }
        if denied(settings.runDirectory) != nil { return settings.runDirectory }
        return all.first { access($0, W_OK) == 0 } ?? all[all.count - 1]
    }
    package static func controlSocket(in path: String) -> String { path + "/control.sock" }
    /// Why this user may not ask the supervisor of a run directory. `nil` if nothing forbids it. Connecting needs the
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
