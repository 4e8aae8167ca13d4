import TestSupport
import Testing

/// The supervisor's own doors: its control socket, the stats port, the operator's HTTP. It survives what comes, and its children never notice.
struct SupervisorHostileTests {
    @Test func mangledBytes_atEveryDoor_endNothing() throws {
        let appliance = try Appliance(workers: 1)
        let pids = try appliance.status().processes.map(\.pid)
        let control = "\(appliance.folder.path)/run/control.sock"
        var random = SeededRandom(FuzzTests.seed)
        let lines = [
            "{\"op\":\"status\"}\n", "{\"op\":\"start\",\"name\":\"worker-0\",\"pid\":1,\"boot\":\"00\"}\n", "{\"op\":\"events\",\"follow\":true}\n",
            "{\"op\":\"log\",\"name\":\"manager\"}\n", "{\"op\":\"crashes\"}\n", "{\"op\":\"doctor\"}\n", "{\"op\":17}\n", "[]\n", "\n", "{\"op\":\"\\u0000\"}\n",
        ].map { Array($0.utf8) }
        let requests = [HTTP.text("GET", "/status"), HTTP.text("GET", "/health"), HTTP.text("GET", "/metrics"), HTTP.text("POST", "/status"), Array("GET / HTTP/1.0\r\n\r\n".utf8)]
        let datagrams = [[UInt8](repeating: 0, count: 80), Array("MEGA".utf8) + [UInt8](repeating: 1, count: 1196), [UInt8](repeating: 0xFF, count: 1200), [1], []]
        let deadline = Deadline(seconds: min(4, FuzzTests.seconds))
        var open: [Socket] = []
        while !deadline.isOver {
            // Only what can't be an order that would be obeyed: `stop`, `kill` and the like are not among the samples.
            guard let supervisor = appliance.supervisor, supervisor.isRunning else { throw Failure("the supervisor ended: \(appliance.supervisor?.output ?? "")") }
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
        try eventually("all reports come") { try appliance.status().allReady }
        #expect(try appliance.status().processes.map(\.pid) == pids)
        #expect(try appliance.app.publish("c1", "fine").status == "queued")
        #expect(try appliance.poller("c1").poll().texts == ["fine"])
    }

    /// One that asked to follow the events and was gone before the answer stayed among the followers: the next event ended the supervisor.
    @Test func followerThatLeavesBeforeTheAnswer_isForgotten() throws {
        let appliance = try Appliance(workers: 1)
        for _ in 0..<40 {
            let follower = try Socket(path: "\(appliance.folder.path)/run/control.sock")
            try follower.send("{\"op\":\"events\",\"follow\":true}\n")
            follower.close()
        }
        #expect(try appliance.command("restart", "worker-0").end == .exited(0))
        try eventually("it is back") { try appliance.status().allReady }
        #expect(appliance.supervisor?.isRunning == true)
    }

    /// 64 connections are kept. Those that ask nothing make room, those that follow the events stay.
    @Test func silentConnections_doNotShutOutAnOrder() throws {
        let appliance = try Appliance(workers: 1)
        let control = "\(appliance.folder.path)/run/control.sock"
        let follower = try Socket(path: control)
        try follower.send("{\"op\":\"events\",\"follow\":true}\n")
        _ = try follower.readLine()
        let silent = try (0..<70).map { _ in try Socket(path: control) }
        #expect(try appliance.command("restart", "worker-0").end == .exited(0))
        #expect(try follower.readLine().contains("worker-0"))
        try silent[0].waitForClose()
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
        #expect(try appliance.status().allReady)
        #expect(Processes.privateMemory(appliance.supervisor!.pid) < 100_000_000)
    }
}
