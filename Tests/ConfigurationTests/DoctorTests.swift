import Configuration
import Testing

@Suite struct DoctorTests {
    /// The values of a stock Debian 12 with 16 GiB.
    private static let stock: [String: String] = [
        "nofile": "524288", "memory": "17179869184", "/proc/sys/fs/nr_open": "1048576\n",
        "/proc/sys/fs/file-max": "9223372036854775807\n",
        "/proc/sys/net/core/somaxconn": "4096", "/proc/sys/net/ipv4/tcp_max_syn_backlog": "2048",
        "/proc/sys/net/ipv4/tcp_syncookies": "1",
        "/proc/sys/net/core/netdev_max_backlog": "1000", "/proc/sys/net/ipv4/tcp_mem": "189000\t252000\t378000\n",
        "/proc/sys/net/ipv4/tcp_rmem": "4096\t131072\t6291456\n",
        "/proc/sys/net/ipv4/tcp_wmem": "4096\t16384\t4194304\n",
        "/proc/sys/net/ipv4/tcp_notsent_lowat": "4294967295", "/proc/sys/net/ipv4/tcp_fin_timeout": "60",
        "/proc/sys/net/ipv4/tcp_max_tw_buckets": "65536",
        "/proc/sys/net/ipv4/tcp_max_orphans": "65536", "/proc/sys/net/core/rmem_max": "212992",
        "/proc/sys/fs/epoll/max_user_watches": "3600000",
    ]
    private static let memory: UInt64 = 17_179_869_184

    @Test func stockDebian_namesWhatDiffers() {
        let rows = Doctor.examine(Settings(), memoryBytes: Self.memory) { Self.stock[$0] }
        #expect(
            rows.filter { !$0.enough }.map(\.name) == [
                "net.core.somaxconn", "net.ipv4.tcp_max_syn_backlog", "net.core.netdev_max_backlog", "net.ipv4.tcp_mem",
                "net.ipv4.tcp_rmem",
                "net.ipv4.tcp_wmem", "net.ipv4.tcp_notsent_lowat", "net.ipv4.tcp_fin_timeout",
                "net.ipv4.tcp_max_tw_buckets", "net.ipv4.tcp_max_orphans",
                "net.core.rmem_max",
            ])
        #expect(rows.filter { $0.have == nil }.map(\.name) == ["net.netfilter.nf_conntrack_max"])
        #expect(rows.first { $0.name == "net.ipv4.tcp_rmem" }?.have == "4096 131072 6291456")
        #expect(rows.first { $0.name == "net.ipv4.tcp_rmem" }?.want == "<= 4096 16384 262144")
    }

    @Test func conntrackAndDescriptors_thatAreTooFew_areNamed() {
        var machine = Self.stock
        machine["/proc/sys/net/netfilter/nf_conntrack_max"] = "262144"
        machine["nofile"] = "20000"
        let low = Doctor.examine(Settings(), memoryBytes: Self.memory) { machine[$0] }.filter { !$0.enough }.map(\.name)
        #expect(
            low.contains("net.netfilter.nf_conntrack_max")
                && low.contains("open files of a process (LimitNOFILE, ulimit -n)"))
    }

    /// From one address to another there can be only as many connections as the range has ports.
    @Test func aProxyOnThisMachine_needsPorts() {
        var settings = Settings()
        var machine = Self.stock
        machine["/proc/sys/net/ipv4/ip_local_port_range"] = "32768\t60999\n"
        func row() -> Doctor.Row? {
            let rows = Doctor.examine(settings, memoryBytes: Self.memory) { machine[$0] }
            return rows.first { $0.name == "net.ipv4.ip_local_port_range" }
        }
        #expect(row() == nil, "no proxy here")
        settings.workers.trustedProxies = ["10.0.0.1"]
        #expect(row() == nil, "it is elsewhere")
        settings.workers.trustedProxies = ["10.0.0.1", "127.0.0.0/8"]
        #expect(row()?.have == "32768 60999" && row()?.want == "spans 10000 65535" && row()?.enough == false)
        let file = Doctor.sysctlFile(settings, memoryBytes: Self.memory) { machine[$0] }
        #expect(file.contains("\nnet.ipv4.ip_local_port_range = 10000 65535\n"))
        let ranges = ["10000 65535": true, "1024 65535": true, "10000 60999": false, "32768 65535": false]
        for (range, enough) in ranges {
            machine["/proc/sys/net/ipv4/ip_local_port_range"] = range
            #expect(row()?.enough == enough, "\(range)")
        }
        settings.workers.basePort = 20_500
        #expect(row()?.want == "spans 21000 65535", "not among our own")
        settings.workers.maxConnections = 20_000
        #expect(row() == nil, "the usual range has as many")
    }

    @Test func theSysctlFile_mendsWhatItNames() {
        let file = Doctor.sysctlFile(Settings(), memoryBytes: Self.memory) { Self.stock[$0] }
        var mended = Self.stock
        for line in file.split(separator: "\n") where !line.hasPrefix("#") && line.contains(" = ") {
            let pieces = line.split(separator: "=")
            mended["/proc/sys/" + pieces[0].dropLast().map { $0 == "." ? "/" : String($0) }.joined()] = String(
                pieces[1].dropFirst())
        }
        #expect(Doctor.examine(Settings(), memoryBytes: Self.memory) { mended[$0] }.allSatisfy { $0.enough })
        #expect(Doctor.sysctlFile(Settings(), memoryBytes: Self.memory).contains("\nnet.core.somaxconn = 65535\n"))
    }
}
