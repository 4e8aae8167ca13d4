import Glibc
import TestSupport
import Testing

/// Pictures, reports and the clipboard: all that megatop hands to others.
@Suite(.serialized)
struct MegatopFilesTests {
    @Test func pictures_areFilesOfTheirOwner_andNoneIsOverwritten() throws {
        let appliance = try Appliance(workers: 1)
        defer { appliance.end() }
        let screen = try screenInItsFolder(appliance, width: 100)
        defer { screen.end() }
        try screen.expect("2/2 ok")
        let folder = appliance.folder.path
        for (format, ending) in [("text", "txt"), ("json", "json"), ("html", "html"), ("svg", "svg")] {
            try screen.send(":shot \(format) a.\(ending)", "Enter")
            try screen.expect("saved a.\(ending)")
            var status = stat()
            try #require(stat("\(folder)/a.\(ending)", &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
        }
        #expect(contents(ofFile: "\(folder)/a.txt").contains("OVERVIEW"))
        #expect(try JSON.parse(contents(ofFile: "\(folder)/a.json"))["screen"]?.string == "overview")
        _ = try Markup(contents(ofFile: "\(folder)/a.html"))
        let drawing = contents(ofFile: "\(folder)/a.svg")
        _ = try Markup(drawing)
        try screen.send("2", ":shot a.svg", "Enter")
        try screen.expect("not saved: a.svg: it is there already")
        #expect(contents(ofFile: "\(folder)/a.svg") == drawing)
        try screen.send(":shot none/a.svg", "Enter")
        try screen.expect("not saved: none/a.svg: No such file or directory")
        try screen.send("w")
        try screen.expect { $0.contains("saved megatop-2") && $0.contains(".txt in ") }
    }

    @Test func pictureWithoutATerminal_hasItsSize() throws {
        let appliance = try Appliance(workers: 2)
        defer { appliance.end() }
        func shot(_ words: String...) throws -> (end: Program.End, output: String) {
            try Program.run("megatop", ["-c", appliance.configuration, "--shot"] + words, in: appliance.folder)
        }
        // It waits for what the screen asks, for three seconds.
        let sample = try eventually("the manager has answered in time") { () -> JSON? in
            let shown = try shot("json", "-S", "delivery", "--size", "90x25", "--name", "push9")
            let sample = try? JSON.parse(shown.output)
            let isAsking = sample?["lines"]?.array?.contains { $0.string?.contains("asking the manager") != false }
            return isAsking == false ? sample : nil
        }
        #expect(sample["width"]?.int == 90 && sample["lines"]?.array?.count == 25)
        let lines = sample["lines"]?.array?.compactMap(\.string) ?? []
        #expect(lines.first?.contains("push9") == true && lines.first?.contains("DELIVERY") == true)
        _ = try Markup(try shot("svg").output)
        #expect(try shot("png").end == .exited(64))
        #expect(try shot("svg", "--size", "10x1").end == .exited(64))
    }

    @Test func report_hasAllSections_andNoSecret() throws {
        let marks = ["MARKappkey-0123456789", "MARKotherkey-0123456789", "MARKhook-0123456789abcdef0123", "MARKquery"]
        let appliance = try Appliance(
            workers: 1,
            [
                "app": """
                key = "\(marks[0])"
                webhook = "http://127.0.0.1:1/events?token=\(marks[3])"
                webhook_key = "\(marks[2])"
                [[app.keys]]
                name = "shop"
                key = "\(marks[1])"
                """
            ], starts: false)
        defer { appliance.end() }
        _ = try appliance.launch()
        try eventually("the worker is ready", seconds: 60) {
            try appliance.status().processes.contains { $0.name == "worker-0" && $0.state == "ready" }
        }
        let screen = try screenInItsFolder(appliance, width: 160)
        defer { screen.end() }
        try screen.expect("OVERVIEW")
        let worker = try appliance.pid("worker-0")
        kill(worker, SIGABRT)
        try eventually("a crash report") { try appliance.command("crashes").output.contains("worker-0") }
        try screen.send(":report 5m", "Enter")
        try screen.expect("saved megatop-report-")
        let names = Folder.names(in: appliance.folder.path).filter { $0.hasPrefix("megatop-report-") }
        let name = try #require(names.first)
        var status = stat()
        #expect(stat("\(appliance.folder.path)/\(name)", &status) == 0 && status.st_mode & 0o777 == 0o600)
        let report = contents(ofFile: "\(appliance.folder.path)/\(name)")
        #expect(report.utf8.count < 8 << 20)
        let text = try Markup(report).elements.filter { $0.tag.name == "pre" }.map(\.text).joined()
        for words in [
            "\"ready\":", "\nwebhook_key = \"***\"", "/events?***\"", "SIGABRT", "MemAvailable:",
            "megacomet_worker_conns_open", "== w0", " last lines", "want >=",
        ] where !text.contains(words) {
            Issue.record("the report has no \(words)")
        }
        if text.contains("not had: no ") { Issue.record("a part could not be had") }
        let token = contents(ofFile: appliance.folder.path + "/run/stats.token")
        for mark in marks + [token] where !mark.isEmpty && (report.contains(mark) || text.contains(mark)) {
            Issue.record("the report has \(mark)")
        }
    }

    /// The files are saved in the folder of the appliance.
    private func screenInItsFolder(_ appliance: Appliance, width: Int) throws -> TerminalScreen {
        try TerminalScreen(
            width: width, height: 30, appliance,
            command: "cd \(appliance.folder.path) && '\(Program.folder)/megatop' -c \(appliance.configuration)")
    }

    /// tmux takes the sequence as a terminal does, and keeps what it says.
    @Test func copiedRow_isInTheClipboard() throws {
        let appliance = try Appliance(workers: 1)
        defer { appliance.end() }
        let screen = try TerminalScreen(width: 100, height: 30, appliance)
        defer { screen.end() }
        try screen.expect("2/2 ok")
        try screen.allowClipboard()
        try screen.send("/", "w0", "Enter", "C")
        try screen.expect("w0: copied")
        try eventually("the clipboard has the row") { screen.clipboard.contains(" id=w0 state=READY ") }
        try screen.send("Escape", "5", "C")
        try eventually("the clipboard has an event") { screen.clipboard.contains(#/Z [IWEC] /#) }
        #expect(screen.clipboard.split(separator: "\n").count == 1)
    }
    /// The bytes themselves, as they come out of the terminal's line.
    @Test func copiedRow_isOneSequenceOnTheLine() throws {
        let appliance = try Appliance(workers: 1)
        defer { appliance.end() }
        let terminal = try SlowTerminal(width: 100, height: 30, appliance)
        defer { terminal.end() }
        terminal.isSlow = false
        try terminal.expect("2/2 ok")
        terminal.type(Array("jC".utf8))
        try terminal.expect("w0: copied")
        let bytes = terminal.arrivedText
        let start = try #require(bytes.firstRange(of: "\u{1B}]52;c;"))
        let encoded = bytes[start.upperBound...].prefix { $0 != "\u{07}" }
        #expect(
            !encoded.isEmpty && encoded.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+/=".contains($0)) })
        #expect(bytes[start.lowerBound...].prefix { $0 != "\u{07}" }.utf8.count < 8192)
        #expect(bytes.ranges(of: "\u{1B}]52;").count == 1)
    }
}
