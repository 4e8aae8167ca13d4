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
    var webhookKey: String { path + "/webhook.key" }
    var redis: String { path + "/redis" }
    var children: String { path + "/children" }
    var day: String { path + "/day" }
    var memory: String { path + "/memory" }
    var crashes: String { path + "/crash" }
    var log: String { path + "/megacomet.log" }
    /// The first supervisor makes it, and nobody removes it.
    var lock: String { path + "/lock" }

    /// Takes the lock, since a folder has one supervisor. It is held until the process ends. The failure names the pid
    /// of the holder.
    func takeLock() throws(StartFailure) {
        let descriptor = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw StartFailure(StartFailure.cannotCreate, "\(lock): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let pid = (try? Files.text(lock))?.split(separator: "\n").first ?? "unknown"
            throw StartFailure(StartFailure.unavailable, "a supervisor runs on \(path) already: pid \(pid)")
        }
        ftruncate(descriptor, 0)
        Files.writeAll(descriptor, "\(getpid())\n")
        // The descriptor is not closed: the lock lives as long as the process.
    }

    /// The pid of the supervisor that holds the lock. `nil` if nobody holds it.
    var holder: Int32? {
        let descriptor = open(lock, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
        return (try? Files.text(lock))?.split(separator: "\n").first.flatMap { Int32($0) }
    }
}
