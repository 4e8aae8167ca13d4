import FreePorts
import Glibc
import TestSupport
import Testing

/// The queue in a file: what it is after the death of the manager, after a failure of power, and when the file can't be
/// used.
@Suite struct JournalDiskTests {
    private func disk(_ folder: Folder, _ changes: [String: String] = [:]) -> [String: String] {
        ["journal": "disk", "journal-directory": folder.path + "/queue"].merging(changes) { $1 }
    }

    @Test func afterAFailureOfPower_everyAnsweredPublishIsThere() throws {
        let folder = try Folder()
        let file = folder.path + "/queue/queue"
        // LD_PRELOAD takes no path with a space.
        let library = folder.path + "/libCForgetful.so"
        #expect(symlink(Program.folder + "/libCForgetful.so", library) == 0)
        let pair = try Pair(workers: 0, manager: disk(folder), environment: ["LD_PRELOAD": library])
        // Many apps publish at once, so that syncs are under way while others publish.
        let apps = try (0..<4).map { _ in try LinePublisher(port: pair.appPort) }
        var answered = 0
        for round in 0..<25 {
            for (number, app) in apps.enumerated() {
                for each in 0..<20 { try app.send("c\(number)", "\(round)-\(each)") }
            }
            for app in apps {
                for _ in 0..<20 {
                    #expect(try app.receipt().errorCode == nil)
                    answered += 1
                }
            }
        }
        // These have no answer yet when the power fails.
        for app in apps { for each in 0..<50 { try app.send("late", "\(each)") } }
        pair.manager?.kill()
        #expect(rename(file + ".durable", file) == 0)
        try pair.startManager()
        var kept = 0
        for number in 0..<4 { kept += try pair.app.presence("c\(number)").queued }
        #expect(answered == 2000 && kept == answered)
    }

    @Test func theFile_outlivesTheManager_withSubscriptionsAndCursors() throws {
        let folder = try Folder()
        let pair = try Pair(manager: disk(folder))
        let app = try LinePublisher(port: pair.appPort)
        try app.socket.send(#"{"op":"subscribe","channel":"room","client":"a"}"# + "\n")
        #expect(try !app.socket.readLine().contains("error"))
        try app.socket.send(#"{"channel":"room","message":"1"}"# + "\n")
        #expect(try !app.socket.readLine().contains("error"))
        pair.manager?.kill()
        try pair.startManager()
        try eventually("the worker is linked again") {
            (try? HTTP.request("GET", "/_/health", port: pair.client))?.status == 200
        }
        #expect(try pair.poller("a", cursor: 0).poll().texts == ["1"])
    }

    @Test func aFileThatCantBeUsed_isNamed_withWhatToDo() throws {
        let folder = try Folder()
        let pair = try Pair(workers: 0, manager: disk(folder))
        // A second manager.
        #expect(try refusal(folder, pair) == "another manager holds it")
        pair.manager?.kill()
        chmod(folder.path + "/queue/queue", 0o644)
        #expect(try refusal(folder, pair) == "others may read or write it: chmod 600 it")
        chmod(folder.path + "/queue/queue", 0o600)
        // Another version is left as it is.
        let file = open(folder.path + "/queue/queue", O_RDWR)
        var version: UInt64 = 99
        #expect(pwrite(file, &version, 8, 8) == 8)
        close(file)
        #expect(try refusal(folder, pair)?.contains("version 99") == true)
    }
    /// What a manager says that does not start.
    private func refusal(_ folder: Folder, _ pair: Pair) throws -> String? {
        let own = try Folder()
        let program = try Program(
            "megamanager",
            [
                "--address", "127.0.0.1", "--port", "\(try Ports.free())", "--app-address", "127.0.0.1", "--app-port",
                "\(try Ports.free())", "--run-directory", own.path, "--journal", "disk", "--journal-directory",
                folder.path + "/queue",
            ], in: own)
        guard case .exited(let code) = try program.waitForExit(), code != 0 else { return nil }
        let parts = program.output.split(separator: "/queue: ", maxSplits: 1)
        return parts.last.map { String($0.prefix { $0 != "\n" && $0 != "\"" }) }
    }
}
