import TestSupport
import Testing

/// A client gets a message once, or until it acknowledges it, and is told if messages were lost.
struct ClientCursorTests {
    @Test func withoutACursor_aMessageIsForgottenWhenItIsHandedOver() throws {
        let pair = try Pair(worker: ["poll-timeout": "1"])
        try pair.app.publish("c1", "one")
        try pair.app.publish("c1", "two")
        let poller = pair.poller("c1")
        #expect(try poller.pollUntilMessages().texts == ["one", "two"])
        #expect(try poller.poll().texts == [])
        #expect(try pair.app.presence("c1").queued == 0)
    }

    @Test func withoutACursor_whatWasWrittenInPartComesBack() throws {
        let pair = try Pair(manager: ["max-message": "16777216", "max-bytes": "67108864"])
        let poller = try pair.held("c1")
        let text = String(repeating: "x", count: 12_000_000)
        #expect(try pair.app.publish("c1", text).status == "sent")
        _ = try poller.socket?.read(500)
        poller.socket?.reset()
        try eventually("it is back") { try pair.app.presence("c1").queued == 1 }
        try pair.app.waitUntilGone("c1")
        #expect(try pair.poller("c1").poll().texts == [text])
        #expect(try pair.app.presence("c1").queued == 0)
    }

    @Test func aCopyOfAPollOnAnotherWorker_takesItsPlaceWithoutAnError() throws {
        let pair = try Pair(workers: 2)
        let polls = try (0..<2).map { worker in
            let socket = try Socket(port: pair.clientPort(worker))
            try socket.send(HTTP.text("GET", "/c1.json?cursor=0&c=0.5"))
            try pair.app.waitUntilConnected("c1", worker: worker)
            return socket
        }
        let first = try polls[0].readResponse()
        #expect(first.status == 200 && first.body.hasPrefix(#"{"messages":[],"cursor":0"#))
        try pair.app.publish("c1", "one")
        #expect(try polls[1].readResponse().body.contains("\"one\""))
    }

    @Test func withACursor_whatIsNotAcknowledgedComesAgain() throws {
        let pair = try Pair(worker: ["poll-timeout": "1"])
        let ids = try ["one", "two", "three"].map { try #require(try pair.app.publish("c1", $0).id) }
        #expect(try pair.poller("c1", cursor: 0).pollUntilMessages().texts == ["one", "two", "three"])
        let again = try pair.poller("c1", cursor: 0).pollUntilMessages()
        #expect(again.ids == ids)
        #expect(again.cursor == ids[2])
        #expect(try pair.poller("c1", cursor: ids[0]).pollUntilMessages().texts == ["two", "three"])
        #expect(try pair.poller("c1", cursor: ids[2]).poll().texts == [])
        // Messages that were acknowledged are gone for good. The manager may hear of it after the poll's time is over.
        try eventually("they are acknowledged") { try pair.app.presence("c1").queued == 0 }
        #expect(try pair.poller("c1", cursor: 0).poll().texts == [])
        #expect(try pair.app.presence("c1").queued == 0)
    }

    @Test func cursorClient_getsOnlyWhatIsNew() throws {
        let pair = try Pair()
        let poller = pair.poller("c1", cursor: 0)
        for number in 0..<20 {
            try poller.start()
            if number % 2 == 0 { try pair.app.waitUntilConnected("c1") }
            try pair.app.publish("c1", "\(number)")
            #expect(try poller.finish().texts == ["\(number)"])
        }
    }

    @Test func answerThatDiedOnTheWay_comesAgain() throws {
        let pair = try Pair()
        for round in 0..<20 {
            let poller = try pair.held("c\(round)", cursor: 0)
            // The client is gone before, while or after the answer is written. In none of these cases is the message
            // gone.
            if round % 2 == 0 { poller.socket?.reset() }
            try pair.app.publish("c\(round)", "important")
            if round % 2 == 1 { poller.socket?.reset() }
            #expect(try pair.poller("c\(round)", cursor: 0).poll().texts == ["important"])
        }
    }

    @Test func emptyAnswer_keepsTheCursor() throws {
        let pair = try Pair(worker: ["poll-timeout": "1"])
        let id = try #require(try pair.app.publish("c1", "one").id)
        let poller = pair.poller("c1", cursor: 0)
        #expect(try poller.pollUntilMessages().cursor == id)
        #expect(try poller.poll().cursor == id)
    }

    @Test func dropped_isToldAsAGap_once() throws {
        let pair = try Pair(manager: ["max-per-client": "3"], worker: ["poll-timeout": "1"])
        for number in 1...5 { try pair.app.publish("c1", "\(number)") }
        let poller = pair.poller("c1", cursor: 0)
        let envelope = try poller.pollUntilMessages()
        #expect(envelope.texts == ["3", "4", "5"])
        #expect(envelope.gap)
        let next = try poller.poll()
        #expect(!next.gap)
        #expect(next.messages.isEmpty)
        try pair.app.publish("c1", "6")
        let last = try poller.pollUntilMessages()
        #expect(last.texts == ["6"])
        #expect(!last.gap)
    }

    @Test func expired_isGone_andIsToldAsAGap() throws {
        let pair = try Pair(worker: ["poll-timeout": "1"])
        let poller = pair.poller("c1", cursor: 0)
        try pair.app.publish("c1", "one")
        #expect(try poller.pollUntilMessages().texts == ["one"])
        #expect(try poller.poll().texts == [])
        try eventually("it is acknowledged") { try pair.app.presence("c1").queued == 0 }
        try pair.app.publish("c1", "short", ttl: 1)
        try pair.app.publish("c1", "long")
        try eventually("one is left") { try pair.app.presence("c1").queued == 1 }
        let envelope = try poller.pollUntilMessages()
        #expect(envelope.texts == ["long"])
        #expect(envelope.gap)
    }

    @Test func largeBacklog_comesInAnswersOf256KiB_inOrder() throws {
        let pair = try Pair()
        let large = String(repeating: "x", count: 60_000)
        for number in 0..<6 { try pair.app.publish("c1", "\(number)" + large) }
        let poller = pair.poller("c1", cursor: 0)
        let first = try poller.poll()
        #expect(first.messages.count == 4)
        #expect(first.response.bodyBytes.count <= 262_144 + 200)
        let second = try poller.poll()
        #expect((first.texts + second.texts).map { String($0.prefix(1)) } == ["0", "1", "2", "3", "4", "5"])
    }

    @Test func cursorFromTheFuture_doesNotLeaveTheClientDeaf() throws {
        let pair = try Pair()
        let poller = pair.poller("c1", cursor: 9_000_000_000_000_000)
        try poller.start()
        try pair.app.waitUntilConnected("c1")
        try pair.app.publish("c1", "hello")
        #expect(try poller.finish().texts == ["hello"])
    }

    // MARK: one poll a client

    @Test(arguments: [0, 1])
    func secondPoll_replacesTheFirst(onWorker worker: Int) throws {
        let pair = try Pair(workers: 2)
        let first = try Socket(port: pair.clientPort(0))
        try first.send(HTTP.text("GET", "/c1.json"))
        try pair.app.waitUntilConnected("c1", worker: 0)
        let second = pair.poller("c1", worker: worker)
        try second.start()
        let response = try first.readResponse()
        #expect(response.status == 409)
        #expect(response.errorCode == "replaced")
        #expect(try response.json()["retry"] == nil)
        #expect(response["access-control-allow-origin"] == "*")
        try pair.app.waitUntilConnected("c1", worker: worker)
        #expect(try pair.app.publish("c1", "x").status == "sent")
        #expect(try second.finish().texts == ["x"])
    }

    @Test(arguments: [0, 1])
    func secondPoll_tellsAScriptInBand(onWorker worker: Int) throws {
        let pair = try Pair(workers: 2)
        let first = try pair.held("c1", form: .jsonp, cursor: 0)
        let second = pair.poller("c1", worker: worker, form: .jsonp, cursor: 0)
        try second.start()
        let envelope = try first.finish()
        #expect(envelope.response.status == 200)
        #expect(envelope.errorCode == "replaced")
        #expect(envelope.retry == nil)
        #expect(envelope.messages.isEmpty)
        try pair.app.waitUntilConnected("c1", worker: worker)
        try pair.app.publish("c1", "x")
        #expect(try second.finish().texts == ["x"])
    }

    @Test func sameConnection_doesNotReplaceItself() throws {
        let pair = try Pair(workers: 1)
        let socket = try Socket(port: pair.client)
        try socket.send(HTTP.text("GET", "/c1.json") + HTTP.text("GET", "/c1.json"))
        try pair.app.waitUntilConnected("c1")
        #expect(socket.isQuiet)
        try pair.app.publish("c1", "1")
        #expect(try socket.readResponse().body.contains("\"1\""))
        try pair.app.publish("c1", "2")
        #expect(try socket.readResponse().body.contains("\"2\""))
    }

    @Test func twoTabsFighting_neverLoseAMessage() throws {
        let pair = try Pair(workers: 2)
        var cursor = 0
        var got: [String] = []
        var pollers: [Poller] = []
        for number in 0..<60 {
            // The replaced poll is read only after the next one has taken its place. Messages that it got beside the
            // error must not be lost.
            let poller = pair.poller("c1", worker: number % 2, cursor: cursor)
            try poller.start()
            pollers.append(poller)
            try eventually("it is held, or answered") {
                try !poller.socket!.isQuiet || pair.app.presence("c1").worker == number % 2
            }
            if number % 3 == 0 { try pair.app.publish("c1", "\(number / 3)") }
            if number >= 1 {
                let response = try pollers[number - 1].socket!.readResponse()
                if response.status == 200 {
                    let envelope = try Envelope(response.bodyBytes, response)
                    for (id, text) in zip(envelope.ids, envelope.texts) where id > cursor {
                        got.append(text)
                        cursor = id
                    }
                } else {
                    #expect(response.status == 409)
                }
            }
        }
        while got.count < 20 {
            let envelope = try pair.poller("c1", cursor: cursor).poll()
            for (id, text) in zip(envelope.ids, envelope.texts) where id > cursor {
                got.append(text)
                cursor = id
            }
        }
        #expect(got == (0..<20).map(String.init))
    }
}
