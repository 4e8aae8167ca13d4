import TestSupport
import Testing

/// Made-up and mangled bytes over live sockets, from a seed. Programs survive them and go on serving.
/// MEGACOMET_FUZZ_SECONDS makes it longer, MEGACOMET_FUZZ_SEED repeats one run.
struct FuzzTests {
    static let seconds = environment("MEGACOMET_FUZZ_SECONDS").flatMap(Double.init) ?? 6
    static let seed = environment("MEGACOMET_FUZZ_SEED").flatMap(UInt64.init) ?? 2011

    static func mangled(_ samples: [[UInt8]], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = (0...random.below(3)).flatMap { _ in samples[random.below(samples.count)] }
        for _ in 0..<random.below(6) where !bytes.isEmpty {
            let at = random.below(bytes.count)
            switch random.below(7) {
            case 0: bytes[at] = UInt8(random.below(256))
            case 1: bytes[at] ^= 1 << UInt8(random.below(8))
            case 2: bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.below(20)))
            case 3: bytes.insert(contentsOf: samples[random.below(samples.count)].prefix(random.below(60)), at: at)
            case 4:
                bytes.insert(
                    contentsOf: [UInt8](
                        repeating: [0, 10, 13, 32, 34, 91, 123, 255][random.below(8)], count: 1 + random.below(300)),
                    at: at)
            case 5: bytes = Array(bytes.prefix(at))
            default: bytes.swapAt(at, random.below(bytes.count))
            }
        }
        return bytes
    }

    static let clientSamples: [[UInt8]] = [
        HTTP.text("GET", "/c1.json?cursor=0"), HTTP.text("GET", "/c2.js?callback=f&cursor=5"),
        HTTP.text("GET", "/%C3%A9.js"), HTTP.text("HEAD", "/c1.json"),
        HTTP.text("OPTIONS", "*"), HTTP.text("GET", "/_/health", ["Connection: close"]),
        HTTP.text("GET", "/c3.json", ["Content-Length: 5"]) + Array("hello".utf8),
        HTTP.text("POST", "/c1.json", ["Transfer-Encoding: chunked"]),
        Array("GET http://a/c4.json HTTP/1.0\r\n\r\n".utf8),
        HTTP.text("GET", "/c1.events?cursor=0&hello=1", ["Last-Event-ID: 5"]),
        HTTP.text(
            "GET", "/c2.ws?hello=1",
            [
                "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ]),
        [0x81, 0x8C, 0, 0, 0, 0] + Array(#"{"cursor":7}"#.utf8), [0x89, 0x82, 0, 0, 0, 0, 104, 105],
        HTTP.text("POST", "/c1.ack?cursor=5", ["Content-Length: 3"]) + Array("bye".utf8),
        HTTP.text("POST", "/c1.leave?page=1", ["Content-Length: 0"]),
        HTTP.text("GET", "/_/megacomet.js", ["If-None-Match: \"x\""]),
    ]
    static let appSamples: [[UInt8]] = [
        HTTP.text("POST", "/publish", body: Array(Publisher.body("c1", json: "{\"a\":[1,2,{}]}", ttl: 1).utf8)),
        HTTP.text("GET", "/clients/c1"), HTTP.text("GET", "/stats"),
        Array((Publisher.body("c2", json: "\"\\u00e9\\ud83d\\ude00\"", ttl: 1) + "\n").utf8),
        Array("{\"key\":\"x\"}\n".utf8),
        HTTP.text(
            "POST", "/publish", ["Content-Type: application/x-ndjson"],
            body: Array((Publisher.body("c", json: "1") + "\n" + Publisher.body("d", json: "[]") + "\n").utf8)),
        HTTP.text("POST", "/publish", body: Array("[{\"client\":\"a\",\"message\":null},{}]".utf8)),
        HTTP.text("POST", "/publish", ["Expect: 100-continue"], body: Array("{}".utf8)),
    ]
    static let linkSamples: [[UInt8]] = [
        WireFrame.hello(worker: 7).bytes,
        WireFrame(WireFrame.connected, flags: WireFrame.acknowledges, tag: 3, number: 9, client: "c1").bytes,
        WireFrame(WireFrame.gone, tag: 3, client: "c1").bytes,
        WireFrame(WireFrame.undelivered, number: 1_790_000_000_000_000, client: "c1", body: "\"x\"").bytes,
        SeedProtocolTests.message("c1", "seed"), [1, 5],
        WireFrame(WireFrame.connected, flags: WireFrame.single, client: "c2").bytes,
    ]

    @Test(arguments: ["clients", "app", "link"])
    func mangledBytes_endNothing(_ port: String) throws {
        let pair = try Pair(manager: ["workers": "8", "ttl": "2"])
        var random = SeededRandom(FuzzTests.seed &+ UInt64(port.utf8.count))
        let (number, samples) = [
            "clients": (pair.client, FuzzTests.clientSamples), "app": (pair.appPort, FuzzTests.appSamples),
            "link": (pair.linkPort, FuzzTests.linkSamples),
        ][port]!
        let deadline = Deadline(seconds: FuzzTests.seconds)
        var open: [Socket] = []
        var cases = 0
        while !deadline.isOver || cases <= 100 {
            cases += 1
            let socket = try Socket(port: number)
            let bytes = FuzzTests.mangled(samples, &random)
            var at = 0
            while at < bytes.count {
                let end = random.below(3) == 0 ? min(bytes.count, at + 1 + random.below(40)) : bytes.count
                guard socket.sendSome(Array(bytes[at..<end])) > 0 else { break }
                at = end
            }
            if cases % 5 == 0 { try pair.app.publish("c\(random.below(4))", "x", ttl: 1) }
            switch random.below(4) {
            case 0: socket.reset()
            case 1: socket.endSending()
            default: break
            }
            open.append(socket)
            if open.count > 60 { open.remove(at: random.below(open.count)).close() }
            guard pair.workers[0]!.isRunning, pair.manager!.isRunning else {
                let text = String(decoding: bytes, as: UTF8.self)
                Issue.record("case \(cases) of seed \(FuzzTests.seed): \(text) ended a program: \(pair.ended)")
                return
            }
        }
        open = []
        // In the end a new client is served at once, by the worker that was there before.
        let poller = try pair.held("after-all")
        #expect(try pair.app.publish("after-all", "fine").status == "sent")
        #expect(try poller.finish().texts == ["fine"])
        try eventually("connections are given back") {
            Processes.openDescriptors(pair.workers[0]!.pid) < 60 && Processes.openDescriptors(pair.manager!.pid) < 60
        }
    }
}
