import ConfigurationFile
import Glibc
import Reactor
import Supervision

// The commands use these functions if no supervisor answers.
extension RunFolder {
    /// The number of processes that serve on after their supervisor has died.
    var orphans: Int { daemons.count }
    /// The living daemons of this folder, by the kernel's account: their command line names folder, number and
    /// generation. Anyone can start a process with such a command line, so only processes of this user count. If root
    /// asks, those of the user who made the lock count.
    var daemons: [(pid: Int32, name: ProcessName, generation: Int)] {
        var status = stat()
        let maker = getuid() == 0 && stat(lock, &status) == 0 ? status.st_uid : getuid()
        return Files.names(in: "/proc").compactMap { entry in
            guard let pid = Int32(entry), let user = ProcessTable.user(pid), user == getuid() || user == maker,
                let text = try? Files.text("/proc/\(pid)/cmdline")
            else { return nil }
            let words = text.split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
            func value(_ flag: String) -> String? {
                words.firstIndex(of: flag).flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
            }
            let program = words[0].split(separator: "/").last ?? ""
            guard let name = ProcessName(program: program, number: value("--number")), value("--run-directory") == path,
                let generation = value("--generation").flatMap({ Int32($0) }), ProcessTable.startTime(pid) != nil
            else { return nil }
            return (pid, name, Int(generation))
        }
    }
    /// The folder of the supervisor that was started with this configuration file, if the file itself does not name it
    /// any more. By the kernel's account, that supervisor has the folder's lock open. Only this user's supervisors
    /// count, or anyone's if root asks.
    static func ofSupervisor(startedWith file: String) -> String? {
        func identity(_ path: String) -> (dev_t, ino_t)? {
            var status = stat()
            return stat(path, &status) == 0 ? (status.st_dev, status.st_ino) : nil
        }
        guard let wanted = identity(file) else { return nil }
        for pid in Files.names(in: "/proc").compactMap({ Int32($0) }) {
            let words = ((try? Files.text("/proc/\(pid)/cmdline")) ?? "").split(
                separator: "\0", omittingEmptySubsequences: false
            ).map(String.init)
            guard words[0].split(separator: "/").last == "megacomet", words.contains("run") else { continue }
            let flag = words.firstIndex { $0 == "-c" || $0 == "--config" }
            let named = flag.flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil } ?? ConfigurationFile.standard
            guard let own = identity(named.hasPrefix("/") ? named : "/proc/\(pid)/cwd/\(named)"), own == wanted else {
                continue
            }
            for name in Files.names(in: "/proc/\(pid)/fd") {
                let target = Files.target(of: "/proc/\(pid)/fd/\(name)")
                if target.hasSuffix("/lock") { return String(target.dropLast(5)) }
            }
        }
        return nil
    }
    var death: String {
        "no supervisor runs; the last one died, "
            + (orphans == 0
                ? "and none of its processes lives"
                : "\(orphans) of its processes serve on (`megacomet start` adopts them)")
    }
}
