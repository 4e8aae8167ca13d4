// One file: the link, frame by frame, from both ends.
import TestSupport
import Testing

/// The manager, as seen by a worker that is made by hand.
struct ManagerFramesTests {
    /// A link that was accepted.
    func link(_ pair: Pair, worker: UInt64 = 0) throws -> Socket {
        let socket = try Socket(port: pair.linkPort)
        try socket.send(.hello(worker: worker))
        let welcome = try socket.readFrameButTurn()
        #expect(welcome.op == WireFrame.welcome)
        return socket
    }
    func pair(_ workers: Int = 1, _ settings: [String: String] = [:]) throws -> Pair {
        try Pair(workers: 0, manager: ["workers": "\(workers)"].merging(settings) { $1 })
    }

    @Test func hello_isWelcomed_andAPollGetsItsMessage() throws {
        let pair = try pair()
        let worker = try link(pair)
        try worker.send(WireFrame(WireFrame.connected, tag: 5, client: "c1"))
        try pair.app.waitUntilConnected("c1", worker: 0)
        let receipt = try pair.app.publish("c1", json: "{\"a\":1}")
        #expect(receipt.status == "sent")
        let message = try worker.readFrameButTurn()
        #expect(
            message
                == WireFrame(WireFrame.message, tag: 5, number: UInt64(receipt.id!), client: "c1", body: "{\"a\":1}"))
        // The poll ends with its answer, so the next message is queued.
        #expect(try pair.app.publish("c1", "next").status == "queued")
    }

    @Test func silentConnections_makeRoomForAWorker() throws {
        let pair = try pair(1)
        let silent = try (0..<1200).map { _ in try Socket(port: pair.linkPort) }
        _ = try link(pair)
        #expect(silent.count == 1200)
    }

    @Test func aLinkWithoutHello_ends() throws {
        let pair = try pair(1, ["seed-protocol": "false"])
        let silent = try Socket(port: pair.linkPort)
        #expect(try silent.readToEnd().isEmpty)
    }

    @Test func queuedMessages_comeAsOneAnswer_inOrder() throws {
        let pair = try pair()
        let worker = try link(pair)
        let ids = try (0..<5).map { UInt64(try #require(try pair.app.publish("c1", "\($0)").id)) }
        try worker.send(WireFrame(WireFrame.connected, tag: 63, client: "c1"))
        for number in 0..<5 {
            let frame = try worker.readFrameButTurn()
            #expect(frame.number == ids[number])
            #expect(frame.tag == 63)
            #expect(frame.flags == (number < 4 ? WireFrame.more : 0))
        }
    }

    @Test func singlePoll_getsOneMessage() throws {
        let pair = try pair()
        let worker = try link(pair)
        for number in 0..<2 { try pair.app.publish("c1", "\(number)") }
        for number in 0..<2 {
            try worker.send(WireFrame(WireFrame.connected, flags: WireFrame.single, tag: UInt16(number), client: "c1"))
            let frame = try worker.readFrameButTurn()
            #expect(frame.body == "\"\(number)\"")
            #expect(frame.flags == 0)
        }
    }

    @Test func undelivered_goesBackToItsOldPlace() throws {
        let pair = try pair()
        let worker = try link(pair)
        try worker.send(WireFrame(WireFrame.connected, tag: 1, client: "c1"))
        try pair.app.waitUntilConnected("c1")
        let first = try pair.app.publish("c1", "first")
        let frame = try worker.readFrameButTurn()
        try pair.app.publish("c1", "second")
        try worker.send(WireFrame(WireFrame.undelivered, tag: 1, number: frame.number, client: "c1", body: frame.body))
        try eventually("both wait") { try pair.app.presence("c1").queued == 2 }
        try worker.send(WireFrame(WireFrame.connected, tag: 2, client: "c1"))
        let again = [try worker.readFrameButTurn(), try worker.readFrameButTurn()]
        #expect(again.map(\.body) == ["\"first\"", "\"second\""])
        #expect(again[0].number == UInt64(first.id!))
    }

    @Test func undelivered_forACursorClient_isNotDoubled() throws {
        let pair = try pair()
        let worker = try link(pair)
        try worker.send(WireFrame(WireFrame.connected, flags: WireFrame.acknowledges, tag: 1, client: "c1"))
        try pair.app.waitUntilConnected("c1")
        let id = UInt64(try #require(try pair.app.publish("c1", "first").id))
        let frame = try worker.readFrameButTurn()
        try worker.send(WireFrame(WireFrame.undelivered, tag: 1, number: frame.number, client: "c1", body: frame.body))
        try worker.send(WireFrame(WireFrame.connected, flags: WireFrame.acknowledges, tag: 2, client: "c1"))
        let again = try worker.readFrameButTurn()
        #expect(again.number == id)
        #expect(again.flags == 0)
        try worker.send(WireFrame(WireFrame.connected, flags: WireFrame.acknowledges, tag: 3, number: id, client: "c1"))
        try pair.app.waitUntilConnected("c1")
        #expect(try pair.app.presence("c1").queued == 0)
    }

    @Test func undelivered_neverGivenOut_orMadeUp_doesNoHarm() throws {
        let pair = try pair()
        let worker = try link(pair)
        try worker.send(WireFrame(WireFrame.undelivered, number: 1, client: "c9", body: "\"x\""))
        try worker.send(WireFrame(WireFrame.undelivered, number: .max, client: "c9", body: "\"y\""))
        try worker.send(WireFrame(WireFrame.gone, tag: 9, client: "never"))
        #expect(try pair.app.publish("c1", "fine").status == "queued")
        #expect(pair.ended == "")
    }

    @Test func gone_endsAPoll_butOnlyTheOneItNames() throws {
        let pair = try pair()
        let worker = try link(pair)
        try worker.send(
            WireFrame(WireFrame.connected, tag: 1, client: "c1"), WireFrame(WireFrame.gone, tag: 1, client: "c1"))
        try pair.app.waitUntilGone("c1")
        #expect(try pair.app.publish("c1", "kept").status == "queued")
        // The late end of an older poll does not end the newer one.
        try worker.send(
            WireFrame(WireFrame.connected, tag: 2, client: "c2"), WireFrame(WireFrame.connected, tag: 3, client: "c2"),
            WireFrame(WireFrame.gone, tag: 2, client: "c2"))
        try worker.send(WireFrame(WireFrame.connected, tag: 9, client: "fence"))
        try pair.app.waitUntilConnected("fence")
        #expect(try pair.app.presence("c2").connected)
    }

    @Test func pollOnAnotherWorker_replacesTheFirst() throws {
        let pair = try pair(2)
        let (a, b) = (try link(pair, worker: 0), try link(pair, worker: 1))
        try a.send(WireFrame(WireFrame.connected, tag: 7, client: "c1"))
        try pair.app.waitUntilConnected("c1", worker: 0)
        try b.send(WireFrame(WireFrame.connected, tag: 8, client: "c1"))
        #expect(try a.readFrameButTurn() == WireFrame(WireFrame.replaced, tag: 7, client: "c1"))
        try pair.app.publish("c1", "x")
        #expect(try b.readFrameButTurn().body == "\"x\"")
    }

    @Test func deadLink_countsItsClientsAsGone_andQueuesForThem() throws {
        let pair = try pair()
        let worker = try link(pair)
        try worker.send(WireFrame(WireFrame.connected, client: "c1"), WireFrame(WireFrame.connected, client: "c2"))
        try pair.app.waitUntilConnected("c2")
        worker.reset()
        try pair.app.waitUntilGone("c1")
        try pair.app.waitUntilGone("c2")
        #expect(try pair.app.publish("c1", "kept").status == "queued")
        let next = try link(pair)
        try next.send(WireFrame(WireFrame.connected, client: "c1"))
        #expect(try next.readFrameButTurn().body == "\"kept\"")
    }

    /// A rolling restart drains the old worker beside the new one, so two of our workers may have one number. A worker
    /// of the seed may not have a number that ours hold.
    @Test func twoOfOurs_mayHoldOneNumber_andASeedWorkerNotBesideThem() throws {
        let pair = try pair(2)
        let (old, new) = (try link(pair), try link(pair))
        try old.send(WireFrame(WireFrame.connected, client: "old"))
        try new.send(WireFrame(WireFrame.connected, client: "new"))
        try pair.app.waitUntilConnected("old", worker: 0)
        try pair.app.waitUntilConnected("new", worker: 0)
        let seed = try Socket(port: pair.linkPort)
        try seed.send([1, 0])
        try seed.waitForClose()
        old.close()
        try pair.app.waitUntilGone("old")
        #expect(try pair.app.publish("new", "x").status == "sent")
        #expect(try new.readFrameButTurn().client == "new")
    }

    @Test func wrongHello_isClosed() throws {
        let pair = try pair(2)
        var short = WireFrame(WireFrame.hello)
        short.body = "x"
        for frame in [
            WireFrame.hello(worker: 0, version: 0), .hello(worker: 0, version: 3), .hello(worker: .max), short,
            WireFrame(WireFrame.connected, client: "c1"), WireFrame(WireFrame.message, client: "c"),
        ] {
            let socket = try Socket(port: pair.linkPort)
            try socket.send(frame)
            try socket.waitForClose()
        }
        _ = try link(pair)
        #expect(pair.ended == "")
    }

    @Test func helloWithoutTheSupervisorsToken_isRefused() throws {
        let run = try Folder()
        _ = try run.write("stats.token", "000102030405060708090a0b0c0d0e0f\n")
        let pair = try pair(1, ["run-directory": run.path])
        for token in [[UInt8](repeating: 0, count: 16), [UInt8](repeating: 1, count: 16)] {
            let stranger = try Socket(port: pair.linkPort)
            try stranger.send(.hello(worker: 0, token: token))
            try stranger.waitForClose()
        }
        let ours = try Socket(port: pair.linkPort)
        try ours.send(.hello(worker: 0, token: Array(0..<16)))
        #expect(try ours.readFrameButTurn().op == WireFrame.welcome)
    }

    @Test func malformedFrames_closeThatLinkAlone() throws {
        let pair = try pair(2)
        let good = try link(pair, worker: 1)
        let bad: [[UInt8]] = [
            [200] + [UInt8](repeating: 0, count: 15), [17, 0xFF] + [UInt8](repeating: 0, count: 22),
            [20, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 1, count: 9),
            WireFrame(WireFrame.message, client: "c1", body: "1").bytes,
            WireFrame(WireFrame.connected, client: "").bytes, WireFrame(WireFrame.connected, client: "a.b").bytes,
            [17, 2] + [UInt8](repeating: 0, count: 22) + [0xFF, 0xFE],
        ]
        for bytes in bad {
            let socket = try eventually("worker 0 is welcome") { try? link(pair, worker: 0) }
            try socket.send(bytes)
            // The link is closed, or the frame is ignored: never does a client count that can't exist.
            _ = try? socket.waitForClose(seconds: 0.2)
        }
        try good.send(WireFrame(WireFrame.connected, client: "c1"))
        try pair.app.waitUntilConnected("c1", worker: 1)
        #expect(pair.ended == "")
    }

    /// A worker of release 1 has no slot, no credit, and a tag of six bits.
    @Test func aWorkerOfVersion1_isServed_besideOneOfVersion2() throws {
        let pair = try pair(2)
        let old = try Socket(port: pair.linkPort)
        try old.send(.hello(worker: 0, version: 1))
        #expect(try old.readFrame(version: 1).op == WireFrame.welcome)
        try old.send(WireFrame(WireFrame.connected, flags: 1, tag: 63, number: 0, client: "c1").version1Bytes)
        try pair.app.waitUntilConnected("c1", worker: 0)
        let id = UInt64(try #require(try pair.app.publish("c1", "hi").id))
        let message = try old.readFrameButTurn(version: 1)
        #expect(message == WireFrame(WireFrame.message, tag: 63, number: id, client: "c1", body: "\"hi\""))

        // Its poll is replaced by one on a worker of version 2, and the other way round.
        try old.send(WireFrame(WireFrame.connected, flags: 1, tag: 1, number: id, client: "c1").version1Bytes)
        try eventually("c1 waits, acknowledged") { try pair.app.presence("c1").queued == 0 }
        let new = try link(pair, worker: 1)
        var poll = WireFrame(WireFrame.connected, flags: WireFrame.acknowledges, tag: 700, slot: 9, client: "c1")
        (poll.number, poll.body) = (id, "\0\u{4}\0\0\0\0\0\u{5}")
        try new.send(poll)
        #expect(
            try old.readFrameButTurn(version: 1)
                == WireFrame(WireFrame.replaced, tag: 1, number: id, client: "c1"))
        try old.send(WireFrame(WireFrame.connected, flags: 1, tag: 2, number: id, client: "c1").version1Bytes)
        #expect(try new.readFrameButTurn() == WireFrame(WireFrame.replaced, for: poll, number: id))
        // Both bits of a message: more, and a gap.
        try old.send(WireFrame(WireFrame.gone, flags: 1, tag: 2, number: id, client: "c1").version1Bytes)
        for number in 0..<2 { #expect(try pair.app.publish("c1", "\(number)").status == "queued") }
        try old.send(WireFrame(WireFrame.connected, flags: 1, tag: 3, number: 5, client: "c1").version1Bytes)
        #expect(try old.readFrameButTurn(version: 1).flags == 3)
        #expect(try old.readFrameButTurn(version: 1).flags == 2)
    }

    @Test func framesInPieces_areWhole() throws {
        let pair = try pair()
        let worker = try link(pair)
        for byte in WireFrame(WireFrame.connected, tag: 4, client: "é").bytes
            + WireFrame(WireFrame.connected, client: "b").bytes
        { try worker.send([byte]) }
        try pair.app.waitUntilConnected("b")
        try pair.app.publish("é", "x")
        #expect(try worker.readFrameButTurn().tag == 4)
    }
}

/// A worker, as seen by a manager that is made by hand.
struct WorkerFramesTests {
    func linked(_ settings: [String: String] = [:]) throws -> (pair: Pair, listener: Listener, manager: Socket) {
        let listener = try Listener()
        let pair = try Pair(worker: settings, startsManager: false, linkPort: listener.port)
        let manager = try listener.accept()
        let hello = try manager.readHello()
        #expect(hello.op == WireFrame.hello)
        #expect(hello.number == 0)
        #expect(hello.body.utf8.first == 2)
        #expect(try HTTP.request("GET", "/_/health", port: pair.client).status == 503)
        try manager.send(WireFrame(WireFrame.welcome, number: 1 << 20))
        try eventually("linked") { try HTTP.request("GET", "/_/health", port: pair.client).status == 200 }
        return (pair, listener, manager)
    }

    @Test func poll_isTold_answered_andNotToldAgain() throws {
        let (pair, _, manager) = try linked()
        let poller = pair.poller("c1", cursor: 40)
        try poller.start()
        let told = try manager.readFrameButTurn()
        #expect(told.op == WireFrame.connected)
        #expect(told.client == "c1")
        #expect(told.number == 40)
        #expect(told.flags == WireFrame.acknowledges)
        #expect(told.body.utf8.elementsEqual([0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40]))
        try manager.send(
            WireFrame(WireFrame.message, flags: WireFrame.more | WireFrame.gap, for: told, number: 41, body: "1"),
            WireFrame(WireFrame.message, for: told, number: 43, body: "\"é\""))
        let envelope = try poller.finish()
        #expect(envelope.ids == [41, 43])
        #expect(envelope.cursor == 43)
        #expect(envelope.gap)
        // The worker does not announce an end that the manager caused.
        try poller.start()
        let next = try manager.readFrameButTurn()
        #expect(next.op == WireFrame.connected)
        #expect(next.number == 43)
        #expect(next.tag != told.tag)
    }

    @Test func clientThatLeaves_isGone() throws {
        let (pair, _, manager) = try linked()
        let poller = pair.poller("c1")
        try poller.start()
        let told = try manager.readFrameButTurn()
        poller.socket?.reset()
        let gone = try manager.readFrameButTurn()
        #expect(gone.op == WireFrame.gone)
        #expect(gone.client == "c1")
        #expect(gone.tag == told.tag && gone.slot == told.slot)
    }

    @Test(arguments: [true, false])
    func clientThatEndsItsSide_hasItsMessageOnlyIfItIsThere(isThere: Bool) throws {
        let (pair, _, manager) = try linked()
        // A poll that the manager surely knows, after a second, is not announced again. Then this machine was busy, and
        // there is another one.
        var (poller, told, again) = (pair.poller("c0"), WireFrame(WireFrame.gone), WireFrame(WireFrame.gone))
        for number in 1...10 where again.op == WireFrame.gone {
            poller = pair.poller("c\(number)")
            try poller.start()
            told = try manager.readFrameButTurn()
            if isThere { poller.socket?.endSending() } else { poller.socket?.close() }
            again = try manager.readFrameButTurn()
        }
        #expect(again == WireFrame(WireFrame.connected, flags: WireFrame.atOnce, for: told, body: told.body))
        try manager.send(WireFrame(WireFrame.message, for: told, number: 9, body: "1"))
        #expect(try manager.readFrameButTurn() == WireFrame(WireFrame.gone, for: told))
        if isThere { return #expect(try poller.finish().ids == [9]) }
        // The client's kernel had no reader for the answer.
        let back = try manager.readFrameButTurn()
        #expect(back == WireFrame(WireFrame.undelivered, for: told, number: 9, body: "1"))
    }

    @Test func messageForNobody_isGivenBackWhole() throws {
        let (pair, _, manager) = try linked()
        try manager.send(WireFrame(WireFrame.message, tag: 3, number: 9, client: "nobody", body: "{\"x\":1}"))
        let back = try manager.readFrameButTurn()
        #expect(back == WireFrame(WireFrame.undelivered, tag: 3, number: 9, client: "nobody", body: "{\"x\":1}"))
        // The same for a message that is meant for an earlier poll of the client.
        let poller = pair.poller("c1")
        try poller.start()
        let told = try manager.readFrameButTurn()
        for (tag, slot) in [(told.tag &+ 1, told.slot), (told.tag, told.slot + 1)] {
            try manager.send(
                WireFrame(WireFrame.message, tag: tag, slot: slot, number: 10, client: "c1", body: "1"))
            #expect(try manager.readFrameButTurn().op == WireFrame.undelivered)
        }
        #expect(poller.socket!.isQuiet)
    }

    @Test func answerInPieces_isWrittenWhole() throws {
        let (pair, _, manager) = try linked()
        let poller = pair.poller("c1", form: .jsonp)
        try poller.start()
        let told = try manager.readFrameButTurn()
        let bytes =
            WireFrame(WireFrame.message, flags: WireFrame.more, for: told, number: 1, body: "1").bytes
            + WireFrame(WireFrame.message, for: told, number: 2, body: "2").bytes
        for byte in bytes { try manager.send([byte]) }
        #expect(try poller.finish().ids == [1, 2])
    }

    @Test func replaced_endsThePoll() throws {
        let (pair, _, manager) = try linked()
        let poller = pair.poller("c1", form: .jsonp)
        try poller.start()
        let told = try manager.readFrameButTurn()
        try manager.send(WireFrame(WireFrame.replaced, for: told))
        #expect(try poller.finish().errorCode == "replaced")
    }

    @Test func managerThatLeaves_cutsNoClient_andIsToldAllAgain() throws {
        let (pair, listener, manager) = try linked()
        let pollers = (0..<20).map { (number: Int) in pair.poller("c\(number)", cursor: number) }
        for poller in pollers { try poller.start() }
        for _ in pollers { #expect(try manager.readFrameButTurn().op == WireFrame.connected) }
        manager.reset()
        let next = try listener.accept()
        #expect(try next.readHello().op == WireFrame.hello)
        #expect(pollers.allSatisfy { $0.socket!.isQuiet })
        try next.send(WireFrame(WireFrame.welcome, number: 1 << 20))
        var told: [String: WireFrame] = [:]
        for _ in pollers {
            let frame = try next.readFrameButTurn()
            #expect(frame.op == WireFrame.connected)
            told[frame.client] = frame
        }
        #expect(told.count == 20)
        for (number, poller) in pollers.enumerated() {
            let frame = try #require(told["c\(number)"])
            #expect(frame.number == UInt64(number))
            try next.send(WireFrame(WireFrame.message, for: frame, number: 100, body: "\(number)"))
            #expect(try poller.finish().messages.first?.data.int == number)
        }
    }

    @Test func managerThatSpeaksNonsense_isLeft_andTheClientsStay() throws {
        let (pair, listener, first) = try linked()
        let poller = pair.poller("c1")
        try poller.start()
        _ = try first.readFrameButTurn()
        try first.send([UInt8](repeating: 200, count: 64))
        try first.waitForClose()
        var manager = try listener.accept()
        for bytes in [
            [16] + [UInt8](repeating: 0, count: 23), WireFrame(WireFrame.undelivered, client: "c", body: "1").bytes,
            [19, 0xFF] + [UInt8](repeating: 0xFF, count: 22),
        ] {
            _ = try manager.readHello()
            try manager.send(bytes)
            try manager.waitForClose()
            manager = try listener.accept(seconds: 30)
        }
        _ = try manager.readHello()
        try manager.send(WireFrame(WireFrame.welcome, number: 1))
        let told = try manager.readFrameButTurn()
        try manager.send(WireFrame(WireFrame.message, for: told, number: 7, body: "1"))
        #expect(try poller.finish().ids == [7])
        #expect(pair.ended == "")
    }
}
