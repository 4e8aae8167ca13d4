import FreePorts
import TestSupport
import Testing

/// The mistakes of the program of 2011, each by its letter in a list that was made from its source.
struct Defects2011Tests {
    /// The result of `write` was ignored: a message for a dead socket was lost.
    @Test func a_messageForADeadSocket_isNotLost() throws {
        let pair = try Pair()
        for round in 0..<30 {
            let client = "c\(round)"
            let poller = try pair.held(client, cursor: 0)
            poller.socket?.reset()
            try pair.app.publish(client, "kept")
            #expect(try pair.poller(client, cursor: 0).poll().texts == ["kept"])
        }
    }

    /// SIGPIPE was not ignored: one reset client could end a worker and everyone on it.
    @Test func b_clientsThatResetUnderAnAnswer_doNotEndTheWorker() throws {
        let pair = try Pair(worker: ["poll-timeout": "600"])
        let bystander = try pair.held("bystander")
        let text = String(repeating: "x", count: 60_000)
        for round in 0..<20 {
            for number in 0..<4 { try pair.app.publish("c\(round)", "\(number)\(text)") }
            let socket = try Socket(port: pair.client, receiveBuffer: 2048)
            try socket.send(HTTP.text("GET", "/c\(round).json") + HTTP.text("GET", "/c\(round).json"))
            _ = try socket.receive()
            socket.reset()
        }
        #expect(pair.ended == "")
        try pair.app.publish("bystander", "here")
        #expect(try bystander.finish().texts == ["here"])
    }

    /// A message for a client whose worker was down was dropped.
    @Test func c_messageWhileTheWorkerIsDown_waits() throws {
        let pair = try Pair()
        pair.killWorker(0)
        #expect(try pair.app.publish("c1", "kept").status == "queued")
        try pair.startWorker(0)
        #expect(try pair.poller("c1").poll().texts == ["kept"])
    }

    /// A second connection of a client left the index pointing into the first: when that closed, the second was deaf.
    @Test func d_closingTheOldTab_leavesTheNewOneReachable() throws {
        let pair = try Pair()
        let old = try pair.held("c1")
        let new = pair.poller("c1")
        try new.start()
        #expect(try old.socket!.readResponse().status == 409)
        old.socket?.close()
        try pair.held("fence").close()
        #expect(try pair.app.publish("c1", "for the new one").status == "sent")
        #expect(try new.finish().texts == ["for the new one"])
    }

    /// An error of `recv` was taken for a length: it read past its buffer, or spun 2^32 times.
    @Test func e_resetConnections_costNothing() throws {
        let pair = try Pair()
        let pid = pair.workers[0]!.pid
        for round in 0..<50 {
            let waiting = try pair.held("c\(round)")
            waiting.socket?.reset()
            let reading = try Socket(port: pair.client)
            try reading.send("GET /c.js")
            reading.reset()
        }
        let before = Processes.processorSeconds(pid)
        try pair.app.waitUntilGone("c49")
        _ = try pair.held("after")
        #expect(Processes.processorSeconds(pid) - before < 0.5)
        #expect(pair.ended == "")
    }

    /// A message left the queue before it was known to be written, one at a time.
    @Test func f_messageThatWasNotWritten_isStillQueued_andAllComeAtOnce() throws {
        let pair = try Pair()
        for number in 0..<10 { try pair.app.publish("c1", "\(number)") }
        let dying = try Socket(port: pair.client)
        try dying.send(HTTP.text("GET", "/c1.json?cursor=0"))
        try eventually("it was announced") { try pair.app.presence("c1").worker == 0 }
        dying.reset()
        #expect(try pair.poller("c1", cursor: 0).poll().texts == (0..<10).map(String.init))
    }

    /// Every queued message printed the whole queue to standard output.
    @Test func g_queueingPrintsNothing_andTakesTheSameTimeHoweverMuchWaits() throws {
        let pair = try Pair(manager: ["max-per-client": "100000"])
        let manager = try #require(pair.manager)
        let lines = try LinePublisher(port: pair.appPort)
        try lines.publish("c1", "first")
        let before = manager.output.utf8.count
        func seconds(_ count: Int) throws -> Double {
            let start = Processes.processorSeconds(manager.pid)
            for _ in 0..<count / 500 {
                for number in 0..<500 { try lines.send("c1", "secret \(number)") }
                for _ in 0..<500 { _ = try lines.receipt() }
            }
            return Processes.processorSeconds(manager.pid) - start
        }
        let (early, _, late) = (try seconds(5000), try seconds(10_000), try seconds(5000))
        #expect(late < early * 3 + 0.2)
        #expect(!manager.output.contains("secret"))
        #expect(manager.output.utf8.count - before < 2000)
    }

    /// A worker never came back to a manager that had died.
    @Test func h_workerFindsTheManagerAgain() throws {
        let pair = try Pair()
        for round in 0..<3 {
            let poller = try pair.held("c\(round)")
            pair.killManager()
            try pair.startManager()
            try pair.app.waitUntilConnected("c\(round)")
            #expect(try pair.app.publish("c\(round)", "again").status == "sent")
            #expect(try poller.finish().texts == ["again"])
        }
    }

    /// Ids over 128 bytes were cut short: two users shared a mailbox.
    @Test func i_longIds_areRefused_andNeverShared() throws {
        let pair = try Pair()
        let (first, second) = (String(repeating: "x", count: 128) + "1", String(repeating: "x", count: 128) + "2")
        #expect(try pair.app.publish(first, "secret").errorCode != nil)
        #expect(try HTTP.request("GET", "/\(second).json", port: pair.client).status == 400)
        #expect(try HTTP.request("GET", "/\(second).js", port: pair.client).status == 400)
        let most = String(repeating: "x", count: 128)
        try pair.app.publish(most, "mine")
        #expect(try pair.poller(most).poll().texts == ["mine"])
    }

    /// There was no timer: half requests and polls were held for ever.
    @Test func j_halfRequestsAndPolls_end() throws {
        let pair = try Pair(worker: ["header-timeout": "1", "poll-timeout": "1"])
        let half = try Socket(port: pair.client)
        try half.send("GET /c1")
        #expect(try half.readResponse().status == 408)
        #expect(try pair.poller("c1").poll().messages.isEmpty)
    }

    /// An accept that failed for want of descriptors was tried again at once, for ever.
    @Test func k_wantOfDescriptors_isNoSpin() throws {
        let pair = try Pair(descriptors: 80)
        let sockets = (0..<200).compactMap { _ in try? Socket(port: pair.client) }
        let pid = pair.workers[0]!.pid
        let (before, start) = (Processes.processorSeconds(pid), monotonicNanoseconds())
        try eventually("a second has passed") { monotonicNanoseconds() - start > 1_000_000_000 }
        #expect(Processes.processorSeconds(pid) - before < 0.5)
        #expect(sockets.count > 0)
        #expect(pair.ended == "")
    }

    /// Sockets were blocking: one client that did not read held up its worker.
    @Test func l_clientThatDoesNotRead_holdsUpNobody() throws {
        let pair = try Pair()
        let text = String(repeating: "x", count: 60_000)
        for number in 0..<8 { try pair.app.publish("deaf", "\(number)\(text)") }
        let deaf = try Socket(port: pair.client, receiveBuffer: 2048)
        try deaf.send(HTTP.text("GET", "/deaf.json") + HTTP.text("GET", "/deaf.json"))
        let poller = try pair.held("c1")
        try pair.app.publish("c1", "quick")
        #expect(try poller.finish().texts == ["quick"])
    }

    /// Anyone could publish, or call himself a worker. Now the manager's ports are on loopback unless the operator sets
    /// another address, and an open app port needs a key.
    @Test func m_managersPorts_areForThisMachine() throws {
        let folder = try Folder()
        let (linkPort, appPort) = (try Ports.free(), try Ports.free())
        let manager = try Program(
            "megamanager", ["--port", "\(linkPort)", "--app-port", "\(appPort)", "--run-directory", folder.path],
            in: folder)
        try eventually("it serves") { (try? Socket(port: appPort)) != nil }
        try eventually("it listens for workers, too") { !Processes.listeningAddresses(linkPort).isEmpty }
        for port in [linkPort, appPort] { #expect(Processes.listeningAddresses(port) == ["0100007F"]) }
        manager.kill()
    }
}
