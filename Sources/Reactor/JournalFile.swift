import Base
import Glibc

/// Why the file of the queue can't be used. The description says where, and what to do.
package struct JournalFileError: Error, CustomStringConvertible {
    package let path: String
    package let reason: String
    /// No permission, and not another trouble.
    package var isDenied = false

    package var description: String { "the queue's file \(path): \(reason)" }
}

/// The file that keeps the queue over a power failure (`queue.journal = "disk"`). Its owner alone can read it, and one
/// manager at a time holds it.
package enum JournalFile {
    package static let name = "queue"

    /// Opens the file, and makes it and its folder if they are not there.
    package static func open(_ folder: String) throws(JournalFileError) -> Int32 {
        let path = folder + "/" + name
        func fail(_ reason: String) -> JournalFileError {
            JournalFileError(path: path, reason: reason, isDenied: errno == EACCES || errno == EPERM)
        }
        func system(_ call: String) -> JournalFileError { fail("\(call): \(String(cString: strerror(errno)))") }
        if mkdir(folder, 0o700) != 0, errno != EEXIST { throw system("mkdir") }
        let file = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else {
            throw errno == ELOOP ? fail("it is a symbolic link, and is not followed") : system("open")
        }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw system("fstat") }
        let isFile = status.st_mode & S_IFMT == S_IFREG
        guard isFile, status.st_uid == geteuid() else {
            close(file)
            throw fail(isFile ? "it belongs to user \(status.st_uid), and not to \(geteuid())" : "it is no file")
        }
        guard status.st_mode & 0o077 == 0 else {
            close(file)
            throw fail("others may read or write it: chmod 600 it")
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw fail("another manager holds it")
        }
        return file
    }
    /// A descriptor by which the file can only be read. `nil` if there is no such file.
    package static func look(_ folder: String) -> Int32? {
        let file = Glibc.open(folder + "/" + name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        return file >= 0 ? file : nil
    }
    /// Sets a file that can't be read aside, under another name. The result is that name.
    package static func setAside(_ folder: String, second: UInt64) -> String {
        let path = folder + "/" + name + ".aside-\(second)"
        return rename(folder + "/" + name, path) == 0 ? path : folder + "/" + name
    }

    /// The id of this boot of the machine, which has a monotonic clock of its own. Zeros if the kernel does not say.
    package static var bootID: [UInt64] {
        let text = (try? Files.text("/proc/sys/kernel/random/boot_id", most: 64)) ?? ""
        let digits = text.filter(\.isHexDigit)
        guard digits.count == 32 else { return [0, 0] }
        return [UInt64(digits.prefix(16), radix: 16) ?? 0, UInt64(digits.suffix(16), radix: 16) ?? 0]
    }
}
