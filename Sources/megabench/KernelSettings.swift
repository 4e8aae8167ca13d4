import Glibc

/// A kernel setting that so many connections need, with both ends on one machine: its value, the value it should have,
/// and the reason.
struct KernelSetting: Equatable {
    /// The name that `sysctl` uses.
    var name: String
    var have: [Int]
    var want: [Int]
    var why: String

    var isEnough: Bool { zip(have, want).allSatisfy { $0 >= $1 } }
    var path: String { "/proc/sys/" + name.split(separator: ".").joined(separator: "/") }
    var line: String {
        func list(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: " ") }
        return "\(name): have \(list(have)), want \(list(want)) (\(why))"
    }

    /// - Parameter clients: clients on this machine, with their server.
    static func forClients(_ clients: Int) -> [KernelSetting] {
        // A held connection owns no buffer. Only connections that are being written or read count pages.
        let pages = max(65_536, clients / 8)
        let wanted: [(String, [Int], String)] = [
            ("fs.file-max", [clients * 2 + 50_000], "a descriptor at each end"),
            ("net.core.somaxconn", [1_024], "connections that wait to be accepted, of each worker"),
            ("net.ipv4.tcp_max_syn_backlog", [1_024], "handshakes under way, of each worker"),
            ("net.ipv4.tcp_mem", [pages, pages * 4 / 3, pages * 2], "pages of TCP buffers"),
        ]
        return wanted.map { name, want, why in
            var setting = KernelSetting(name: name, have: [], want: want, why: why)
            setting.have = (ProcFile.text(setting.path) ?? "").split { $0 == " " || $0 == "\t" || $0 == "\n" }.map {
                Int($0) ?? Int.max
            }
            return setting
        }
    }

    /// Raises the setting to the value it should have. It never lowers one.
    func tune() throws(Socket.Failure) {
        let text = zip(have, want).map { String(max($0, $1)) }.joined(separator: " ")
        try ProcFile.write(text, to: path)
    }
}
