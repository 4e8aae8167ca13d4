package import ArgumentParser
import Base
import Configuration
import ConfigurationFile
import Dashboard
import Glibc
import Reactor
import Watch

/// The command line of megatop. Two programs have it: megatop, which a build makes, and megacomet, which an installed
/// system runs under the name megatop, too.
package struct Megatop: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "megatop",
        abstract: "Shows a MegaComet appliance, and commands its processes.",
        discussion: """
            Examples:
              megatop                        the dashboard; ? shows the keys
              megatop --readonly             only to look
              megatop -b -n 1                one sample as text, for scripts
              megatop -b -n 0 -o json        a line of JSON each second
              megatop --check                for Nagios: exit 0 ok, 1 warning, 2 critical, 3 unknown
              megatop --shot svg > a.svg     a picture of the screen: text, json, html or svg
              megatop --record night.mgtr    and later: megatop --replay night.mgtr --from 3600
              megatop push1 ops@push2        other machines, over ssh: a row each, and all their alerts

            Closing it, killing it or losing its terminal changes nothing: the servers keep running.
            Where standard output is no terminal, or TERM is dumb, it prints one sample and ends.
            """,
        version: Version.text)

    @Argument(help: "Other machines, as ssh knows them: HOST or USER@HOST. Without any, this machine.")
    var hosts: [String] = []
    @Option(
        name: [.customShort("c"), .long], help: "The configuration, as for megacomet.",
        completion: .file(extensions: ["toml"])) var config: String?
    @Option(help: "The folder of the supervisor's socket and token.", completion: .directory) var runDirectory: String?
    @Option(help: "The hub: ADDRESS:PORT.") var stats: String?
    @Flag(help: "Allow no actions.") var readonly = false
    @Flag(help: "Draw bars and histories in ASCII, even if the terminal has more.") var ascii = false
    @Flag(help: "Use no colours (as with NO_COLOR).") var noColor = false
    @Option(name: [.customShort("d"), .long], help: "Seconds between pictures or samples, 0.2 to 60.") var delay:
        Double?
    @Option(
        name: [.customShort("S"), .long], help: "overview, queues, delivery, procs, events or host.",
        completion: .list(Screen.allCases.map { "\($0)" })) var screen: String?
    @Option(name: [.customShort("s"), .long], help: "Sort by this column.") var sort: String?
    @Option(
        name: [.customShort("f"), .long], help: "Show only rows that match: text, !text, state=backoff, conns>100k.")
    var filter = ""
    @Flag(name: [.customShort("b"), .long], help: "Print samples to standard output instead of a screen.") var batch =
        false
    @Option(name: [.customShort("n"), .long], help: "The number of samples. 0 goes on until it is ended.") var count = 1
    @Option(
        name: [.customShort("o"), .long], help: "text, json, csv or prom.",
        completion: .list(["text", "json", "csv", "prom"])) var output = "text"
    @Option(
        help: "Print one picture of the screen: text, json, html or svg.",
        completion: .list(Shot.Format.allCases.map(\.rawValue))) var shot: String?
    @Option(help: "The size of the picture: COLUMNSxLINES.") var size = "120x40"
    @Option(help: "The name of the server in the title, instead of the host's.") var name: String?
    @Flag(help: "Print one line and set the exit code, for Nagios and the like.") var check = false
    @Option(help: "Record all datagrams and answers in this file.", completion: .file()) var record: String?
    @Option(help: "Replay a recording.", completion: .file()) var replay: String?
    @Option(help: "Replay from this second on.") var from = 0.0
    @Option(help: "Replay to this second.") var to: Double?
    @Option(help: "Replay faster by this factor.") var speed = 1.0
    @Option(help: "The megatop of the other machines, with its options, as their shells run it.")
    var remoteCommand = "megatop"
    @Option(help: "The program that reaches the other machines, with its options.") var ssh = "ssh"
    @Flag(help: "Tell another megatop about this machine (it runs this over ssh).") var serve = false
    @Flag(help: "Print the table of metrics.") var listMetrics = false
    @Flag(help: .hidden) var manual = false
    @Flag(help: "Say on leaving how to stop the servers (for make run).") var started = false

    package init() {}

    package func run() throws {
        if listMetrics { return print(Reference.metrics(), terminator: "") }
        if manual { return print(Reference.manual(), terminator: "") }
        try checkHosts()
        var options = try options()
        if serve { return try serve(options) }
        let terminal = getenv("TERM").map { String(cString: $0) } ?? ""
        if isatty(1) == 0 || terminal == "dumb" || terminal.isEmpty { options.isBatch = true }
        // A user who may not ask is told so. Otherwise it would look as if the supervisor did not answer.
        if options.replayPath == nil, hosts.isEmpty, let denied = RunDirectory.denied(options.runDirectory) {
            if options.isCheck { print("UNKNOWN \(denied)") } else { complain("\(denied)") }
            throw ExitCode(options.isCheck ? 3 : PermissionDenied.exitCode)
        }
        let code: Int32
        do {
            if !options.isBatch, !options.isCheck {
                code = try LiveScreen(options).run()
            } else {
                code = options.hosts.count > 1 ? try HostsBatch(options).run() : try Batch(options).run()
            }
        } catch {
            complain("\(error)")
            throw ExitCode(69)
        }
        throw ExitCode(code)
    }

    /// Writes what another megatop reads. The reason why it can't is what ssh shows there.
    private func serve(_ options: Options) throws {
        guard isatty(1) == 0 else { throw ValidationError("--serve speaks to another megatop, and to no terminal") }
        if let denied = RunDirectory.denied(options.runDirectory) {
            complain("\(denied)")
            throw ExitCode(PermissionDenied.exitCode)
        }
        do { throw ExitCode(try Service(options).run()) } catch let code as ExitCode { throw code } catch {
            complain("\(error)")
            throw ExitCode(69)
        }
    }
    private func checkHosts() throws {
        guard !hosts.isEmpty else { return }
        guard hosts.count <= Options.mostHosts else { throw ValidationError("at most \(Options.mostHosts) machines") }
        guard Set(hosts).count == hosts.count else { throw ValidationError("a machine is named twice") }
        for host in hosts where host.hasPrefix("-") || host.utf8.count > 255 || host.utf8.contains(where: { $0 <= 32 })
        {
            throw ValidationError("\"\(plainText(host))\" is no HOST or USER@HOST")
        }
        guard !serve, record == nil, replay == nil, config == nil, stats == nil, runDirectory == nil else {
            throw ValidationError(
                "-c, --run-directory, --stats, --record, --replay and --serve are for this machine only"
            )
        }
        guard !ssh.split(separator: " ").isEmpty else { throw ValidationError("--ssh: a program, such as ssh") }
        if hosts.count > 1, output == "prom" { throw ValidationError("--output prom is for one machine") }
    }

    /// The appliance of this machine, as the configuration has it.
    private func configure(_ options: inout Options) throws {
        let config = ConfigurationFile.path(config)
        if let config, let denied = PermissionDenied(config, R_OK) {
            complain("\(denied)")
            throw ExitCode(PermissionDenied.exitCode)
        }
        switch ConfigurationFile.load(config) {
        case .settings(let settings):
            options.hub = Endpoint(settings.stats.address, UInt16(settings.stats.port))
            options.app = Endpoint(settings.app.address, UInt16(settings.app.port))
            // Without a key that this user may read, the manager refuses, and the screen says so.
            let keys = ConfigurationFile.appKeys(settings, file: config)
            func secret(_ right: AppRights) -> String? {
                keys.key(with: right).map { String(decoding: $0.secret, as: UTF8.self) }
            }
            options.appKey = secret(.read) ?? ""
            options.eventsKey = secret(.events) ?? options.appKey
            options.runDirectory = RunDirectory.find(settings)
            options.policy = Model.Server.Policy(settings.supervisor)
        case .errors(let errors):
            errors.forEach { complain(plainText($0.description)) }
            throw ExitCode(78)
        }
        options.configuration = config
        options.configurationNow = { configurationText(config) }
        if let runDirectory { options.runDirectory = runDirectory }
        if let stats {
            guard let hub = Endpoint(parsing: stats), hub.ip != nil else {
                throw ValidationError("--stats: \"\(stats)\" is not ADDRESS:PORT, as 127.0.0.1:9002 or [::1]:9002")
            }
            options.hub = hub
        }
    }
    private func options() throws -> Options {
        var options = Options()
        options.hosts = hosts
        options.ssh = ssh.split(separator: " ").map(String.init)
        options.remoteCommand = remoteCommand
        if hosts.isEmpty { try configure(&options) }
        guard (0.2...60).contains(delay ?? 1) else { throw ValidationError("--delay: 0.2 to 60 seconds") }
        let shown = screen.map { Screen($0) }
        if case .some(nil) = shown {
            throw ValidationError("--screen: " + Screen.allCases.map { "\($0)" }.joined(separator: ", "))
        }
        guard let format = Options.Format(rawValue: output) else {
            throw ValidationError("--output: text, json, csv or prom")
        }
        options.screen = shown ?? nil
        options.saved = saved()
        if let sort, Columns.named(sort, options.screen ?? .overview) == nil {
            throw ValidationError(
                "--sort: " + Columns.of(options.screen ?? .overview).map(\.id).joined(separator: ", "))
        }
        options.format = format
        options.shot = try pictureFormat()
        options.size = try pictureSize()
        options.name = name
        options.sort = sort
        options.filter = filter
        options.interval = delay
        options.isReadOnly = readonly
        options.isASCII = ascii
        options.hasColour = !noColor && (getenv("NO_COLOR").map { $0.pointee == 0 } ?? true)
        options.isBatch = batch || shot != nil
        options.count = max(0, count)
        options.isCheck = check
        options.recordPath = record
        options.replayPath = replay
        options.replayFrom = max(0, from)
        options.replayTo = to
        options.replaySpeed = speed
        options.saysHowToStop = started
        return options
    }
    private func pictureFormat() throws -> Shot.Format? {
        guard let shot else { return nil }
        guard let format = Shot.Format(rawValue: shot) else { throw ValidationError("--shot: \(Shot.Format.names)") }
        return format
    }
    private func pictureSize() throws -> Size {
        let numbers = size.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard numbers.count == 2, (20...500).contains(numbers[0]), (4...200).contains(numbers[1]) else {
            throw ValidationError("--size: COLUMNSxLINES, 20x4 to 500x200")
        }
        return Size(numbers[0], numbers[1])
    }
    private func saved() -> SavedSettings {
        var saved = SavedSettings(SavedSettings.path)
        guard let path = saved.path, access(path, F_OK) == 0 else {
            saved.takeOverOld()
            return saved
        }
        switch FlatFile.load(path) {
        case .success(let entries):
            saved.entries = entries.map { SavedSettings.Entry(key: $0.key, line: $0.line, value: $0.value) }
        case .failure(let error): saved.failure = error.description
        }
        return saved
    }
    private func complain(_ text: String) { _ = "megatop: \(text)\n".withCString { write(2, $0, strlen($0)) } }
}

/// The values in force with the file as it is now, with masks for keys. The webhook's URL may have a key in its query.
private func configurationText(_ path: String?) -> String {
    switch ConfigurationFile.load(path) {
    case .settings(var settings):
        if let query = settings.app.webhook.firstIndex(of: "?") {
            settings.app.webhook = settings.app.webhook[..<query] + "?***"
        }
        return "# \(path ?? "no file: the defaults")\n" + settings.fileText(comments: false)
    case .errors(let errors): return errors.map { "\($0.description)\n" }.joined()
    }
}
