import Configuration
import Glibc
import Reactor
import Supervision

/// The files of a run directory.
struct RunFolder {
    let path: String
    var controlSocket: String { RunDirectory.controlSocket(in: path) }
    var lifelineSocket: String { path + "/lifeline.sock" }
    var token: String { path + "/stats.token" }
    var appKey: String { path + "/app.key" }
    var children: String { path + "/children" }
    var day: String { path + "/day" }
    var memory: String { path + "/memory" }
    var crashes: String { path + "/crash" }
    var log: String { path + "/megacomet.log" }
    /// Made by the first supervisor, and never removed.
    var lock: String { path + "/lock" }

    /// One supervisor a folder: the lock is held until the process ends. Nil and the pid of who has it otherwise.
    func takeLock() throws(StartFailure) {
        let descriptor = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw StartFailure(StartFailure.cannotCreate, "\(lock): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let pid = (try? RunFolder.read(lock))?.split(separator: "\n").first ?? "unknown"
            throw StartFailure(StartFailure.unavailable, "a supervisor runs on \(path) already: pid \(pid)")
        }
        ftruncate(descriptor, 0)
        RunFolder.writeAll(descriptor, "\(getpid())\n")
        // Not closed: the lock lives as long as the process.
    }

    /// The pid of the supervisor that holds the lock; nil where none does.
    var holder: Int32? {
        let descriptor = open(lock, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
        return (try? RunFolder.read(lock))?.split(separator: "\n").first.flatMap { Int32($0) }
    }

    /// `most`: bytes; what is over is left out.
    static func read(_ file: String, most: Int = 4 << 20) throws -> String {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open \(file)") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while bytes.count < most {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count <= 0 { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
    /// Whole or not at all: written beside and renamed. A file that says so already is left as it is, and needs no room
    /// on a full disk.
    static func write(_ file: String, _ text: String, mode: mode_t) throws {
        var status = stat()
        if stat(file, &status) == 0, status.st_mode & 0o7777 == mode, (try? read(file)) == text { return }
        let beside = file + ".new"
        unlink(beside)
        let descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw SystemError("open \(beside)") }
        fchmod(descriptor, mode)
        let isWhole = writeAll(descriptor, text)
        close(descriptor)
        guard isWhole, rename(beside, file) == 0 else { throw SystemError("write \(file)") }
    }
    @discardableResult
    static func writeAll(_ descriptor: Int32, _ text: String) -> Bool {
        var text = text
        return text.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) == $0.count }
    }
    static func names(in folder: String) -> [String] {
        guard let opened = opendir(folder) else { return [] }
        defer { closedir(opened) }
        var names: [String] = []
        while let entry = readdir(opened) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
