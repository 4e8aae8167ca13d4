import TestSupport
import Testing

@Suite(.serialized) struct StatsCommandTests {
    /// It runs over two intervals, so that each process reports also when it is late. Only the presence of all three
    /// kinds of process is checked. The figures are for a quiet machine.
    @Test func stats_tellsWhatEachKindOfProcessTakes() throws {
        let folder = try Folder()
        let (end, output) = try Program.run(
            "megabench", ["stats", "--workers", "2", "--seconds", "2.4", "--rounds", "1"], in: folder, seconds: 180)
        guard end == .exited(0) else { throw Failure("megabench stats: \(end)\n\(output)") }
        let rows = output.split(separator: "\n").map(String.init)
        for (row, name) in zip(rows.dropFirst(), ["supervisor", "manager", "2 workers", "all"]) {
            #expect(row.hasPrefix(name))
            let shares = row.dropFirst(name.count).split(separator: " ").compactMap { Double($0) }
            #expect(shares.count == 3 && shares[0] > 0, "\(row)")
        }
        #expect(rows.count == 5)
    }
}
