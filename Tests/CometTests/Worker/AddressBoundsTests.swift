import Base
import Testing
import Wire

@testable import Comet

/// What a worker with bounds by address tells the clients of an address that is over one.
@Suite struct AddressBoundsTests {
    private static func harness(connections: Int = 0, accepts: Int = 0) -> WorkerHarness {
        let harness = WorkerHarness {
            $0.maxPerAddress = connections
            $0.acceptsPerAddress = accepts
            $0.forwardedFor = ForwardedFor(trusted: ["192.0.2.0/24"])
        }
        harness.link()
        return harness
    }
    private let client = "203.0.113.7"

    @Test func connectionOverTheBound_isTold429InTheFormOfItsRequest_andAnotherAddressIsNot() throws {
        let harness = Self.harness(connections: 1)
        let held = try #require(harness.open(from: client))
        harness.get(held, "/c0.json")
        #expect(harness.sent[held] == "")

        let json = try #require(harness.open(from: client))
        harness.get(json, "/c1.json", "Origin: https://a\r\n")
        #expect(harness.status(json) == "HTTP/1.1 429 Too Many Requests")
        #expect(harness.sent[json]?.contains("\r\nRetry-After: 10\r\n") == true)
        #expect(harness.sent[json]?.contains("\r\nConnection: close\r\n") == true)
        let error =
            "{\"error\":{\"code\":\"too_many_connections\","
            + "\"message\":\"this address has too many connections (workers.max_per_address)\"}"
        #expect(harness.body(json).hasPrefix(error + ",\"retry\":"))

        let script = try #require(harness.open(from: client))
        harness.get(script, "/c1.js?callback=f")
        #expect(harness.status(script) == "HTTP/1.1 200 OK")
        #expect(harness.body(script).contains("\"error\":{\"code\":\"too_many_connections\""))

        let stream = try #require(harness.open(from: client))
        harness.get(stream, "/c1.events")
        #expect(harness.status(stream) == "HTTP/1.1 200 OK")
        #expect(StreamTests.events(harness, stream).contains("event:retry\ndata:{\"retry\":"))

        let socket = try #require(harness.open(from: client))
        harness.get(socket, "/c1.ws", WebSocketTests.handshake)
        #expect(harness.status(socket) == "HTTP/1.1 101 Switching Protocols")
        #expect(harness.sent[socket]?.contains("too_many_connections") == true)
        #expect(harness.raw[socket]?.suffix(4) == [0x88, 2, 0x0F, 0xAD])  // 4013

        let file = try #require(harness.open(from: client))
        harness.get(file, "/_/health")
        #expect(harness.status(file) == "HTTP/1.1 429 Too Many Requests")

        let neighbour = try #require(harness.open(from: "203.0.113.8"))
        harness.get(neighbour, "/c2.json")
        #expect(harness.sent[neighbour] == "")
        #expect(harness.worker.counters.refusedAddressConnections == 5)
        #expect(harness.frames().map { $0.prefix(14) } == ["connected 0 c0", "connected 0 c2"])
    }

    @Test func connectionThatGoes_makesRoom_alsoOneThatWasRefused() throws {
        let harness = Self.harness(connections: 1)
        let held = try #require(harness.open(from: client))
        var refused: [ConnectionSlot] = []
        while let slot = harness.open(from: client) { refused.append(slot) }
        #expect(refused.count == Int(Limits.addressOverflow))
        harness.broke(refused[0])
        #expect(harness.open(from: client) != nil && harness.open(from: client) == nil)
        harness.broke(held)
        let next = try #require(harness.open(from: client))
        harness.get(next, "/c1.json")
        #expect(harness.sent[next] == "")
        // Those that were refused before still are.
        harness.get(refused[1], "/c2.json")
        #expect(harness.status(refused[1]) == "HTTP/1.1 429 Too Many Requests")
    }

    @Test func newConnections_areTakenAtTheirRate() throws {
        let harness = Self.harness(accepts: 1)
        func isTaken() throws -> Bool {
            let slot = try #require(harness.open(from: client))
            harness.get(slot, "/_/health")
            let isTaken = harness.status(slot) == "HTTP/1.1 200 OK"
            #expect(isTaken || harness.body(slot).contains("\"too_many_new\""))
            harness.broke(slot)
            return isTaken
        }
        #expect(try [isTaken(), isTaken(), isTaken()] == [true, true, false])
        harness.now += 1000
        #expect(try [isTaken(), isTaken()] == [true, false])
        #expect(harness.worker.counters.refusedAddressAccepts == 2)
    }

    @Test func clientsOfATrustedProxy_areBoundedInTheirReceivers_eachByItsOwnAddress() throws {
        let harness = Self.harness(connections: 1)
        let proxies = try (0..<4).map { _ in try #require(harness.open(from: "192.0.2.1")) }
        func ask(_ proxy: Int, _ target: String, _ client: String?) {
            harness.sent[proxies[proxy]] = ""
            harness.get(proxies[proxy], target, client.map { "X-Forwarded-For: \($0)\r\n" } ?? "")
        }
        ask(0, "/c0.json", client)
        ask(1, "/c1.json", client)
        #expect(harness.sent[proxies[0]] == "")
        #expect(harness.status(proxies[1]) == "HTTP/1.1 429 Too Many Requests")
        ask(2, "/c2.json", "203.0.113.8")
        #expect(harness.sent[proxies[2]] == "")
        // The same client again takes the place of its own poll.
        ask(3, "/c0.json", client)
        #expect(harness.status(proxies[0]) == "HTTP/1.1 409 Conflict" && harness.sent[proxies[3]] == "")
        // An answer gives the place back: the next poll may be any client's of that address.
        _ = harness.frames()
        harness.answer("c0", [(1, "1")])
        #expect(harness.body(proxies[3]).contains("\"data\":1"))
        ask(3, "/c3.json", client)
        #expect(harness.sent[proxies[3]] == "")
        // What a proxy asks for itself is not bounded.
        ask(0, "/c4.json", nil)
        #expect(harness.sent[proxies[0]] == "")
        #expect(harness.worker.counters.refusedAddressConnections == 1 && !harness.worker.hasUnnamedProxy)
        #expect(harness.worker.busiestAddresses(9, now: harness.now).map(\.connections) == [1, 1])
    }

    @Test func streamsOfATrustedProxysClients_areNew_butTheirPollsAreNot() throws {
        let harness = Self.harness(accepts: 1)
        func ask(_ target: String, _ headers: String = "") throws -> String {
            let slot = try #require(harness.open(from: "192.0.2.1"))
            harness.get(slot, target, headers + "X-Forwarded-For: \(client)\r\n")
            return harness.sent[slot] ?? ""
        }
        for poll in 0..<9 { #expect(try ask("/p\(poll).json") == "") }
        #expect(try ask("/s1.events") == "" && ask("/s2.events") == "")
        #expect(try ask("/s3.events").contains("event:retry\n"))
        // The stream that a client had is not ended for one that is refused.
        #expect(try ask("/s1.ws", WebSocketTests.handshake).contains("too_many_new"))
        #expect(harness.worker.streams == 2 && harness.worker.counters.pollsReplaced == 0)
    }

    @Test func proxyThatIsNotNamed_isNotBounded_onlyIfItIsPrivateAndForwards() throws {
        let rows = [
            ("10.1.2.3", true, true), ("127.0.0.1", true, true), ("::1", true, true), ("fd00::1", true, true),
            ("172.31.0.1", true, true), ("172.32.0.1", true, false), ("10.1.2.3", false, false),
            ("203.0.113.1", true, false),
        ]
        for (peer, forwards, isSkipped) in rows {
            let harness = Self.harness(connections: 1)
            let header = forwards ? "X-Forwarded-For: 203.0.113.9\r\n" : ""
            let first = try #require(harness.open(from: peer))
            let second = try #require(harness.open(from: peer))
            harness.get(second, "/c1.json", header)
            #expect((harness.sent[second] == "") == isSkipped, "\(peer)")
            harness.get(first, "/c0.json", header)
            let third = try #require(harness.open(from: peer))
            harness.get(third, "/c2.json")
            #expect((harness.sent[third] == "") == isSkipped, "\(peer)")
            #expect(harness.worker.hasUnnamedProxy == isSkipped)
            #expect(harness.worker.counters.addressLimitSkipped == (isSkipped ? 3 : 0))
            #expect(harness.worker.busiestAddresses(1, now: 0).first?.isProxy == isSkipped)
            // Everything that was counted ends.
            [first, second, third].forEach { if !harness.closed.contains($0) { harness.broke($0) } }
            #expect(harness.worker.busiestAddresses(1, now: 0).first?.connections == 0)
        }
    }
}
