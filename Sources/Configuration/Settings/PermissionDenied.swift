import Glibc

/// A file that this user may not use, and who may use it. The file may well be there: "permission denied" (EACCES) is
/// another answer than "not there" (ENOENT). Programs exit with 77 (EX_NOPERM, sysexits.h).
///
/// All commands and megatop decide it here, for the configuration file, the control socket and the crash reports.
package struct PermissionDenied: Error, Equatable, CustomStringConvertible {
    /// EX_NOPERM of sysexits.h.
    package static let exitCode: Int32 = 77

    /// `permission denied: /run/megacomet/control.sock is for root and the group megacomet`
    package let description: String

    /// `nil` if this user may use the file, or if it can be seen that the file is not there.
    ///
    /// `mode` says how it is to be used, as for access(2): R_OK, W_OK, X_OK.
    package init?(_ path: String, _ mode: Int32) {
        guard access(path, mode) != 0, errno == EACCES || errno == EPERM else { return nil }
        description = "permission denied: \(path) is for \(PermissionDenied.allowed(path))"
    }

    /// The users and group that may use the path. If the path can't be seen, the folder that this user may not enter
    /// decides.
    private static func allowed(_ path: String) -> String {
        var refusing = path
        var status = stat()
        while stat(refusing, &status) != 0 {
            guard let slash = refusing.lastIndex(of: "/"), slash != refusing.startIndex else { return "root" }
            refusing = String(refusing[..<slash])
        }
        let owner = status.st_uid == 0 ? "root" : "root, the user \(user(status.st_uid))"
        // If only its owner may enter the folder, being in a group does not help.
        if status.st_mode & S_IRWXG == 0 {
            return status.st_uid == 0 ? "root alone" : "root and the user \(user(status.st_uid))"
        }
        return owner + " and the group \(group(status.st_gid))"
    }

    /// The name of a group, or its number if it has no name.
    package static func group(_ id: UInt32) -> String {
        getgrgid(id).map { String(cString: $0.pointee.gr_name) } ?? "\(id)"
    }
    private static func user(_ id: UInt32) -> String {
        getpwuid(id).map { String(cString: $0.pointee.pw_name) } ?? "\(id)"
    }
}
