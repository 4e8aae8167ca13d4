import TestSupport
import Testing

/// The messages that the manager keeps for absent clients: how long, and what it says when it is full.
struct QueueTests {
    @Test func message_isKeptUntilItsTimeIsOver() throws {
        let pair = try Pair(manager: ["ttl": "2"])
        let start = monotonicNanoseconds()
        try pair.app.publish("c1", "own", ttl: 600)
        try pair.app.publish("c1", "default")
        try pair.app.publish("c1", "short", ttl: 0.5)
        try eventually("the short one is gone") { try pair.app.presence("c1").queued < 3 }
        #expect(monotonicNanoseconds() - start >= 500_000_000)
        try eventually("the default one is gone") { try pair.app.presence("c1").queued == 1 }
        #expect(monotonicNanoseconds() - start >= 2_000_000_000)
        #expect(try pair.poller("c1").poll().texts == ["own"])
    }

    @Test func expiredMessages_leaveNothingBehind() throws {
        let pair = try Pair()
        for round in 0..<3 {
            let lines = try LinePublisher(port: pair.appPort)
            for number in 0..<2000 { try lines.send("c\(round)-\(number)", "x", ttl: 0.3) }
            for _ in 0..<2000 { #expect(try lines.receipt().errorCode == nil) }
            try eventually("all have expired") { try pair.app.presence("c\(round)-1999").queued == 0 }
        }
        let text = "\(try pair.app.stats())"
        #expect(text.contains("6000"), "\(text)")  // published, and expired
    }

    @Test func fullClient_losesItsOldest() throws {
        let pair = try Pair(manager: ["max-per-client": "10"])
        for number in 0..<25 { #expect(try pair.app.publish("c1", "\(number)").status == "queued") }
        try pair.app.publish("c2", "other")
        #expect(try pair.app.presence("c1").queued == 10)
        let envelope = try pair.poller("c1", cursor: 0).poll()
        #expect(envelope.texts == (15..<25).map(String.init))
        #expect(envelope.gap)
        let other = try pair.poller("c2", cursor: 0).poll()
        #expect(other.texts == ["other"])
        #expect(!other.gap)
    }

    @Test func fullQueue_refusesThePublish_with503() throws {
        let pair = try Pair(manager: ["max-messages": "20"])
        for number in 0..<20 { #expect(try pair.app.publish("c\(number)", "x").status == "queued") }
        let refused = try pair.app.post(Publisher.body("c99", json: "1"))
        #expect(refused.status == 503)
        #expect(Int(refused["retry-after"] ?? "") ?? 0 > 0)
        #expect(refused.errorCode != nil)
        let lines = try LinePublisher(port: pair.appPort)
        #expect(try lines.publish("c99", "x").errorCode != nil)
        #expect(try pair.app.publish(batch: [("c99", "x"), ("c98", "x")]).allSatisfy { $0.errorCode != nil })
        // A client that waits is served without the queue.
        let poller = try pair.held("here")
        #expect(try pair.app.publish("here", "x").status == "sent")
        _ = try poller.finish()
        // Now there is room again.
        _ = try pair.poller("c0").poll()
        #expect(try pair.app.publish("c99", "x").status == "queued")
        #expect(try pair.app.presence("c98").queued == 0)
    }

    @Test func queueFullOfBytes_refusesThePublish() throws {
        let pair = try Pair(manager: ["max-bytes": "1048576"])
        let large = String(repeating: "x", count: 50_000)
        var taken = 0
        for number in 0..<40 where try pair.app.publish("c\(number)", large).status == "queued" { taken += 1 }
        #expect((15...21).contains(taken))
        #expect(try pair.app.post(Publisher.body("c1", json: quoted(large))).status == 503)
        for number in 0..<20 where try pair.app.presence("c\(number)").queued > 0 {
            _ = try pair.poller("c\(number)").poll()
        }
        #expect(try pair.app.publish("c1", large).status == "queued")
    }

    @Test func clientIds_areNotMixedUp() throws {
        let pair = try Pair(workers: 2)
        let clients = ["a", "A", "aa", "a ", "á", "a\u{301}", "b"] + (0..<60).map { "client-\($0)" }
        for client in clients { try pair.app.publish(client, "for \(client)") }
        for (number, client) in clients.enumerated() {
            #expect(try pair.poller(client, worker: number % 2).poll().texts == ["for \(client)"])
        }
    }

    @Test func ids_growOverARestartOfTheManager() throws {
        let pair = try Pair()
        var last = 0
        for _ in 0..<3 {
            for _ in 0..<20 {
                let id = try #require(try pair.app.publish("c1", "x").id)
                #expect(id > last)
                #expect(id < 1 << 53)
                last = id
            }
            pair.killManager()
            try pair.startManager()
        }
    }

    @Test func deadWorker_losesNothingThatWasQueued() throws {
        let pair = try Pair()
        let poller = try pair.held("c1", cursor: 0)
        for number in 0..<5 { try pair.app.publish("away", "\(number)") }
        let sent = try pair.app.publish("c1", "handed over")
        #expect(sent.status == "sent")
        pair.killWorker(0)
        try pair.app.waitUntilGone("c1")
        #expect(try pair.app.publish("c1", "after").status == "queued")
        try pair.startWorker(0)
        #expect(try pair.poller("away").poll().texts == (0..<5).map(String.init))
        // With a cursor the message that the worker died with comes again, too.
        #expect(try pair.poller("c1", cursor: 0).poll().texts == ["handed over", "after"])
        _ = poller
    }
}
