import Glibc
import Reactor
import TestSupport
import Testing

struct FilesTests {
    @Test func file_isWrittenWhole_withItsPermissions_andNothingIsLeftBeside() throws {
        let folder = try Folder()
        let file = folder.path + "/token"
        for text in ["first", "second", "second"] {
            try Files.write(file, text, mode: 0o640)
            #expect(try Files.text(file) == text)
        }
        var status = stat()
        #expect(stat(file, &status) == 0 && status.st_mode & 0o7777 == 0o640)
        #expect(Files.names(in: folder.path) == ["token"])
    }
    @Test func file_isReadUpToABound() throws {
        let folder = try Folder()
        let long = folder.path + "/long"
        try Files.write(long, String(repeating: "x", count: 40_000))
        #expect(try Files.bytes(long, most: 20_000).count == 20_000)
        #expect(try Files.bytes(long, most: 50_000).count == 40_000)
    }
    @Test func failure_saysWhich() throws {
        do {
            _ = try Files.text("/nowhere/at/all")
            Issue.record("a file that is not there was read")
        } catch {
            #expect(error.code == ENOENT)
            #expect("\(error)" == "open /nowhere/at/all: No such file or directory")
        }
    }
    @Test func ownProgram_isInItsFolder() {
        #expect(Files.ownProgram.hasPrefix(Files.ownFolder + "/"))
        #expect(access(Files.ownProgram, X_OK) == 0)
    }
}

/// This is one test, since the environment belongs to the whole process.
struct HandedDownTests {
    @Test func descriptors_areTakenOnce_withTheirNames_andNoneWhereTheCountIsWrong() {
        func hand(_ count: String, _ names: String, pid: Int32 = getpid()) {
            setenv("LISTEN_PID", "\(pid)", 1)
            setenv("LISTEN_FDS", count, 1)
            setenv("LISTEN_FDNAMES", names, 1)
        }
        hand("2", "clients")
        let taken = HandedDown.take(most: 2)
        #expect(taken.map(\.descriptor) == [3, 4] && taken.map(\.name) == ["clients", ""])
        #expect(getenv("LISTEN_FDS") == nil && HandedDown.take(most: 2).isEmpty)
        for wrong in ["3", "0", "-1", "two", ""] {
            hand(wrong, "a:b:c")
            #expect(HandedDown.take(most: 2).isEmpty, "\(wrong)")
        }
        hand("2", "a:b", pid: getppid())
        #expect(HandedDown.take(most: 2).isEmpty)
    }
}
