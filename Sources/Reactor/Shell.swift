import Glibc

/// Commands that a person can paste into a shell, in any folder.
package enum Shell {
    /// The word itself if the shell takes it as it is, otherwise the word in single quotes (POSIX.1-2017, Shell Command
    /// Language, 2.2.2).
    package static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                case UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: ":"),
                    UInt8(ascii: "+"):
                    true
                default: false
                }
            }
        return isPlain
            ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
    /// A program of the given folder: its name if the shell finds one of that name, otherwise its path.
    package static func typed(_ program: String, in folder: String) -> String {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let isFound = path.split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
        return isFound ? program : quoted(folder + "/" + program)
    }
    /// The option that names this configuration from any folder. It is empty if there is no file.
    package static func option(configuration file: String?) -> String {
        guard let file else { return "" }
        let absolute = realpath(file, nil)
        defer { free(absolute) }
        return " -c " + quoted(absolute.map { String(cString: $0) } ?? file)
    }
}

package enum StandardError {
    /// Whether standard error leads to systemd's journal. Programs of a desktop inherit JOURNAL_STREAM from their
    /// session. So the variable counts only if it names the very file, by device and inode (systemd.exec(5)).
    package static let isJournal: Bool = {
        guard let variable = getenv("JOURNAL_STREAM") else { return false }
        var status = stat()
        return fstat(2, &status) == 0 && String(cString: variable) == "\(status.st_dev):\(status.st_ino)"
    }()
}
