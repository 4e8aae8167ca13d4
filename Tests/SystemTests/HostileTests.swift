import TestSupport
import Testing

/// Clients that mean harm, or are broken: no program ends, and nobody else waits for them.
struct HostileTests {
    /// Somebody else is served on both ports, and does not wait until the time of those who do harm is over.
    func expectOthersAreServed(_ pair: Pair, _ comment: Comment = "") throws {
        let client = "other-\(UInt32.random(in: 0 ... .max))"
        let poller = try pair.held(client)
        #expect(try pair.app.publish(client, "hi").status == "sent", comment)
        #expect(try poller.finish().texts == ["hi"], comment)
        #expect(pair.ended == "", comment)
    }

    @Test func halfRequestsByTheHundred_holdUpNobody_andAreEnded() throws {
        let pair = try Pair(worker: ["header-timeout": "2"])
        let request = HTTP.text("GET", "/slow.json", ["X-Long: \(String(repeating: "y", count: 2000))"])
        let sockets = try (0..<400).map { number in
            let socket = try Socket(port: pair.client)
            try socket.send(Array(request.prefix(number * 5 % request.count)))
            return socket
        }
        try expectOthersAreServed(pair)
        for socket in sockets { try socket.waitForClose() }
        try expectOthersAreServed(pair)
    }

    @Test func halfPublishesByTheHundred_holdUpNobody() throws {
        let pair = try Pair()
        let request = HTTP.text(
            "POST", "/publish",
            body: Array(Publisher.body("c1", json: "\"" + String(repeating: "y", count: 60_000) + "\"").utf8))
        let sockets = try (0..<200).map { number in
            let socket = try Socket(port: pair.appPort)
            try socket.send(Array(request.prefix(number * 300 % request.count)))
            return socket
        }
        try expectOthersAreServed(pair)
        // A line that never ends, and half a message of the seed's.
        let line = try Socket(port: pair.appPort)
        try line.send("{\"client\":\"")
        let seed = try Socket(port: pair.linkPort)
        try seed.send([2, 0x61])
        let frame = try Socket(port: pair.linkPort)
        try frame.send([16, 0, 0])
        try expectOthersAreServed(pair)
        #expect(sockets.count == 200)
    }

    @Test func bytesThatAreNoRequest_endOnlyTheirOwnConnection() throws {
        let pair = try Pair(worker: ["poll-timeout": "600"])
        let poller = try pair.held("c1")
        let nonsense: [[UInt8]] = [
            [0], [UInt8](repeating: 0, count: 10_000), Array("\n\n\n\n".utf8),
            [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3] + [UInt8](repeating: 7, count: 500),
            Array("SSH-2.0-OpenSSH_9\r\n".utf8), Array("\u{1}\u{0}\u{0}\u{0}".utf8),
            [UInt8](repeating: 0xFF, count: 70_000), [UInt8](repeating: 0x41, count: 200_000),
            Array((String(repeating: "[", count: 5000) + "\n").utf8), Array("{\"client\":\"a\",\"message\":1}\n".utf8),
            Array("GET /\r\n\r\n\r\n\r\nGET".utf8),
        ]
        for bytes in nonsense {
            for port in [pair.client, pair.appPort, pair.linkPort] {
                let socket = try Socket(port: port)
                _ = socket.sendSome(bytes)
                socket.endSending()
                try socket.waitForClose()
            }
            try expectOthersAreServed(pair)
        }
        try pair.app.publish("c1", "still held")
        #expect(try poller.finish().texts == ["still held"])
    }

    @Test func resetBetweenAnyTwoBytes_harmsNobody() throws {
        let pair = try Pair()
        let request = HTTP.text("GET", "/c1.json?cursor=0") + HTTP.text("GET", "/c1.json?cursor=0")
        for length in 0...request.count {
            let socket = try Socket(port: pair.client)
            try socket.send(Array(request.prefix(length)))
            if length % 2 == 0 { socket.reset() } else { socket.close() }
        }
        // By then all these connections were accepted and read.
        try expectOthersAreServed(pair)
        try pair.app.waitUntilGone("c1")
        let id = try pair.app.publish("c1", "kept")
        #expect(id.status == "queued")
        #expect(try pair.poller("c1", cursor: 0).poll().texts == ["kept"])
    }

    @Test func resetWhileAnswered_neverEndsAWorker() throws {
        let pair = try Pair()
        let large = String(repeating: "z", count: 60_000)
        for round in 0..<60 {
            let poller = try pair.held("c\(round)")
            let lines = try LinePublisher(port: pair.appPort)
            try lines.send("c\(round)", large)
            if round % 3 == 0 { _ = try lines.receipt() }
            poller.socket?.reset()
            if round % 3 == 1 { lines.socket.reset() }
        }
        try expectOthersAreServed(pair)
    }

    @Test func slowReaders_areCutAtABound_andHoldUpNobody() throws {
        let pair = try Pair()
        let large = String(repeating: "z", count: 60_000)
        for number in 0..<4 { for client in 0..<20 { try pair.app.publish("slow\(client)", "\(number)\(large)") } }
        // Each client asks for 240 KB and reads nothing of it, with many more requests behind.
        let slow = try (0..<20).map { number in
            let socket = try Socket(port: pair.client, receiveBuffer: 2048)
            try socket.send(HTTP.text("GET", "/slow\(number).json?cursor=0"))
            _ = socket.sendSome(Array(repeating: HTTP.text("GET", "/_/health"), count: 2000).flatMap { $0 })
            return socket
        }
        try expectOthersAreServed(pair)
        try expectOthersAreServed(pair)
        #expect(Processes.privateMemory(pair.workers[0]!.pid) < 100_000_000)
        slow.forEach { $0.reset() }
        // They keep the messages that they did not take.
        #expect(try pair.poller("slow3", cursor: 0).poll().messages.count == 4)
    }

    @Test func floodOfPipelinedRequests_isBounded() throws {
        let pair = try Pair()
        let socket = try Socket(port: pair.client)
        // Any bytes may follow a held poll. Only so many of them are read.
        try socket.send(HTTP.text("GET", "/c1.json"))
        try pair.app.waitUntilConnected("c1")
        let block = Array(repeating: HTTP.text("GET", "/_/health"), count: 1000).flatMap { $0 }
        var sent = 0
        for _ in 0..<300 { sent += socket.sendSome(block) }
        try expectOthersAreServed(pair)
        #expect(Processes.privateMemory(pair.workers[0]!.pid) < 60_000_000, "\(sent) bytes were sent")
    }

    @Test func workerOutOfDescriptors_goesOn() throws {
        let pair = try Pair(descriptors: 96)
        let held = (try? pair.held("c1")) ?? pair.poller("c1")
        var sockets: [Socket] = []
        for _ in 0..<300 { if let socket = try? Socket(port: pair.client) { sockets.append(socket) } }
        for (number, socket) in sockets.enumerated() { _ = socket.sendSome(HTTP.text("GET", "/x\(number).json")) }
        // An accept that fails does not spin: the processor time stays far under the time that passes.
        let pid = pair.workers[0]!.pid
        let before = Processes.processorSeconds(pid)
        let start = monotonicNanoseconds()
        try eventually("a second has passed") { monotonicNanoseconds() - start > 1_000_000_000 }
        #expect(Processes.processorSeconds(pid) - before < 0.5)
        #expect(pair.ended == "")
        try pair.app.publish("c1", "still here")
        #expect(try held.finish().texts == ["still here"])
        sockets = []
        try eventually("there is room again") {
            (try? HTTP.request("GET", "/_/health", port: pair.client, seconds: 1))?.status == 200
        }
        try expectOthersAreServed(pair)
    }

    @Test func connectionsThatAreNeverUsed_doNotFillTheAppPortForEver() throws {
        let pair = try Pair()
        let idle = try (0..<500).map { _ in try Socket(port: pair.appPort) }
        try expectOthersAreServed(pair)
        #expect(idle.count == 500)
    }

    @Test func sameClientPollingFromHundredsOfConnections_isOnePoll() throws {
        let pair = try Pair(workers: 2)
        var sockets: [Socket] = []
        for number in 0..<300 {
            let socket = try Socket(port: pair.clientPort(number % 2))
            try socket.send(HTTP.text("GET", "/one.json?cursor=0"))
            sockets.append(socket)
        }
        // All but one end with `replaced`, and that one gets the message.
        try eventually("one is left") { sockets.filter { !$0.isQuiet }.count == 299 }
        try pair.app.publish("one", "x")
        try eventually("it is answered") { sockets.allSatisfy { !$0.isQuiet } }
        let statuses = try sockets.map { try $0.readResponse().status }
        #expect(statuses.filter { $0 == 200 }.count == 1)
        #expect(statuses.filter { $0 == 409 }.count == 299)
        try expectOthersAreServed(pair)
    }
}
