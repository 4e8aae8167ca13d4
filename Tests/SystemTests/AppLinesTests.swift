import TestSupport
import Testing

/// Publishing a JSON object a line, on a connection that stays open.
struct AppLinesTests {
    @Test func theLastLine_needsNoNewline() throws {
        let pair = try Pair()
        let app = try Socket(port: pair.appPort)
        try app.send(#"{"client":"c","message":1}"#)
        app.endSending()
        #expect(try app.readToEnd().contains(#""status":"queued""#))
    }
    @Test func eachLine_getsALine() throws {
        let pair = try Pair()
        let lines = try LinePublisher(port: pair.appPort)
        let poller = try pair.held("here")
        let sent = try lines.publish("here", "hi")
        #expect(sent.status == "sent")
        let queued = try lines.publish("away", "hi")
        #expect(queued.status == "queued")
        #expect(queued.id! > sent.id!)
        #expect(try poller.finish().ids == [sent.id])
    }

    @Test func badLine_getsAnErrorLine_andTheConnectionGoesOn() throws {
        let pair = try Pair()
        let lines = try LinePublisher(port: pair.appPort)
        let bad = [
            "{\"client\":\"c1\",\"message\":}", "{}", "{\"client\":\"a/b\",\"message\":1}", "{\"client\":\"c1\"",
            "nonsense", "\u{0}", "{\"client\":\"c1\",\"message\":\"\u{1}\"}",
            "{\"client\":\"c1\",\"message\":" + String(repeating: "[", count: 5000)
                + String(repeating: "]", count: 5000) + "}", "\u{16}\u{3}\u{1}",
        ]
        try lines.publish("c1", "first")
        for line in bad {
            try lines.socket.send(line + "\n")
            let receipt = try lines.receipt()
            #expect(receipt.errorCode != nil, "\(line.prefix(60))")
            #expect(try lines.publish("c1", "next").status == "queued", "\(line.prefix(60))")
        }
        try lines.socket.send([UInt8]("{\"client\":\"c1\",\"message\":\"".utf8) + [0xFF, 0xC0] + [UInt8]("\"}\n".utf8))
        #expect(try lines.receipt().errorCode != nil)
        #expect(try pair.app.presence("c1").queued == bad.count + 1)
    }

    @Test func lineOver64KiB_isRefused_andTheNextIsTaken() throws {
        let pair = try Pair()
        let lines = try LinePublisher(port: pair.appPort)
        try lines.send("c1", String(repeating: "x", count: 65_535))
        #expect(try lines.receipt().errorCode != nil)
        #expect(try lines.publish("c1", "small").status == "queued")
        try lines.send("c1", String(repeating: "y", count: 65_534))
        #expect(try lines.receipt().status == "queued")
        // A line without end, far over any message, is one error. The next line is read as usual.
        let thread = try LinePublisher(port: pair.appPort)
        try thread.send("c1", String(repeating: "z", count: 3_000_000))
        #expect(try thread.receipt().errorCode != nil)
        #expect(try thread.publish("c1", "small").status == "queued")
        #expect(try pair.app.presence("c1").queued == 3)
    }

    @Test func linesSplitAtAnyByte_areWhole() throws {
        let pair = try Pair()
        let lines = try LinePublisher(port: pair.appPort)
        for byte in (Publisher.body("c1", json: "\"é\"") + "\n" + Publisher.body("c1", json: "2", ttl: 99.5) + "\n")
            .utf8
        { try lines.socket.send([byte]) }
        #expect(try lines.receipt().status == "queued")
        #expect(try lines.receipt().status == "queued")
        #expect(try pair.poller("c1").poll().messages.map(\.data) == [.string("é"), .number("2")])
    }

    @Test func manyLinesAtOnce_areAnsweredInOrder() throws {
        let pair = try Pair()
        let lines = try LinePublisher(port: pair.appPort)
        let count = 900
        try lines.socket.send((0..<count).map { Publisher.body("c1", json: "\($0)") + "\r\n" }.joined())
        var last = 0
        for _ in 0..<count {
            let receipt = try lines.receipt()
            #expect(receipt.id ?? 0 > last)
            last = receipt.id ?? 0
        }
        #expect(try pair.poller("c1").collect(count).map { $0.data.int } == (0..<count).map { $0 })
    }

    @Test func publisherThatEndsSending_getsAllItsAnswers() throws {
        let pair = try Pair()
        let lines = try LinePublisher(port: pair.appPort)
        for number in 0..<100 { try lines.send("c1", "\(number)") }
        lines.socket.endSending()
        let answers = try lines.socket.readToEnd().split(separator: "\n")
        #expect(answers.count == 100)
        #expect(try pair.app.presence("c1").queued == 100)
    }

    @Test func publisherThatNeverReads_harmsNoOneElse() throws {
        let pair = try Pair()
        let deaf = try Socket(port: pair.appPort, receiveBuffer: 4096)
        let line = Array((Publisher.body("c1", json: "1", ttl: 1) + "\n").utf8)
        let block = Array(repeating: line, count: 1000).flatMap { $0 }
        // It sends until the manager takes no more, or closes the connection. Both are right, as long as the manager
        // bounds what it holds.
        var total = 0
        while total < 64_000_000 {
            let sent = deaf.sendSome(block)
            total += sent
            if sent == 0 {
                // Each time it is another client, since one that has polled counts as connected until its next poll.
                let client = "c-\(total)"
                let poller = try pair.held(client)
                #expect(try pair.app.publish(client, "fine").status == "sent")
                #expect(try poller.finish().texts == ["fine"])
                if deaf.sendSome([32]) == 0 { break }
            }
        }
        #expect(try pair.app.publish("c3", "fine").status == "queued")
        #expect(pair.ended == "")
        #expect(Processes.privateMemory(pair.manager!.pid) < 200_000_000)
    }

    @Test func withAKey_theFirstLineHasIt() throws {
        let folder = try Folder()
        let pair = try Pair(manager: ["app-key-file": try folder.write("key", "s3cret")])
        let good = try LinePublisher(port: pair.appPort, key: "s3cret")
        // It is not fixed whether the key line is answered. The line after it must be.
        try good.send("c1", "x")
        var line = try good.socket.readLine()
        if try JSON.parse(line)["id"] == nil { line = try good.socket.readLine() }
        #expect(try JSON.parse(line)["status"]?.string == "queued")
        for first in ["{\"key\":\"wrong\"}", Publisher.body("c1", json: "1"), "{\"key\":1}", "{}"] {
            let bad = try Socket(port: pair.appPort)
            try bad.send(first + "\n" + Publisher.body("c1", json: "1") + "\n")
            let answer = try bad.readLine()
            #expect(try JSON.parse(answer)["error"]?["code"]?.string != nil, "\(first)")
        }
        #expect(try Publisher(port: pair.appPort, key: "s3cret").presence("c1").queued == 1)
    }
}
