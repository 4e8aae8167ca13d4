import Glibc
import TestSupport
import Testing

/// `megacomet doctor` on this machine, whatever it is, compared with the kernel's own values.
struct DoctorTests {
    /// One line of the table.
    private struct Row {
        var name: String, verdict: String
        /// The kernel's value. `nil` if it has none.
        var have: [String]?
        /// The verdict, computed from the rule and the numbers in the line.
        var isEnough: Bool
    }

    @Test(arguments: [1, 64]) func everyRow_isWhatTheKernelSays_andExactlyWhatDiffersIsNamed(workers: Int) throws {
        let folder = try Folder()
        let configuration = try folder.write(
            "megacomet.toml", "[workers]\ncount = \(workers)\nmax_connections = 100000\n")
        let table = try Program.run("megacomet", ["doctor", "-c", configuration], in: folder)
        let lines = table.output.split(separator: "\n").map(String.init)
        let rows = try lines.dropFirst().dropLast().map(row)
        #expect(rows.count >= 18 && Set(rows.map(\.name)).count == rows.count, "\(table.output)")
        for row in rows { #expect(row.verdict == (row.have == nil ? "absent" : row.isEnough ? "ok" : "low"), "\(row)") }
        let low = rows.filter { !$0.isEnough }
        #expect(
            lines.last?.hasPrefix(low.isEmpty ? "all is enough" : "\(low.count) of \(rows.count) would limit") == true,
            "\(table.output)")
        #expect(table.end == .exited(low.isEmpty ? 0 : 1))

        let file = try Program.run("megacomet", ["doctor", "--sysctl", "-c", configuration], in: folder)
        let named = file.output.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap {
            $0.split(separator: " ").first.map(String.init)
        }
        #expect(named == low.map(\.name).filter { path($0) != nil }, "\(file.output)")
    }

    /// The file with the kernel's value. `nil` if it is no sysctl.
    private func path(_ name: String) -> String? {
        name.contains(".") ? "/proc/sys/" + name.map { $0 == "." ? "/" : String($0) }.joined() : nil
    }

    private func row(_ line: String) throws -> Row {
        let verdict = String(line.prefix { $0 != " " })
        var rest = line.dropFirst(verdict.count).drop { $0 == " " }
        let others = [
            ("open files of a process (LimitNOFILE, ulimit -n)", descriptors),
            ("memory", "\(sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)))"),
        ]
        let other = others.first { rest.hasPrefix($0.0 + " ") }
        let name = other?.0 ?? String(rest.prefix { $0 != " " })
        rest = rest.dropFirst(name.count)
        var words = rest.split(separator: " ").map(String.init)[...]

        let kernel = try other?.1 ?? contents(ofFile: try #require(path(name), "\(line)"))
        let have = kernel.isEmpty ? nil : kernel.split(whereSeparator: \.isWhitespace).map(String.init)
        let shown = words.prefix(have?.count ?? 1)
        #expect(Array(shown) == have ?? ["-"], "\(line)")
        words = words.dropFirst(shown.count)

        let sign = try #require(words.first)
        if sign == ">=" || sign == "<=" { words = words.dropFirst() }
        let want = words.prefix { UInt64($0) != nil }.compactMap { UInt64($0) }
        #expect(have == nil || want.count == have?.count, "\(line)")
        let isEnough = zip(have ?? [], want).allSatisfy { have, want in
            let have = UInt64(have) ?? .max
            return sign == ">=" ? have >= want : sign == "<=" ? have <= want : have == want
        }
        return Row(name: name, verdict: verdict, have: have, isEnough: isEnough)
    }
    /// The limit to which a worker can raise its own.
    private var descriptors: String {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return limit.rlim_max == rlim_t.max ? "unlimited" : "\(limit.rlim_max)"
    }
}
