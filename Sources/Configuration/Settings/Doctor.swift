/// `megacomet doctor`: what the machine has, what the configured number of connections needs, and why. The values are
/// handed in, so that the table can be tested; `Doctor.examine(_:read:)` asks for each by its path.
package enum Doctor {
    package struct Check: Sendable {
        /// "net.core.somaxconn", or a limit that is no sysctl.
        package let name: String
        /// Where it is read: a file under /proc, or nil for one that the caller reads in another way.
        package let path: String?
        /// What is needed, in one line of the same form; the numbers are compared one by one.
        package let want: [UInt64]
        package let rule: Rule
        package let why: String
        /// Whether the line belongs into config/sysctl.conf.
        package let isSysctl: Bool
    }
    package enum Rule: Sendable, Equatable {
        case atLeast
        case atMost
        case exactly
        /// Two numbers are the ends of a range: the first is at most this, the second at least.
        case spans
    }
    /// One check against the machine: a line of the table, and of the control socket's answer to `doctor`.
    package struct Row: Codable, Equatable, Sendable {
        package let name: String
        /// Nil: it is not there (another kernel, or the machine does not use it), and nothing is wrong with that.
        package let have: String?
        /// The rule and the numbers, ">= 65535".
        package let want: String
        package let why: String
        /// False: it will limit or hurt.
        package let enough: Bool

        package init(name: String, have: String?, want: String, why: String, enough: Bool) {
            self.name = name
            self.have = have
            self.want = want
            self.why = why
            self.enough = enough
        }
    }

    /// Reads a file under /proc, or one of the names without a path: "nofile".
    package typealias Read = (String) -> String?

    /// In the order in which they hurt.
    package static func checks(_ settings: Settings, memoryBytes: UInt64) -> [Check] {
        let connections = UInt64(settings.workers.count) * UInt64(settings.workers.maxConnections)
        let each = UInt64(settings.workers.maxConnections)
        func sysctl(_ name: String, _ want: [UInt64], _ why: String, _ rule: Rule = .atLeast) -> Check {
            Check(name: name, path: "/proc/sys/" + name.replacingDots, want: want, rule: rule, why: why, isSysctl: true)
        }
        // Three sixteenths, a quarter and three eighths of the memory.
        let pages = memoryBytes / 4096
        let tcpMemory = [pages * 3 / 16, pages / 4, pages * 3 / 8]
        return localPorts(settings) + [
            Check(
                name: "open files of a process (LimitNOFILE, ulimit -n)", path: nil, want: [each + 1024],
                rule: .atLeast,
                why:
                    "workers.max_connections \(each) for each worker, and a reserve; with less a worker takes what it "
                    + "can",
                isSysctl: false),
            sysctl("fs.nr_open", [each + 1024], "the most that LimitNOFILE can be"),
            sysctl(
                "fs.file-max", [connections + connections / 20 + 65_536],
                "files of the whole machine: \(connections) connections, and the rest"),
            sysctl(
                "net.core.somaxconn", [65_535],
                "the accept queue: after a crash a worker's clients wait here and none is refused"),
            sysctl("net.ipv4.tcp_max_syn_backlog", [65_536], "half-open connections in a storm"),
            sysctl("net.ipv4.tcp_syncookies", [1], "a flood of connects must not shut clients out", .exactly),
            sysctl("net.core.netdev_max_backlog", [16_384], "packets that wait for a CPU in a storm"),
            sysctl(
                "net.ipv4.tcp_mem", tcpMemory,
                "pages for all queued bytes: idle sockets take almost none, a broadcast to all takes much at once"),
            sysctl(
                "net.ipv4.tcp_rmem", [4096, 16_384, 262_144],
                "a poll is under 2 KB: more only lets a hostile client pin memory", .atMost),
            sysctl(
                "net.ipv4.tcp_wmem", [4096, 16_384, 262_144],
                "messages are small: more only lets slow readers pin memory", .atMost),
            sysctl(
                "net.ipv4.tcp_notsent_lowat", [16_384], "a slow client shows early, before megabytes are queued for it",
                .atMost),
            sysctl("net.ipv4.tcp_fin_timeout", [30], "half-closed connections go sooner", .atMost),
            sysctl("net.ipv4.tcp_max_tw_buckets", [1_048_576], "connections that we closed first wait here"),
            sysctl(
                "net.ipv4.tcp_max_orphans", [262_144], "drains and cuts leave orphans; over the bound they are reset"),
            sysctl("net.core.rmem_max", [4_194_304], "the stats hub asks for a receive buffer of 1 MiB"),
            sysctl(
                "net.netfilter.nf_conntrack_max", [connections * 2],
                "tracked connections: at the bound no new one comes in; better exempt the ports (NOTRACK)"),
            Check(
                name: "fs.epoll.max_user_watches", path: "/proc/sys/fs/epoll/max_user_watches",
                want: [connections + connections / 5], rule: .atLeast,
                why: "one watch a connection; the default is 4 % of memory", isSysctl: true),
            Check(
                name: "memory", path: nil, want: [connections * 4096], rule: .atLeast,
                why: "a connection costs the kernel about 4 KB, and us 200 bytes: this many can't all be held",
                isSysctl: false),
        ]
    }

    /// Where a proxy on this machine has the workers' clients: from one address to another there are as many
    /// connections as there are ports for clients. None where that is enough as it comes (32768 to 60999).
    private static func localPorts(_ settings: Settings) -> [Check] {
        let usual = 28_000
        let proxyIsHere = settings.workers.trustedProxies.contains { Settings.isLoopback($0) }
        guard proxyIsHere, settings.workers.maxConnections > usual else { return [] }
        // Above our own ports, which a client's connection could take while a process is started anew.
        let own = [
            settings.workers.basePort + settings.workers.count, settings.manager.port, settings.app.port,
            settings.stats.port, settings.operator.port,
        ]
        let first = min((own.max() ?? 0) / 1000 * 1000 + 1000, 32_768)
        return [
            Check(
                name: "net.ipv4.ip_local_port_range", path: "/proc/sys/net/ipv4/ip_local_port_range",
                want: [UInt64(first), 65_535], rule: .spans,
                why: "a proxy here has so many connections to a worker from each of its addresses (config/nginx.conf)",
                isSysctl: true)
        ]
    }

    /// All checks against the machine. `read` gets a path under /proc, and for the two that are no files "nofile" and
    /// "memory".
    package static func examine(_ settings: Settings, memoryBytes: UInt64, read: Read) -> [Row] {
        checks(settings, memoryBytes: memoryBytes).map { check in
            let sign =
                switch check.rule {
                case .atLeast: ">= "
                case .atMost: "<= "
                case .exactly: ""
                case .spans: "spans "
                }
            let have = read(check.path ?? (check.name == "memory" ? "memory" : "nofile"))?
                .split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\n" }).map(String.init)
            return Row(
                name: check.name, have: have?.joined(separator: " "),
                want: sign + check.want.map(String.init).joined(separator: " "), why: check.why,
                enough: have.map { fits($0, check) } ?? true)
        }
    }

    private static func fits(_ have: [String], _ check: Check) -> Bool {
        zip(have, check.want).enumerated().allSatisfy { at, numbers in
            // "unlimited", and numbers over 64 bits, are more than anything.
            let (have, want) = (UInt64(numbers.0) ?? .max, numbers.1)
            return switch check.rule {
            case .atLeast: have >= want
            case .atMost: have <= want
            case .exactly: have == want
            case .spans: at == 0 ? have <= want : have >= want
            }
        }
    }

    /// A file for /etc/sysctl.d: what to set, each with why. Where the machine has more already, that is left as it is.
    package static func sysctlFile(_ settings: Settings, memoryBytes: UInt64, read: Read? = nil) -> String {
        let connections = settings.workers.count * settings.workers.maxConnections
        var text =
            "# MegaComet: kernel settings for \(settings.workers.count) workers with \(settings.workers.maxConnections)"
            + " connections each, \(connections) in all.\n"
        text += "# From `megacomet doctor --sysctl`. For /etc/sysctl.d/60-megacomet.conf; then: sysctl --system\n"
        let rows = read.map { examine(settings, memoryBytes: memoryBytes, read: $0) }
        for (at, check) in checks(settings, memoryBytes: memoryBytes).enumerated() where check.isSysctl {
            if let row = rows?[at], row.enough { continue }
            text += "\n# \(check.why)\n"
            // Without it the module is not loaded, and setting it would be an error.
            let mark = check.name.hasPrefix("net.netfilter.") && rows == nil ? "#" : ""
            text += "\(mark)\(check.name) = \(check.want.map(String.init).joined(separator: " "))\n"
        }
        return text
    }
}

extension String {
    /// "net.core.somaxconn" as a path under /proc/sys.
    fileprivate var replacingDots: String { String(map { $0 == "." ? "/" : $0 }) }
}
