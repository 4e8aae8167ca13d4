import Base

/// `megacomet doctor`: the limits of the machine, the limits that the configured number of connections needs, and the
/// reasons. The machine's values are handed in, so that the table can be tested; `Doctor.examine(_:read:)` asks for
/// each by its path.
package enum Doctor {
    package struct Check: Sendable {
        /// "net.core.somaxconn", or the name of a limit that is no sysctl.
        package let name: String
        /// The file under /proc with the value. `nil` if the caller reads it in another way.
        package let path: String?
        /// The numbers that are needed, in the order of the file. They are compared one by one.
        package let want: [UInt64]
        package let rule: Rule
        package let why: String
        /// Whether the line belongs in config/sysctl.conf.
        package let isSysctl: Bool
    }
    package enum Rule: Sendable, Equatable {
        case atLeast
        case atMost
        case exactly
        /// Two numbers are the ends of a range: the first may be at most this, the second must be at least this.
        case spans
    }
    /// One check against the machine. It is a line of the table and of the control socket's answer to `doctor`.
    package struct Row: Codable, Equatable, Sendable {
        package let name: String
        /// `nil` if the machine has no such value (another kernel, or the feature is not used). Nothing is wrong with
        /// that.
        package let have: String?
        /// The rule and its numbers: ">= 65535".
        package let want: String
        package let why: String
        /// False if the value will limit or hurt the service.
        package let enough: Bool

        package init(name: String, have: String?, want: String, why: String, enough: Bool) {
            self.name = name
            self.have = have
            self.want = want
            self.why = why
            self.enough = enough
        }
        /// `have` is left out where it is not there, whoever writes it.
        package func encode(to encoder: any Encoder) throws {
            var members = encoder.container(keyedBy: CodingKeys.self)
            try members.encode(name, forKey: .name)
            if let have { try members.encode(have, forKey: .have) }
            try members.encode(want, forKey: .want)
            try members.encode(why, forKey: .why)
            try members.encode(enough, forKey: .enough)
        }
    }

    /// Reads a file under /proc, or a value that has only a name: "nofile".
    package typealias Read = (String) -> String?

    /// The checks, in the order in which a wrong value hurts.
    package static func checks(_ settings: Settings, memoryBytes: UInt64) -> [Check] {
        let connections = UInt64(settings.workers.count) * UInt64(settings.workers.maxConnections)
        let each = UInt64(settings.workers.maxConnections)
        func sysctl(_ name: String, _ want: [UInt64], _ why: String, _ rule: Rule = .atLeast) -> Check {
            Check(name: name, path: "/proc/sys/" + name.replacingDots, want: want, rule: rule, why: why, isSysctl: true)
        }
        // Three sixteenths, a quarter and three eighths of the machine's memory.
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
                why: "a connection takes about 4 KB of kernel memory and 200 bytes of ours: so many can't all be held",
                isSysctl: false),
        ]
    }

    /// The check of local ports, for a proxy that runs on this machine. From one address to another there can be only
    /// as many connections as there are ports for clients. There is no check if the kernel's own range (32768 to 60999)
    /// is enough.
    private static func localPorts(_ settings: Settings) -> [Check] {
        let usual = 28_000
        let proxyIsHere = settings.workers.trustedProxies.contains { IPNetwork($0)?.first.isLoopback == true }
        guard proxyIsHere, settings.workers.maxConnections > usual else { return [] }
        // The range begins above our own ports. Otherwise a client's connection could take one of them while a process
        // is started anew.
        let own = [
            settings.workers.basePort + settings.workers.count, settings.manager.port, settings.app.port,
            settings.stats.port, settings.operator.port, settings.workers.port, settings.tls.port,
            settings.tls.basePort > 0 ? settings.tls.basePort + settings.workers.count : 0,
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

    /// Makes all checks against the machine. `read` gets a path under /proc, or one of the two names "nofile" and
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
            // "unlimited", and numbers that do not fit into 64 bits, count as the greatest number.
            let (have, want) = (UInt64(numbers.0) ?? .max, numbers.1)
            return switch check.rule {
            case .atLeast: have >= want
            case .atMost: have <= want
            case .exactly: have == want
            case .spans: at == 0 ? have <= want : have >= want
            }
        }
    }

    /// The text of a file for /etc/sysctl.d: each value to set, with its reason. Values that are enough on this machine
    /// are left out.
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
            // Setting this value is an error if the netfilter module is not loaded. Nobody has looked, so the line is
            // commented out.
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
