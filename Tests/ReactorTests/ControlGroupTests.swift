import Glibc
import Reactor
import TestSupport
import Testing

/// A tree of control groups in a folder, as the kernel would show it.
struct ControlGroupTests {
    private let folder: Folder
    init() throws { folder = try Folder() }

    /// Makes a group with these files, below those that were made before.
    private func group(_ path: String, _ files: [String: String]) throws {
        mkdir("\(folder.path)/\(path)", 0o700)
        for (name, text) in files { _ = try folder.write("\(path)/\(name)", text) }
    }
    private func groups(_ membership: String) throws -> ControlGroups {
        ControlGroups(root: folder.path, membership: try folder.write("self", membership))
    }

    @Test func theLeastOfAllAbove_counts() throws {
        try group(
            "system.slice",
            [
                "memory.max": "max\n", "memory.current": "900000\n", "cpu.max": "250000 100000\n",
            ])
        try group(
            "system.slice/outer",
            [
                "memory.max": "1000000\n", "memory.current": "400000\n", "cpu.max": "max 100000\n",
                "memory.stat": "anon 1\ninactive_file 100000\nactive_file 7\n",
            ])
        try group(
            "system.slice/outer/inner",
            [
                "memory.max": "2000000\n", "memory.current": "100000\n", "cpu.max": "400000 100000\n",
            ])
        let groups = try groups("1:name=systemd:/elsewhere\n0::/system.slice/outer/inner\n")
        #expect(groups.memoryBytes == 1_000_000)
        #expect(groups.availableBytes == 700_000, "what is left, and pages of files that nobody uses")
        #expect(groups.processorThousandths == 2500)
        #expect(usableProcessors(groups) >= 1 && usableProcessors(groups) <= 3)
    }

    @Test func aLimitThatChanges_isSeen() throws {
        try group("a", ["memory.max": "max\n", "memory.current": "5\n", "cpu.max": "max 100000\n"])
        let groups = try groups("0::/a\n")
        #expect(groups.memoryBytes == nil && groups.availableBytes == nil && groups.processorThousandths == nil)
        try group("a", ["memory.max": "3\n", "cpu.max": "50000 100000\n"])
        #expect(groups.memoryBytes == 3 && groups.processorThousandths == 500)
        #expect(groups.availableBytes == 0, "more is used than a new limit allows")
        #expect(usableProcessors(groups) == 1, "half a processor is one")
    }

    /// A container sees its own group as the root, or it sees a path that is not in its tree.
    @Test(arguments: ["0::/\n", "0::/docker/4711\n", "0::/../other\n"])
    func aContainersRoot_hasItsLimits(membership: String) throws {
        try group(".", ["memory.max": "536870912\n", "memory.current": "1\n", "cpu.max": "150000 100000\n"])
        let groups = try groups(membership)
        #expect(groups.memoryBytes == 536_870_912 && groups.processorThousandths == 1500)
    }

    @Test func withoutControlGroups_thereIsNoLimit() throws {
        let none = ControlGroups(root: "\(folder.path)/none", membership: "\(folder.path)/none")
        #expect(none.memoryBytes == nil && none.availableBytes == nil && none.processorThousandths == nil)
        #expect(usableProcessors(none) >= 1)
    }
}
