import Glibc
import TestSupport
import Testing

/// The supervisor keeps the memory of the manager's queue, and each manager gets the same one. Which memory a process
/// has is seen by the inodes of its descriptors.
@Suite(.serialized) struct SupervisionJournalTests {
    /// The inodes of the memories that a process has, and its descriptors of them.
    static func memories(_ pid: Int32) -> [UInt64: Int32] {
        var found: [UInt64: Int32] = [:]
        for name in Folder.names(in: "/proc/\(pid)/fd") {
            var target = [CChar](repeating: 0, count: 64)
            let count = readlink("/proc/\(pid)/fd/\(name)", &target, target.count)
            let text = String(decoding: target.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            var status = stat()
            guard text.hasPrefix("/memfd:megacomet-journal"), stat("/proc/\(pid)/fd/\(name)", &status) == 0 else {
                continue
            }
            found[UInt64(status.st_ino)] = Int32(name)
        }
        return found
    }
    private func supervised(_ appliance: Appliance) -> Set<UInt64> {
        Set(Self.memories(appliance.supervisor?.pid ?? 0).keys)
    }
    private func managed(_ appliance: Appliance) throws -> Set<UInt64> {
        Set(Self.memories(try appliance.pid("manager")).keys)
    }

    @Test func memory_outlivesManager_supervisor_andUpgrade() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let memory = supervised(appliance)
        #expect(try memory.count == 1 && managed(appliance) == memory)
        #expect(Self.memories(try appliance.pid("worker-0")).isEmpty, "it is the manager's alone")

        let first = try appliance.pid("manager")
        kill(first, SIGKILL)
        try appliance.waitUntilReplaced("manager", first)
        #expect(try managed(appliance) == memory)
        let second = try appliance.pid("manager")
        #expect(try appliance.command("restart", "manager").end == .exited(0))
        try appliance.waitUntilReplaced("manager", second)
        #expect(try managed(appliance) == memory)

        let third = try appliance.pid("manager")
        appliance.killSupervisor()
        _ = try appliance.launch()
        try appliance.waitUntilReady()
        #expect(try appliance.pid("manager") == third && supervised(appliance) == memory)
        #expect(try appliance.command("upgrade").end == .exited(0))
        try appliance.waitUntilReady()
        #expect(supervised(appliance) == memory)
        kill(third, SIGKILL)
        try appliance.waitUntilReplaced("manager", third)
        #expect(try managed(appliance) == memory && supervised(appliance) == memory)
        #expect(try !appliance.events().contains("JOURNAL"))
    }

    /// A manager that hangs while its supervisor dies does not call, so the memory is copied out of it.
    @Test func memoryOfAHungManager_isKept() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let (memory, hung) = (supervised(appliance), try appliance.pid("manager"))
        appliance.killSupervisor()
        kill(hung, SIGSTOP)
        _ = try appliance.launch()
        try appliance.waitUntilReplaced("manager", hung)
        #expect(try memory.count == 1 && supervised(appliance) == memory && managed(appliance) == memory)
    }

    @Test func journalThatIsSwitched_isThereOrGone_fromTheManagersRestartOn() throws {
        let appliance = try Appliance(workers: 1, ["queue": "journal = \"off\""])
        #expect(try supervised(appliance).isEmpty && managed(appliance).isEmpty)
        let text = contents(ofFile: appliance.configuration)
        for (value, count) in [("process", 1), ("off", 0)] {
            _ = try appliance.folder.write("megacomet.toml", text.replacing("\"off\"", with: "\"\(value)\""))
            let reloaded = try appliance.command("reload").output
            #expect(reloaded.contains("queue.journal"), "\(reloaded)")
            #expect(supervised(appliance).count == 1 - count, "not before the restart")
            #expect(try appliance.command("restart", "manager").end == .exited(0))
            try appliance.waitUntilReady()
            #expect(try supervised(appliance).count == count && managed(appliance) == supervised(appliance))
        }
    }

    @Test func managerThatDiesTwiceAtItsStart_getsAFreshMemory_andTheOldOneIsKept() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick, starts: false)
        let store = try ServiceManagerSocket("\(appliance.folder.path)/notify")
        appliance.environment["NOTIFY_SOCKET"] = store.path
        try appliance.start()
        let old = try #require(managed(appliance).first)
        for _ in 0..<2 {
            let pid = try appliance.pid("manager")
            kill(pid, SIGABRT)
            try appliance.waitUntilReplaced("manager", pid) { store.readAll() }
        }
        let new = try managed(appliance)
        #expect(new.count == 1 && !new.contains(old))
        #expect(supervised(appliance) == new.union([old]))
        #expect(try appliance.events().contains("manager JOURNAL_SET_ASIDE the manager died twice"))
        store.readAll()
        #expect(store.store.filter { $0.name == "manager.journal" }.count == 1)
        #expect(store.store.filter { $0.name == "manager.aside" }.count == 1)

        #expect(try appliance.command("upgrade").end == .exited(0))
        try appliance.waitUntilReady { _ in
            store.readAll()
            return true
        }
        #expect(supervised(appliance) == new.union([old]), "kept over an upgrade")
        #expect(try managed(appliance) == new)
    }

    /// Something else is in it, or another version wrote it. Trying again would not help.
    @Test func memoryThatTheManagerCantTake_isSetAsideAtOnce() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let manager = try appliance.pid("manager")
        let (old, descriptor) = try #require(Self.memories(manager).first)
        let file = open("/proc/\(manager)/fd/\(descriptor)", O_RDWR)
        #expect(pwrite(file, "something", 9, 0) == 9)
        close(file)
        kill(manager, SIGKILL)
        try appliance.waitUntilReplaced("manager", manager)
        #expect(try !managed(appliance).contains(old) && supervised(appliance).contains(old))
        #expect(try appliance.events().contains("manager JOURNAL_SET_ASIDE the manager can't take it"))
        let (end, output) = try appliance.command("journal", "--verify")
        #expect(
            end == .exited(1) && output.contains("set aside") && output.contains("something else in it"), "\(output)")
        #expect(output.contains("last error") && output.contains("JOURNAL_SET_ASIDE"))
    }

    /// The command looks into the memory by a descriptor by which it can't write.
    @Test func command_saysWhatIsInTheJournal_alsoAfterTheManagersDeath_andFindsDamage() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        for number in 0..<50 { try appliance.app.publish("absent", "needle-\(number)") }
        func look() throws -> JSON? {
            let (end, output) = try appliance.command("journal", "--json")
            #expect(end == .exited(0), "\(output)")
            return try JSON.parse(output)
        }
        let before = try #require(try look())
        let contents = before["memories"]?.array?.first?["contents"]
        #expect(before["mode"]?.string == "process" && before["memories"]?.array?.count == 1)
        #expect(contents?["live_messages"]?.int == 50 && contents?["damaged_segments"]?.int == 0, "\(before)")
        let manager = try appliance.pid("manager")
        kill(manager, SIGKILL)
        try appliance.waitUntilReplaced("manager", manager)
        let after = try look()?["memories"]?.array?.first?["contents"]
        #expect(after?["live_messages"]?.int == 50)
        let (end, text) = try appliance.command("journal", "--verify")
        #expect(end == .exited(0) && text.contains("50 wait, the oldest for") && text.contains("all records are well"))

        try damage("needle-49", of: try appliance.pid("manager"))
        let damaged = try appliance.command("journal", "--verify")
        #expect(damaged.end == .exited(1) && damaged.output.contains("damage      in 1 segments"), "\(damaged.output)")
        // Looking has changed nothing: the manager still delivers what it has.
        let poller = appliance.poller("absent")
        try poller.start()
        #expect(try poller.finish().texts.count == 50)
    }
    /// Changes a letter in the memory of a process.
    private func damage(_ text: String, of pid: Int32) throws {
        let descriptor = try #require(Self.memories(pid).values.first)
        let file = open("/proc/\(pid)/fd/\(descriptor)", O_RDWR)
        defer { close(file) }
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        var start = lseek(file, 0, 3 /* SEEK_DATA */)
        while start >= 0 {
            let end = lseek(file, start, 4 /* SEEK_HOLE */)
            let count = pread(file, &chunk, min(chunk.count, end - start), start)
            let needle = Array(text.utf8)
            if let at = (0..<max(0, count - needle.count)).first(where: { chunk[$0...].starts(with: needle) }) {
                #expect(pwrite(file, "N", 1, start + at) == 1)
                return
            }
            start = lseek(file, start + max(1, count), 3 /* SEEK_DATA */)
        }
        Issue.record("\(text) is not there")
    }
}
