import Glibc

/// A file that this user may not use, though it may well be there: who may. "Permission denied" (EACCES) is another
/// answer than "not there" (ENOENT), and exits with 77 (EX_NOPERM, sysexits.h).
///
/// One place decides this, for the commands and for megatop: the configuration file, the control socket, the crash
/// reports.
package struct PermissionDenied: Error, Equatable, CustomStringConvertible {
    /// EX_NOPERM.
    package static let exitCode: Int32 = 77

    /// `permission denied: /run/megacomet/control.sock is for root and the group megacomet`
    package let description: String

    /// Nil where this user may: or where it is not there, and nothing hides that.
    ///
    /// `mode`: what is to be done with it, as for access(2): R_OK, W_OK, X_OK.
    package init?(_ path: String, _ mode: Int32) {
        guard access(path, mode) != 0, errno == EACCES || errno == EPERM else { return nil }
        description = "permission denied: \(path) is for \(PermissionDenied.allowed(path))"
    }

    /// What refuses is the path itself, where it can be seen, or the folder on the way that this user may not enter.
    private static func allowed(_ path: String) -> String {
        var refusing = path
        var status = stat()
        while stat(refusing, &status) != 0 {
            guard let slash = refusing.lastIndex(of: "/"), slash != refusing.startIndex else { return "root" }
            refusing = String(refusing[..<slash])
        }
        let owner = status.st_uid == 0 ? "root" : "root, the user \(user(status.st_uid))"
        // No group would help with a folder that only its owner enters.
        if status.st_mode & S_IRWXG == 0 {
            return status.st_uid == 0 ? "root alone" : "root and the user \(user(status.st_uid))"
        }
        return owner + " and the group \(group(status.st_gid))"
    }

    /// A group by its name; by its number where it has none.
    package static func group(_ id: UInt32) -> String {
        getgrgid(id).map { String(cString: $0.pointee.gr_name) } ?? "\(id)"
    }
    private static func user(_ id: UInt32) -> String {
        getpwuid(id).map { String(cString: $0.pointee.pw_name) } ?? "\(id)"
    }
}
