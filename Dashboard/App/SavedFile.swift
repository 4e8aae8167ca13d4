import Glibc
import Reactor

/// A file that the operator has asked for: a picture or a report. Only its owner may read it, since it tells of the
/// appliance and its clients. A file that is there is never overwritten.
enum SavedFile {
    /// Makes the file, and returns a sentence about it. Without a path it gets the name in the present folder, and a
    /// number behind it if several are made in a second.
    static func save(_ text: String, path: String?, stem: String, ending: String) -> String {
        let names = (1...9).map { "\(stem)\($0 == 1 ? "" : "-\($0)").\(ending)" }
        var failure = SystemError("open", EEXIST)
        for name in path.map({ [expanded($0)] }) ?? names {
            do throws(SystemError) {
                try Files.create(name, text, mode: 0o600)
                return "saved " + (path == nil ? "\(name) in \(folder)" : name)
            } catch { failure = error }
            guard failure.code == EEXIST else { break }
        }
        let why =
            failure.code == EEXIST
            ? "it is there already, and was left as it is" : String(cString: strerror(failure.code))
        return "not saved: \(path ?? "\(stem).\(ending) in \(folder)"): \(why)"
    }
    private static var folder: String {
        guard let path = getcwd(nil, 0) else { return "a folder that is gone" }
        defer { free(path) }
        return String(cString: path)
    }
    /// `~/` begins a path in the operator's home, as in a shell.
    private static func expanded(_ path: String) -> String {
        guard path.hasPrefix("~/"), let home = getenv("HOME") else { return path }
        return String(cString: home) + path.dropFirst()
    }
}
