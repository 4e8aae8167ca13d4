import FreePorts
import Glibc
import TestSupport

/// A real sshd on a free port, with keys of its own. It serves this user under the name `tester`, with /bin/sh: the
/// user of the tests may be one that may not log in (nss_wrapper's passwd file).
final class SecureShell {
    let folder: Folder
    private let port: Int
    private var program: Program?
    private var authorized = ""

    init() throws {
        folder = try Folder()
        port = try Ports.free()
        let path = folder.path
        try key("host")
        _ = try folder.write(
            "sshd_config",
            """
            Port \(port)
            ListenAddress 127.0.0.1
            HostKey \(path)/host
            PidFile none
            UsePAM no
            StrictModes no
            AuthorizedKeysFile \(path)/authorized
            PasswordAuthentication no
            KbdInteractiveAuthentication no

            """)
        _ = try folder.write(
            "passwd",
            "tester:x:\(getuid()):\(getgid())::\(path):/bin/sh\nsshd:x:65533:65533::/nonexistent:/usr/sbin/nologin\n")
        _ = try folder.write("group", "tester:x:\(getgid()):\nsshd:x:65533:\n")
        _ = try folder.write(
            "ssh_config",
            """
            Host closed
            HostName 127.0.0.1
            Port \(try Ports.free())
            Host *
            HostName 127.0.0.1
            Port \(port)
            User tester
            IdentityFile \(path)/%n
            IdentitiesOnly yes
            StrictHostKeyChecking no
            UserKnownHostsFile /dev/null
            LogLevel ERROR

            """)
        try start()
    }
    deinit { program?.kill() }

    /// The program that megatop runs as ssh.
    var client: String { "ssh -F \(folder.path)/ssh_config" }

    /// Lets this name in. With a command its key can run nothing else.
    func admit(_ name: String, only command: String? = nil) throws {
        try key(name)
        let limit = command.map { "restrict,command=\"\($0)\" " } ?? ""
        authorized += limit + contents(ofFile: "\(folder.path)/\(name).pub")
        _ = try folder.write("authorized", authorized)
    }
    /// Takes the key away, or gives it back. A connection that is open goes on.
    func setKey(_ name: String, isThere: Bool) {
        let path = "\(folder.path)/\(name)"
        rename(isThere ? path + ".away" : path, isThere ? path : path + ".away")
    }
    private func key(_ name: String) throws {
        try run(
            tool: ["/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(folder.path)/\(name)"],
            environment: [:], in: folder)
    }

    private func start() throws {
        // sshd as root wants this folder, which a service manager makes elsewhere.
        if getuid() == 0 { mkdir("/run/sshd", 0o755) }
        program = try Program(
            "/usr/sbin/sshd", ["-D", "-e", "-f", "\(folder.path)/sshd_config"], in: folder,
            environment: [
                "LD_PRELOAD": "libnss_wrapper.so", "NSS_WRAPPER_PASSWD": "\(folder.path)/passwd",
                "NSS_WRAPPER_GROUP": "\(folder.path)/group",
            ])
        try eventually("sshd listens") {
            guard program?.isRunning == true else { throw Failure("sshd ended: \(program?.output ?? "")") }
            return (try? Socket(port: port)) != nil
        }
    }
    /// The pids of the ssh clients that reach this name.
    func clients(_ name: String) -> [Int32] {
        Processes.mentioning("\(folder.path)/ssh_config").filter { pid in
            let words = contents(ofFile: "/proc/\(pid)/cmdline").split(separator: "\0")
            return words.first == "ssh" || words.first?.hasSuffix("/ssh") == true
                ? words.contains(Substring(name)) : false
        }
    }
    /// The pids of the programs that serve this configuration to a megatop.
    func servers(_ configuration: String) -> [Int32] {
        Processes.mentioning(configuration).filter {
            contents(ofFile: "/proc/\($0)/comm").hasPrefix("megatop")
                && contents(ofFile: "/proc/\($0)/cmdline").split(separator: "\0").contains("--serve")
        }
    }
}
