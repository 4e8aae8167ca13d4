import Base
import TestSupport
import Testing

/// The supervisor's own doors: its control socket, the stats port, the operator's HTTP. It survives all input, and its
/// children never notice.
struct SupervisorHostileTests {
    @Test func mangledBytes_atEveryDoor_endNothing() throws {
        let appliance = try Appliance(workers: 1)
        let pids = try appliance.status().processes.map(\.pid)
        let control = "\(appliance.folder.path)/run/control.sock"
        var random = SeededRandom(FuzzTests.seed)
        let lines = [
            "{\"op\":\"status\"}\n", "{\"op\":\"start\",\"name\":\"worker-0\",\"pid\":1,\"boot\":\"00\"}\n",
            "{\"op\":\"events\",\"follow\":true}\n",
            "{\"op\":\"log\",\"name\":\"manager\"}\n", "{\"op\":\"crashes\"}\n", "{\"op\":\"doctor\"}\n",
            "{\"op\":17}\n", "[]\n", "\n", "{\"op\":\"\\u0000\"}\n",
        ].map { Array($0.utf8) }
        let requests = [
            HTTP.text("GET", "/status"), HTTP.text("GET", "/health"), HTTP.text("GET", "/metrics"),
            HTTP.text("POST", "/status"), Array("GET / HTTP/1.0\r\n\r\n".utf8),
        ]
        let datagrams = [
            [UInt8](repeating: 0, count: 80), Array("MEGA".utf8) + [UInt8](repeating: 1, count: 1196),
            [UInt8](repeating: 0xFF, count: 1200), [1], [],
        ]
        let deadline = Deadline(seconds: min(4, FuzzTests.seconds))
        var open: [Socket] = []
        while !deadline.isOver {
            // Orders that would be obeyed are not among the samples: `stop`, `kill` and the like.
            guard let supervisor = appliance.supervisor, supervisor.isRunning else {
                throw Failure("the supervisor ended: \(appliance.supervisor?.output ?? "")")
            }
            let atControl = try Socket(path: control)
            _ = atControl.sendSome(FuzzTests.mangled(lines, &random))
            open.append(atControl)
            if let atHTTP = try? Socket(port: appliance.operatorPort) {
                _ = atHTTP.sendSome(FuzzTests.mangled(requests, &random))
                open.append(atHTTP)
            }
            for _ in 0..<5 { sendDatagram(FuzzTests.mangled(datagrams, &random), to: appliance.statsPort) }
            while open.count > 20 { open.remove(at: random.below(open.count)).reset() }
        }
        open = []
        // A report that was late in the crowd makes a process suspect until its next one.
        try appliance.waitUntilReady()
        #expect(try appliance.status().processes.map(\.pid) == pids)
        #expect(try appliance.app.publish("c1", "fine").status == "queued")
        #expect(try appliance.poller("c1").poll().texts == ["fine"])
    }

    /// A connection that asked to follow the events, and was gone before the answer, stayed among the followers. The
    /// next event ended the supervisor.
    @Test func followerThatLeavesBeforeTheAnswer_isForgotten() throws {
        let appliance = try Appliance(workers: 1)
        for _ in 0..<40 {
            let follower = try Socket(path: "\(appliance.folder.path)/run/control.sock")
            try follower.send("{\"op\":\"events\",\"follow\":true}\n")
            follower.close()
        }
        #expect(try appliance.command("restart", "worker-0").end == .exited(0))
        try appliance.waitUntilReady()
        #expect(appliance.supervisor?.isRunning == true)
    }

    /// 64 connections are kept. Silent ones make room, those that follow the events stay.
    @Test func silentConnections_doNotShutOutAnOrder() throws {
        let appliance = try Appliance(workers: 1)
        let control = "\(appliance.folder.path)/run/control.sock"
        let follower = try Socket(path: control)
        try follower.send("{\"op\":\"events\",\"follow\":true}\n")
        _ = try follower.readLine()
        let silent = try (0..<70).map { _ in try Socket(path: control) }
        #expect(try appliance.command("restart", "worker-0").end == .exited(0))
        while try !follower.readLine().contains("worker-0") {}
        try silent[0].waitForClose()
    }

    /// A program on the control socket may give itself any name, which goes into events, the log and `status`. It
    /// forges no line there and moves no cursor.
    @Test func wordsOfAnOperator_areOneLine_everywhere() throws {
        let appliance = try Appliance(workers: 1)
        let control = try Socket(path: "\(appliance.folder.path)/run/control.sock")
        // The text is sent as JSON. Only characters that JSON allows to be raw are raw.
        let json =
            "\"\\u001b[2J\u{9B}31m\u{7F}\\n2026-01-01T00:00:00.000Z megacomet[1]: CRITICAL forged\u{2028}\u{202E}"
            + String(repeating: "e\u{301}\u{302}", count: 4000) + "\""
        func order(_ words: String) throws -> String {
            try control.send("{\(words),\"reason\":\(json),\"via\":\(json),\"tty\":\(json)}\n")
            return try control.readLine()
        }
        #expect(try order("\"op\":\"hold\",\"name\":\"worker-0\"") == "{\"ok\":true}")
        let refusals = try ["\"op\":\(json)", "\"op\":\"hold\",\"name\":\(json)", "\"op\":\"crashes\",\"id\":\(json)"]
            .map(order)
        let events = [try appliance.events(), try appliance.command("events", "--json").output]
        try control.send("{\"op\":\"events\"}\n")
        let answer = try control.readLine()
        let log = try #require(appliance.supervisor).output
        for text in events + refusals + [answer, log] {
            #expect(!text.unicodeScalars.contains { $0.isObeyed && $0 != "\n" }, "\(text.prefix(2000))")
            #expect(!text.split(separator: "\n").contains { $0.hasPrefix("2026-01-01T00:00:00.000Z") })
        }
        for text in events + [log] {
            let line = try #require(text.split(separator: "\n").first { $0.contains("watchdog held") })
            #expect(line.contains("u001b[2J") && line.contains("reason ") && line.utf8.count < 1000, "\(line)")
        }
        #expect(try refusals.allSatisfy { try JSON.parse($0)["ok"] == .bool(false) })
    }

    /// The same holds for a client's id and a child's line.
    @Test func idsOfClients_andLinesOfChildren_areNotObeyed() throws {
        let appliance = try Appliance(workers: 1, starts: false)
        let says = #"printf 'a\033[2Jb\233c\302\2332\r\342\200\256d\n'"#
        _ = try appliance.replaceWorker(byScript: "#!/bin/sh\n\(says)\nexec '\(Program.folder)/megaworker' \"$@\"\n")
        try appliance.start()
        let id = "c\u{85}\u{9B}2J\u{2028}\u{202E}x"
        #expect(try appliance.app.publish(id, "kept").status == "queued")
        let outputs = try [["clients", "--json"], ["clients"], ["log", "worker-0"]].map {
            try Program.run("megacomet", $0 + ["-c", appliance.configuration], in: appliance.folder).output
        }
        for text in outputs + [try #require(appliance.supervisor).output] {
            #expect(!text.unicodeScalars.contains { $0.isObeyed && $0 != "\n" }, "\(text)")
        }
        let told = try JSON.parse(outputs[0])["clients"]?.array?.first?["client"]?.string
        #expect(told == id, "JSON gives it back as it is: \(outputs[0])")
        #expect(outputs[1].contains("c\\u0085\\u009b2J\\u2028\\u202ex"), "\(outputs[1])")
        #expect(outputs[2].contains("a\\u001b[2Jb\u{FFFD}c\\u009b2\\r\\u202ed"), "\(outputs[2])")
    }

    @Test func lineWithoutEnd_andClientsThatNeverRead_areBounded() throws {
        let appliance = try Appliance(workers: 1)
        let control = "\(appliance.folder.path)/run/control.sock"
        let endless = try Socket(path: control)
        let block = [UInt8](repeating: UInt8(ascii: "x"), count: 100_000)
        for _ in 0..<100 { _ = endless.sendSome(block) }
        let deaf = try Socket(path: control)
        let question = Array(repeating: Array("{\"op\":\"status\"}\n".utf8), count: 1000).flatMap { $0 }
        for _ in 0..<20 { _ = deaf.sendSome(question) }
        try appliance.waitUntilReady()
        #expect(Processes.privateMemory(appliance.supervisor!.pid) < 100_000_000)
    }
}
