import Base

/// The command line of a daemon. All its settings are `--name value`, so that `ps` shows them and a daemon can be run
/// by hand.
///
/// `arguments` writes what `parse` reads. The flags of settings come from the table; those of the process itself are in
/// this file.
package struct DaemonArguments: Equatable, Sendable {
    package enum Role: String, Sendable {
        case worker = "megaworker"
        case manager = "megamanager"
        case webhook = "megahook"
    }
    package let role: Role
    /// The worker's number, from 0 on. The others have 0.
    package var number = 0
    /// How many processes of this name the supervisor has started, including this one. It is 1 if started by hand.
    package var generation = 1
    /// The worker's port if it has no inherited listener: base_port + number unless another was given.
    package var port: Int
    /// The worker's port for clients over TLS: tls.base_port + number. 0 if it has none of its own.
    package var tlsPort: Int { settings.tls.basePort > 0 ? settings.tls.basePort + number : 0 }
    /// The file with the app key. The manager reads it once, at its start.
    package var appKeyFile: String?
    /// The file with the key of the webhook. The webhook reads it at its start and at a reload.
    package var webhookKeyFile: String?
    /// The file with `cluster.redis`, which may have a password in it. The manager reads it once, at its start.
    package var redisFile: String?
    package var settings: Settings

    package init(
        _ role: Role, number: Int = 0, generation: Int = 1, appKeyFile: String? = nil, webhookKeyFile: String? = nil,
        redisFile: String? = nil, settings: Settings
    ) {
        self.role = role
        self.number = number
        self.generation = generation
        self.appKeyFile = appKeyFile
        self.webhookKeyFile = webhookKeyFile
        self.redisFile = redisFile
        self.settings = settings
        port = settings.workers.basePort + number
    }

    /// "worker-3", "manager" or "webhook": the name in files, commands and JSON.
    package var name: String {
        switch role {
        case .worker: "worker-\(number)"
        case .manager: "manager"
        case .webhook: "webhook"
        }
    }

    /// A mistake on the command line, told in one line. The program exits with 64.
    package struct Mistake: Error, Equatable, CustomStringConvertible { package let description: String }

    package enum Parsed: Equatable, Sendable {
        case run(DaemonArguments)
        case help
        case version
    }

    /// `list` is the command line without the program's name.
    package static func parse(_ role: Role, _ list: [String]) throws(Mistake) -> Parsed {
        var result = DaemonArguments(role, settings: Settings())
        var wasGivenPort = false
        var seen: Set<String> = []
        var rest = list[...]
        while let word = rest.popFirst() {
            if word == "--help" || word == "-h" { return .help }
            if word == "--version" { return .version }
            guard word.hasPrefix("--") else {
                throw Mistake(description: "unexpected \"\(word)\": arguments are --name value; see --help")
            }
            let pieces = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init)
            let name = pieces[0]
            guard let flag = flags(role).first(where: { $0.name == name }) else {
                let near =
                    nearest(name, of: flags(role).map(\.name)).map { ", did you mean --\($0)?" } ?? "; see --help"
                throw Mistake(description: "unknown --\(name)\(near)")
            }
            guard seen.insert(name).inserted else { throw Mistake(description: "--\(name) twice") }
            guard let value = pieces.count == 2 ? pieces[1] : rest.popFirst() else {
                throw Mistake(description: "--\(name) needs a value: \(flag.placeholder)")
            }
            do {
                try flag.read(&result, value)
            } catch {
                throw Mistake(description: "--\(name): \(error)")
            }
            if name == "port", role == .worker { wasGivenPort = true }
        }
        if !wasGivenPort { result.port = result.settings.workers.basePort + result.number }
        if role == .worker, result.number >= result.settings.workers.count {
            if seen.contains("workers") {
                throw Mistake(
                    description: "--number: \(result.number) is not below --workers \(result.settings.workers.count)")
            }
            result.settings.workers.count = result.number + 1
        }
        if role == .manager, !Settings.isLoopback(result.settings.app.address), result.appKeyFile == nil {
            throw Mistake(
                description:
                    "--app-address: \(result.settings.app.address) is not loopback, so --app-key-file is needed: "
                    + "anyone who reaches it could publish"
            )
        }
        if result.redisFile != nil, result.settings.cluster.name.isEmpty {
            throw Mistake(description: "--node is needed with --redis-file: the name of this machine")
        }
        if role == .webhook, !result.settings.app.hasWebhook {
            throw Mistake(description: "--webhook is needed: the URL to which events are posted")
        }
        return .run(result)
    }

    /// The arguments with which the supervisor starts the program.
    package var arguments: [String] {
        DaemonArguments.flags(role).flatMap { flag in flag.write(self).map { ["--" + flag.name, $0] } ?? [] }
    }

    package static func help(_ role: Role) -> String {
        var text =
            "\(role.rawValue): \(role.about)\n\n`megacomet run` starts it with all of these; each may be left out:\n\n"
        for flag in flags(role) {
            let left = "  --\(flag.name) \(flag.placeholder)"
            text += (left + "  ").leftAligned(32) + flag.meaning + "\n"
        }
        let listens = role != .webhook
        let inherits =
            "Listeners are inherited as systemd hands them down (LISTEN_FDS), else bound from these arguments.\n"
        text += """
              --help, --version

            \(listens ? inherits : "")Signals: TERM drains and ends; a second TERM, or INT, ends at once.
            Exit codes: 0 ended as asked, 64 bad arguments, \(listens ? "69 port taken, " : "")71 the system refused, \
            77 no permission.

            """
        return text
    }
}

extension DaemonArguments.Role {
    /// The purpose of the program, with an example.
    fileprivate var about: String {
        switch self {
        case .worker:
            "holds the clients' long-polls and hands them what the manager sends.\n\nExample: megaworker --number 0 "
                + "--port 8000 --manager 127.0.0.1:9000"
        case .manager:
            "knows which client is on which worker, keeps messages for the absent, and takes the app's "
                + "JSON.\n\nExample: megamanager --port 9000 --app-port 9001"
        case .webhook:
            "posts the manager's events to a URL of the app.\n\nExample: megahook --app 127.0.0.1:9001 --webhook "
                + "http://127.0.0.1:8080/megacomet"
        }
    }
}
