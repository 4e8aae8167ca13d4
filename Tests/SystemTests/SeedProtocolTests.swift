import TestSupport
import Testing

/// The seed's own protocol on the workers' port: `1 n`, and `2 c m` with a null behind each.
struct SeedProtocolTests {
    static func message(_ client: String, _ text: String) -> [UInt8] {
        [2] + Array(client.utf8) + [0] + Array(text.utf8) + [0]
    }

    @Test func seedApp_publishesToAClientOfOurs() throws {
        let pair = try Pair()
        let poller = try pair.held("c1")
        let app = try Socket(port: pair.linkPort)
        try app.send(SeedProtocolTests.message("c1", "héllo \"you\"\n</script>"))
        #expect(try poller.finish().texts == ["héllo \"you\"\n</script>"])
        // A message for an absent client is queued, as any other.
        try app.send(
            SeedProtocolTests.message("c2", "one") + SeedProtocolTests.message("c2", "")
                + SeedProtocolTests.message("c2", "three"))
        try eventually("queued") { try pair.app.presence("c2").queued == 3 }
        let bare = try Socket(port: pair.client)
        var bodies: [String] = []
        for _ in 0..<3 {
            try bare.send(HTTP.text("GET", "/c2.js"))
            bodies.append(try bare.readResponse().body)
        }
        #expect(bodies == ["one", "", "three"])
    }

    @Test func seedMessage_isSplitAtAnyByte() throws {
        let pair = try Pair()
        let bytes =
            SeedProtocolTests.message("first", "1") + SeedProtocolTests.message("second", "日本")
            + SeedProtocolTests.message("third", "3")
        for split in 0...bytes.count {
            let app = try Socket(port: pair.linkPort)
            if split > 0 { try app.send(Array(bytes[..<split])) }
            // The answer comes on another connection, so everything sent before has been read.
            _ = try pair.app.presence("x")
            try app.send(Array(bytes[split...]))
            app.endSending()
            try app.waitForClose()
            for (client, text) in [("first", "1"), ("second", "日本"), ("third", "3")] {
                #expect(try pair.poller(client).poll().texts == [text], "split at \(split)")
            }
        }
    }

    @Test func seedMessage_byteByByte() throws {
        let pair = try Pair()
        let app = try Socket(port: pair.linkPort)
        for byte in SeedProtocolTests.message("c1", "slowly") { try app.send([byte]) }
        #expect(try pair.poller("c1").poll().texts == ["slowly"])
    }

    @Test func seedWorker_getsWhatHashesToIt_atOnce() throws {
        // X31 of the name is 1077910243, which is 3 modulo 8.
        let pair = try Pair(workers: 0, manager: ["workers": "8"])
        let client = "supercalifragilisticexpialidocious"
        let three = try Socket(port: pair.linkPort)
        try three.send([1, 3])
        let four = try Socket(port: pair.linkPort)
        try four.send([1, 4])
        let app = try Socket(port: pair.linkPort)
        let receipt = try eventually("the worker has its number") { () -> Receipt? in
            let receipt = try pair.app.publish(client, json: "{\"a\":\"é\"}", ttl: 1)
            return receipt.status == "sent" ? receipt : nil
        }
        #expect(receipt.id != nil)
        try app.send(SeedProtocolTests.message(client, "from the seed"))
        let expected =
            SeedProtocolTests.message(client, "{\"a\":\"é\"}") + SeedProtocolTests.message(client, "from the seed")
        // The messages queued before the number was there come first. All of them have the same text.
        var got = try three.read(expected.count)
        while !got.elementsEqual(expected) {
            let extra = SeedProtocolTests.message(client, "{\"a\":\"é\"}").count
            got = Array(got.dropFirst(extra)) + (try three.read(extra))
        }
        #expect(four.isQuiet)
    }

    @Test func seedWorker_getsAStringsText() throws {
        let pair = try Pair(workers: 0, manager: ["workers": "1"])
        let worker = try Socket(port: pair.linkPort)
        try worker.send([1, 0])
        try eventually("sent") { try pair.app.publish("c1", json: "\"a\\n\\u00e9\"").status == "sent" }
        let expected = SeedProtocolTests.message("c1", "a\né")
        #expect(try worker.read(expected.count) == expected)
    }

    @Test func seedNumberHash_isSignedBytes() throws {
        // The bytes are C3 A9: ((-61) * 31 + (-87)) in 32 bits is 4294965318, which is 6 modulo 8.
        let pair = try Pair(workers: 0, manager: ["workers": "8"])
        let six = try Socket(port: pair.linkPort)
        try six.send([1, 6])
        try eventually("sent") { try pair.app.publish("é", "x").status == "sent" }
        let expected = SeedProtocolTests.message("é", "x")
        #expect(try six.read(expected.count) == expected)
    }

    @Test func numberThatALiveWorkerHolds_isRefused() throws {
        let pair = try Pair(workers: 1, manager: ["workers": "8"])
        for number in [0, 3, 9, 255] as [UInt8] {
            if number == 3 {
                let first = try Socket(port: pair.linkPort)
                try first.send([1, 3])
                try eventually("it holds it") {
                    try pair.app.publish("supercalifragilisticexpialidocious", "x").status == "sent"
                }
                let second = try Socket(port: pair.linkPort)
                try second.send([1, 3])
                try second.waitForClose()
                let length = SeedProtocolTests.message("supercalifragilisticexpialidocious", "x").count
                #expect(try first.read(length).first == 2)
                first.close()
            } else {
                let other = try Socket(port: pair.linkPort)
                try other.send([1, number])
                try other.waitForClose()
            }
        }
        #expect(try HTTP.request("GET", "/_/health", port: pair.client).status == 200)
    }

    @Test func seedBadMessages_doNoHarm() throws {
        let pair = try Pair()
        let bad: [[UInt8]] = [
            [0], [3, 1], [2, 0, 0], SeedProtocolTests.message("a/b", "x"),
            SeedProtocolTests.message(String(repeating: "x", count: 129), "x"),
            [2] + [UInt8](repeating: 0x61, count: 300_000),
            SeedProtocolTests.message("c", String(repeating: "y", count: 65_537)),
            [2, 0xFF, 0xFE, 0, 0x61, 0], [2, 0x63, 0, 0xFF, 0], Array("GET / HTTP/1.1\r\n\r\n".utf8),
            [0x16, 3, 1, 2, 0],
        ]
        for bytes in bad {
            let app = try Socket(port: pair.linkPort)
            try? app.send(bytes, seconds: 2)
            app.endSending()
            try app.waitForClose()
        }
        #expect(try pair.app.presence(String(repeating: "x", count: 128)).queued == 0)
        #expect(try pair.app.presence("c").queued == 0)
        let app = try Socket(port: pair.linkPort)
        try app.send(SeedProtocolTests.message("c1", "fine"))
        #expect(try pair.poller("c1").poll().texts == ["fine"])
        #expect(pair.ended == "")
    }

    /// The seed's protocol knows no key. If there is a key, it is off, unless it is switched on by name.
    @Test func besideAKey_itIsSpokenOnlyWhereItIsSwitchedOn() throws {
        let folder = try Folder()
        let key = try folder.write("key", "s3cret\n")
        for (setting, isSpoken) in [("", false), ("auto", false), ("true", true)] {
            let pair = try Pair(manager: ["app-key-file": key, "seed-protocol": setting])
            let (app, worker) = (try Socket(port: pair.linkPort), try Socket(port: pair.linkPort))
            try app.send(SeedProtocolTests.message("c1", "x"))
            let publisher = Publisher(port: pair.appPort, key: "s3cret")
            if isSpoken {
                try eventually("it is queued") { try publisher.presence("c1").queued == 1 }
            } else {
                try app.waitForClose()
                try worker.send([1, 0])
                try worker.waitForClose()
                #expect(try publisher.presence("c1").queued == 0)
            }
            #expect(try HTTP.request("GET", "/_/health", port: pair.client).status == 200)
        }
    }

    @Test func turnedOff_itIsNotSpoken() throws {
        let pair = try Pair(manager: ["seed-protocol": "false"])
        let app = try Socket(port: pair.linkPort)
        try app.send(SeedProtocolTests.message("c1", "x"))
        try app.waitForClose()
        #expect(try pair.app.presence("c1").queued == 0)
        #expect(try HTTP.request("GET", "/_/health", port: pair.client).status == 200)
    }
}
