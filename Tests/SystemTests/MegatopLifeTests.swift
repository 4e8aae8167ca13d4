// One file: one terminal, and everything that may happen to it.
import Glibc
import TestSupport
import Testing

/// Nothing that happens to megatop reaches the servers. All tests share one appliance, and each leaves it as it was.
struct MegatopLifeTests {
    /// The keys that open each dialog, and the words that it shows.
    private static let dialogs: [([String], String)] = [
        (["A", "j", "R"], "RESTART w0"), (["A", "j", "D"], "DRAIN w0"), (["A", "j", "S"], "STOP w0"),
        (["A", "j", "U"], "START w0"), (["A", "j", "K", "k", "i", "l"], "kil_"),
        (["A", "j", "H"], "HOLD w0"), (["A", "X", "a", "l", "l"], "all_"), (["s"], "SORT BY"), (["e"], "means"),
        (["?"], "HELP 1"), (["Enter"], "EXITS"), (["l"], "LAST OUTPUT"),
        (["c"], "CRASH REPORT"), (["2", "Enter"], "CLIENTS WITH MOST"), (["/", "w"], "filter /w_"),
        ([":", "r", "e", "s"], ":res_"),
    ]

    @Test func killedInEachDialog_nothingChanges() throws {
        let appliance = try Appliance(workers: 2, ["workers": "poll_timeout = 600.0"])
        defer { appliance.end() }
        let held = appliance.poller("held", worker: 0)
        try held.start()
        let before = try appliance.status().processes.map(\.pid)
        for (keys, words) in Self.dialogs {
            let screen = try TerminalScreen(width: 90, height: 24, appliance)
            defer { screen.end() }
            try screen.expect("3/3 ok")
            for key in keys { try screen.send(key) }
            try screen.expect(words)
            try screen.signal(SIGKILL)
            try eventually("megatop is gone") { !screen.isRunning }
            #expect(try appliance.status().processes.map(\.pid) == before, "after kill -9 at \(words)")
        }
        try appliance.waitUntilReady()
        // The poll was held through all of it.
        _ = try appliance.app.publish("held", "1")
        #expect(try held.finish().messages.count == 1)
    }

    @Test func twoSideBySide_showTheSame_alsoWhileOneIsPaused() throws {
        let appliance = try Appliance(workers: 2)
        defer { appliance.end() }
        let one = try TerminalScreen(width: 80, height: 24, appliance)
        defer { one.end() }
        let other = try TerminalScreen(width: 140, height: 36, appliance)
        defer { other.end() }
        for _ in 0..<5 { _ = try appliance.app.publish("absent", "1", ttl: 600) }
        for screen in [one, other] { try screen.expect("QUEUE  5 msgs") }
        try one.send("p")
        try one.expect(" ago")
        for _ in 0..<2 { _ = try appliance.app.publish("absent", "1", ttl: 600) }
        try other.expect("QUEUE  7 msgs")
        #expect(one.text.contains("QUEUE  5 msgs"))
        try one.send("p")
        try one.expect("QUEUE  7 msgs")
        try one.send("2")
        try other.send("2")
        for screen in [one, other] {
            try screen.expect { $0.contains("queued 7") && $0.contains("balance ok on 3 of 3") }
        }
    }

    /// A slow terminal and a paused one do not take all pictures. That delays nobody else, and both catch up in the
    /// end.
    @Test func slowLineAndPausedScreen_holdUpNobody_andComeRight() throws {
        let appliance = try Appliance(workers: 2)
        defer { appliance.end() }
        for _ in 0..<5 { _ = try appliance.app.publish("absent", "1", ttl: 600) }
        let fast = try TerminalScreen(width: 80, height: 24, appliance)
        defer { fast.end() }
        let paused = try TerminalScreen(width: 100, height: 30, appliance)
        defer { paused.end() }
        let slow = try SlowTerminal(width: 140, height: 50, appliance)
        defer { slow.end() }
        for screen in [fast, paused] { try screen.expect("QUEUE  5 msgs") }
        try slow.expect { $0.contains("QUEUE  5 msgs") && $0.contains("3/3 ok") }
        try paused.send("p")
        try paused.expect(" ago")

        for waiting in 6...9 {
            try slow.fill()
            #expect(try appliance.app.publish("absent", "1", ttl: 600).status == "queued")
            try appliance.waitUntilReady()
            try fast.expect { text in
                slow.carry()
                return text.contains("QUEUE  \(waiting) msgs") && text.contains("LIVE")
            }
            try eventually("a sample of all") {
                let totals = try megatopSample(appliance)?["totals"]
                return totals?["queue"]?.int == waiting && totals?["ready"]?.int == 3
            }
            #expect(paused.text.contains("QUEUE  5 msgs"))
        }

        slow.isSlow = false
        try slow.expect { text in
            let skipped = text.split(separator: "frames skipped ").dropFirst().first.flatMap {
                Int($0.prefix { $0.isNumber })
            }
            return text.contains("QUEUE  9 msgs") && text.contains("LIVE") && text.contains("3/3 ok")
                && skipped ?? 0 > 0
        }
        try paused.send("p")
        try paused.expect("QUEUE  9 msgs")
        slow.type(Array("q".utf8))
        try slow.expect("megatop: detached; 4 processes keep running")
        #expect(try slow.program.waitForExit() == .exited(0))
        #expect(slow.isAsBefore)
        try appliance.waitUntilReady()
    }

    /// The pictures that the terminal has not taken are given up. The bytes that restore it are not.
    @Test func leftWhileTheLineIsFull_theTerminalIsBroughtBack() throws {
        let appliance = try Appliance(workers: 1)
        defer { appliance.end() }
        let slow = try SlowTerminal(width: 140, height: 50, appliance)
        defer { slow.end() }
        try slow.expect("2/2 ok")
        try slow.fill()
        slow.type(Array("q".utf8))
        try eventually("megatop is gone") {
            slow.carry()
            return !slow.program.isRunning
        }
        #expect(try slow.program.waitForExit() == .exited(0))
        #expect(slow.isAsBefore)
        slow.isSlow = false
        try slow.expect { $0.contains("megatop: detached") && !$0.contains("OVERVIEW") }
    }

    @Test func recordedIncident_isShownAgain_withExitEventsOutputAndCrashReport() throws {
        let appliance = try Appliance(workers: 2)
        defer { appliance.end() }
        let file = appliance.folder.path + "/incident.mgtr"
        let live = try TerminalScreen(width: 110, height: 36, appliance, "--record \(file)")
        defer { live.end() }
        try live.expect("3/3 ok")
        kill(try appliance.pid("worker-1"), SIGKILL)
        try live.send("4", "Down", "Down")
        try live.expect { $0.contains(">w1") && $0.contains("SIGKILL") }
        // The recording was written out with the next picture.
        try live.send("c")
        try live.expect("CRASH REPORT (1 of 1")
        try live.send("Escape", "Escape", "q")
        try live.expect("detached")
        appliance.end()
        let again = try TerminalScreen(width: 110, height: 36, appliance, "--replay \(file) --speed 100")
        defer { again.end() }
        try again.expect("REPLAY END")
        try again.send("4", "Down", "Down")
        try again.expect {
            $0.contains(">w1") && $0.contains("SIGKILL") && $0.contains("RESTARTS, 24h")
                && $0.contains("w1 LAST OUTPUT")
        }
        try again.send("c")
        try again.expect { $0.contains("CRASH REPORT (1 of 1") && $0.contains("how      signal 9") }
        try again.send("5")
        try again.expect { $0.contains("EXIT") && $0.contains("[actions off]") }
    }

    @Test func doctor_andTheDeepestQueues_areAskedFor_alsoWhereThePortHasAKey() throws {
        let appliance = try Appliance(workers: 1, ["app": "key = \"secret\""])
        defer { appliance.end() }
        let app = Publisher(port: appliance.appPort, key: "secret")
        for count in 1...3 { for _ in 0..<count { _ = try app.publish("client-\(count)", "1") } }
        let screen = try TerminalScreen(width: 140, height: 36, appliance)
        defer { screen.end() }
        try screen.expect("QUEUE  6 msgs")
        try screen.send("6")
        try screen.expect { $0.contains("DOCTOR: ") && $0.contains("checks pass") && $0.contains("net.core.somaxconn") }
        try screen.send("2")
        try screen.expect { $0.contains("DEEPEST CLIENT QUEUES") && $0.contains("c#") && !$0.contains("client-3") }
        try screen.send("A", "y")
        try screen.expect { text in
            let rows = text.split(separator: "\n").filter { $0.contains("client-") }
            return rows.count == 3 && rows[0].contains("client-3") && rows[2].contains("client-1")
        }
        try screen.resize(width: 80, height: 24)
        try screen.expect("Enter clients with most waiting")
        try screen.send("Enter")
        try screen.expect { $0.contains("CLIENTS WITH MOST WAITING") && $0.contains("client-3") }
    }

    @Test func appConnections_areOnTheDeliveryScreen_alsoWhereThePortHasAKey_andInARecording() throws {
        let appliance = try Appliance(workers: 1, ["app": "key = \"secret\""])
        defer { appliance.end() }
        let (busy, bad) = (
            try LinePublisher(port: appliance.appPort, key: "secret"),
            try LinePublisher(port: appliance.appPort, key: "secret")
        )
        try bad.socket.send("{}\n")
        #expect(try bad.receipt().errorCode == "bad_client")
        let file = appliance.folder.path + "/apps.mgtr"
        let screen = try TerminalScreen(width: 140, height: 36, appliance, "--record \(file)")
        defer { screen.end() }
        try screen.expect("2/2 ok")
        try screen.send("3")
        /// The words behind the app's address. The app publishes meanwhile.
        func words(_ text: String, _ app: LinePublisher) -> [Substring]? {
            _ = try? busy.publish("c1", "x")
            let parts = text.split(separator: "127.0.0.1:\(app.socket.localPort) ", maxSplits: 1)
            return parts.count == 2 ? parts[1].prefix { $0 != "\n" }.split(separator: " ") : nil
        }
        func publishes(_ text: String) -> Bool {
            guard text.contains("APP CONNECTIONS 2 "), let busy = words(text, busy), let bad = words(text, bad),
                busy.count == 9, bad.count >= 7
            else { return false }
            // `app` is the name of the key that app.key sets.
            return busy.prefix(2) == ["app", "up"] && Double(busy[3].dropLast(2)) ?? 0 > 0 && busy[8] == "0"
                && bad[3] == "0/s" && bad.suffix(2) == ["errors", "1"]
        }
        try screen.expect("both, and their rates", publishes)
        try screen.resize(width: 80, height: 24)
        try screen.expect { text in
            _ = words(text, busy)
            return text.contains(" app connections 2: 127.0.0.1 ") && !text.contains("127.0.0.1 0/s  127")
                && !text.contains("?/s") && text.split(separator: "\n").allSatisfy { $0.count <= 80 }
        }
        try screen.send("q")
        try screen.expect("detached")
        appliance.end()
        let again = try TerminalScreen(width: 140, height: 36, appliance, "--replay \(file) -S delivery --speed 100")
        defer { again.end() }
        try again.expect {
            $0.contains("REPLAY END") && $0.contains("APP CONNECTIONS 2")
                && $0.contains("127.0.0.1:\(busy.socket.localPort) ") && $0.contains("errors 1")
        }
    }

    @Test func start_onTheLostScreen_startsAnAppliance_thatOutlivesMegatop() throws {
        let appliance = try Appliance(workers: 1, starts: false)
        defer { appliance.end() }
        let screen = try TerminalScreen(width: 100, height: 30, appliance)
        defer { screen.end() }
        try screen.expect("U starts one in the background")
        try screen.send("U")
        try screen.expect("START THE SUPERVISOR")
        try screen.send("s", "t", "a", "r", "t", "Enter")
        try screen.expect("2/2 ok")
        try screen.expect("LIVE")
        try screen.signal(SIGKILL)
        try eventually("megatop is gone") { !screen.isRunning }
        try appliance.waitUntilReady()
        #expect(try appliance.command("stop").end == .exited(0))
    }

    @Test func mouse_choosesSortsAndOpens_andSettingsAreKept() throws {
        let appliance = try Appliance(workers: 2)
        defer { appliance.end() }
        let screen = try TerminalScreen(width: 100, height: 30, appliance)
        defer { screen.end() }
        try screen.expect("3/3 ok")
        #expect(!screen.hasMouse)
        try screen.send(":set mouse on", "Enter")
        try eventually("the mouse is on") { screen.hasMouse }
        let row = try eventually("the row of w1") {
            screen.text.split(separator: "\n", omittingEmptySubsequences: false).firstIndex { $0.hasPrefix(" w1") }
        }
        try screen.click(row: row, column: 3)
        try screen.expect("\n>w1")
        try screen.click(row: 29, column: 12)
        try screen.expect("DEPTH")
        try screen.send(":set interval 2", "Enter", ":save", "Enter")
        try screen.expect("saved ")
        try screen.send("q")
        try screen.expect("detached")
        let again = try TerminalScreen(width: 100, height: 30, appliance)
        defer { again.end() }
        try again.expect { $0.contains("QUEUES") && $0.contains("2.0s") }
        try eventually("the mouse is on again") { again.hasMouse }
    }

    @Test func garbageToItsOwnPort_changesNothing() throws {
        let appliance = try Appliance(workers: 1)
        defer { appliance.end() }
        for _ in 0..<3 { _ = try appliance.app.publish("absent", "1", ttl: 600) }
        let screen = try TerminalScreen(width: 100, height: 30, appliance)
        defer { screen.end() }
        try screen.expect("QUEUE  3 msgs")
        let port = try #require(Processes.udpPorts(try screen.pid()).first)
        var bytes = [UInt8](repeating: 0, count: 1024)
        for number in 0..<1024 {
            for index in bytes.indices { bytes[index] = UInt8.random(in: 0...255) }
            // Some datagrams begin as ours do.
            if number % 4 == 0 { bytes.replaceSubrange(0..<4, with: Array("MGST".utf8)) }
            sendDatagram(bytes, to: port)
            // The reports that come meanwhile find room.
            if number % 16 == 0 { try eventually("megatop has read them") { Processes.udpState(port).waiting == 0 } }
        }
        _ = try appliance.app.publish("absent", "1", ttl: 600)
        try screen.expect("QUEUE  4 msgs")
        try screen.expect { $0.contains("LIVE") && $0.contains("2/2 ok") && $0.contains("lost packets 0") }
    }

    @Test func stoppedSupervisor_isSeenAsSilent_andItsReturn() throws {
        let appliance = try Appliance(workers: 1)
        defer { appliance.end() }
        let screen = try TerminalScreen(width: 100, height: 30, appliance)
        defer { screen.end() }
        try screen.expect("2/2 ok")
        appliance.supervisor?.signal(SIGSTOP)
        try screen.expect { $0.contains("NO STATS FOR") && $0.contains("2 of 2 processes are alive") }
        appliance.supervisor?.signal(SIGCONT)
        try screen.expect { $0.contains("LIVE") && $0.contains("2/2 ok") }
    }

    @Test func terminalClosed_itEnds_andTheServersRun() throws {
        let appliance = try Appliance(workers: 1)
        defer { appliance.end() }
        let screen = try TerminalScreen(width: 80, height: 24, appliance)
        try screen.expect("2/2 ok")
        let pid = try screen.pid()
        screen.end()
        try eventually("megatop ends with its terminal") { !Processes.isAlive(pid) }
        try appliance.waitUntilReady()
    }

    @Test func resizedWhileSuspended_itFits() throws {
        let appliance = try Appliance(workers: 1)
        defer { appliance.end() }
        let screen = try TerminalScreen(width: 120, height: 30, appliance)
        defer { screen.end() }
        try screen.expect("2/2 ok")
        try screen.suspend()
        try screen.resize(width: 60, height: 16)
        try screen.send("fg", "Enter")
        try screen.expect {
            $0.contains("LIVE") && $0.contains("2/2 ok") && $0.split(separator: "\n").allSatisfy { $0.count <= 60 }
        }
    }

    @Test func coloursAndFineBars_onlyWhereTheyAreWanted() throws {
        let appliance = try Appliance(workers: 1, ["supervisor": "watchdog = 600.0"])
        defer { appliance.end() }
        let held = appliance.poller("held", worker: 0)
        try held.start()
        // A silent worker is a warning.
        let worker = try appliance.pid("worker-0")
        func show(_ arguments: String, _ environment: String) throws -> String {
            let screen = try TerminalScreen(width: 100, height: 24, appliance, arguments, environment: environment)
            defer { screen.end() }
            try screen.expect("1/2 ok")
            try screen.expect { $0.contains("! w0 is silent") }
            return screen.colouredText
        }
        let first = try TerminalScreen(width: 100, height: 24, appliance)
        try first.expect("CONNS  1")
        first.end()
        kill(worker, SIGSTOP)
        defer { kill(worker, SIGCONT) }
        // The yellow of 8 and of 256 colours: tmux names its own terminal now so, now so.
        let yellow = /\[(33|38;5;221)m/, blocks = "▁▂▃▄▅▆▇█"
        let rich = try show("", ""), plain = try show("--ascii", "NO_COLOR=1")
        #expect(rich.contains(yellow) && rich.contains { blocks.contains($0) })
        #expect(!plain.contains(yellow) && !plain.contains { blocks.contains($0) })
        #expect(plain.contains("SUSPECT"), "the word is there without the colour")
    }

    @Test func dumbTerminal_getsOneSample() throws {
        let appliance = try Appliance(workers: 1)
        defer { appliance.end() }
        let screen = try TerminalScreen(width: 100, height: 24, appliance, "; echo ended-$?", environment: "TERM=dumb")
        defer { screen.end() }
        try screen.expect { $0.contains("id  state") && $0.contains("ended-0") }
    }
}
