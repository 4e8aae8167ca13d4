// One file: a worker's decisions, case by case, with one harness.
import Base
import Comet
import Testing
import Wire

@Suite struct WorkerTests {
    let h = WorkerHarness()

    @Test func aPoll_isAnnouncedAndAnsweredWithAllOfItsMessages() {
        h.link()
        let slot = h.poll("/c1.json?cursor=5")
        #expect(h.frames() == ["connected 5 c1 1"])
        #expect(h.sent[slot] == "")
        h.answer("c1", [(7, "\"a\""), (8, "{}")])
        #expect(h.body(slot) == #"{"messages":[{"id":7,"data":"a"},{"id":8,"data":{}}],"cursor":8}"#)
        #expect(h.frames() == [], "the manager knows: it sent the answer")
        #expect(h.worker.waiting == 0 && h.worker.connections == 1 && h.worker.counters.delivered == 2)
        h.get(slot, "/c1.json?cursor=8")
        #expect(h.frames() == ["connected 8 c1 1"], "the connection is kept")
    }

    @Test func hello_isAnsweredAtOnce_withWhatWaits_andTheTimeThatPollsAreHeld() {
        let early = h.poll("/c0.json?cursor=5&hello=1")
        #expect(h.body(early) == #"{"messages":[],"cursor":5,"poll_timeout":40000}"#, "without a manager nothing waits")
        h.link()
        let slot = h.poll("/c1.json?cursor=5&hello=1")
        #expect(h.frames() == ["connected 5 c1 5"], "to be answered at once")
        h.manager(.message, [], 5, "c1")
        #expect(h.body(slot) == #"{"messages":[],"cursor":5,"poll_timeout":40000}"#)
        #expect(h.worker.counters.pollsEmpty == 2 && h.worker.counters.pollsAnswered == 0)
        let script = h.poll("/c1.js?callback=f&hello=1")
        _ = h.frames()
        h.answer("c1", [(7, "1")])
        #expect(h.body(script) == #"/**/f({"messages":[{"id":7,"data":1}],"cursor":7,"poll_timeout":40000});"#)
        h.get(slot, "/c1.json?cursor=5")
        #expect(h.frames() == ["connected 5 c1 1"], "the connection is kept")
        let deaf = h.poll("/c3.json?hello=1")
        h.pass(1000)
        #expect(h.body(deaf) == #"{"messages":[],"cursor":0,"poll_timeout":40000}"#, "the manager said nothing")
        let bare = h.poll("/c2.js?hello=1")
        #expect(h.sent[bare] == "" && h.worker.waiting == 2, "the bare form has no envelope to say it in")
    }

    @Test(arguments: [
        "/c.js?callback=cb&cursor=x", "/c.json?cursor=x", "/nothing", "/c.js?callback=%00", "/_/health",
        "/_/megacomet.js",
    ])
    func aHead_hasNoContent_whateverTheAnswer(target: String) {
        let slot = h.open()
        h.receive(slot, "HEAD \(target) HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(h.sent[slot]!.hasPrefix("HTTP/1.1 ") && h.sent[slot]!.hasSuffix("\r\n\r\n"), "\(h.sent[slot]!)")
    }

    @Test func aRequestThatCouldNotBeParsed_isTellableToAnyPage() {
        for text in [
            "nonsense", "GET /\(String(repeating: "x", count: 9000)) HTTP/1.1\r\n",
            "GET / HTTP/1.1\r\nX: \(String(repeating: "x", count: 9000))\r\n",
        ] {
            let slot = h.open()
            h.receive(slot, text + "\r\n\r\n")
            #expect(h.sent[slot]!.contains("Access-Control-Allow-Origin: *\r\n"), "\(h.status(slot))")
        }
    }

    @Test func aPollBeforeTheLink_isAnnouncedWithIt() {
        _ = h.poll("/b.json")
        _ = h.poll("/a.js")
        h.linkOpened()
        #expect(h.frames() == ["hello 3  0"])
        h.manager(.welcome)
        #expect(h.frames() == ["connected 0 b 0", "connected 0 a 2"], "oldest first, the bare form with its mark")
    }

    @Test func aLostManager_losesNoClient() {
        h.link()
        let slot = h.poll("/c1.json?cursor=1")
        _ = h.frames()
        h.linkClosed()
        #expect(h.worker.toManager.count == 0 && !h.worker.isLinked && h.closed.isEmpty)
        h.link()
        h.linkClosed()
        h.linkOpened()
        h.manager(.welcome)
        #expect(h.frames() == ["hello 3  0", "connected 1 c1 1"])
        h.answer("c1", [(7, "1")])
        #expect(h.body(slot).contains("\"cursor\":7"))
        #expect(h.worker.counters.managerReconnects == 2)
    }

    @Test func secondPoll_replacesTheFirst() {
        h.link()
        let first = h.poll("/c1.json")
        let script = h.poll("/c2.js?callback=f")
        let second = h.poll("/c1.json")
        _ = h.poll("/c2.json")
        #expect(
            h.status(first) == "HTTP/1.1 409 Conflict" && h.body(first).contains(#""code":"replaced""#)
                && !h.body(first).contains("retry"))
        #expect(
            h.status(script) == "HTTP/1.1 200 OK"
                && h.body(script).hasPrefix(#"/**/f({"messages":[],"cursor":0,"error":{"code":"replaced""#))
        #expect(h.sent[second] == "" && h.worker.waiting == 2)
        #expect(h.frames() == ["connected 0 c1 0", "connected 0 c2 0", "connected 0 c1 0", "connected 0 c2 0"])
    }

    @Test func aCopyOfAPoll_takesItsPlaceWithoutAnError() {
        h.link()
        let first = h.poll("/c1.json?cursor=5&c=0.125")
        let copy = h.poll("/c1.json?cursor=5&c=0.125")
        #expect(h.status(first) == "HTTP/1.1 200 OK" && h.body(first) == #"{"messages":[],"cursor":5}"#)
        let other = h.poll("/c1.json?cursor=5&c=0.25")
        #expect(h.status(copy) == "HTTP/1.1 409 Conflict", "another page")
        let later = h.poll("/c1.json?cursor=6&c=0.25")
        #expect(h.status(other) == "HTTP/1.1 409 Conflict", "another cursor")
        #expect(h.worker.waiting == 1 && h.frames().count == 4 && h.announcements["c1"]?.print != 0)
        // For a copy that went to another worker, the manager sends the body of that worker's announcement.
        var out = Buffer()
        let (tag, slot) = (h.tags["c1"]!, h.slots["c1"]!)
        Array("c1".utf8).withUnsafeBytes { client in
            h.announcements["c1"]!.withBytes {
                Frame(op: .replaced, tag: tag, slot: slot, number: 6, client: client, body: $0).write(to: &out)
            }
        }
        _ = h.fromManager(Array(out.bytes))
        #expect(h.status(later) == "HTTP/1.1 200 OK" && h.body(later) == #"{"messages":[],"cursor":6}"#)
        #expect(h.worker.counters.pollsReplaced == 2 && h.worker.counters.pollsEmpty == 2)
    }

    @Test func theManager_mayReplaceAPollThatWentElsewhere() {
        h.link()
        let slot = h.poll("/c1.json")
        _ = h.frames()
        h.manager(.replaced, [], tag: h.tags["c1"]! &+ 1, 0, "c1")
        #expect(h.sent[slot] == "", "that was another poll")
        h.manager(.replaced, [], 0, "c1")
        #expect(h.body(slot).contains("replaced"))
        #expect(h.frames() == [])
    }

    @Test func aMessageForAPollThatIsOver_goesBackWhole() {
        h.link()
        let slot = h.poll("/c1.json")
        _ = h.frames()
        h.broke(slot)
        #expect(h.frames() == ["gone 0 c1 0"])
        h.answer("c1", [(7, "\"a\""), (8, "2")])
        #expect(h.frames() == ["undelivered 7 c1 0 \"a\"", "undelivered 8 c1 0 2"])
    }

    @Test func anAnswerThatCrossesWithATimeout_isNotTakenForTheNextPoll() {
        h.link()
        let slot = h.poll("/c1.json")
        _ = h.frames()
        let old = h.tags["c1"]!
        h.pass(40_000)
        h.get(slot, "/c1.json")
        #expect(h.frames() == ["gone 0 c1 16", "connected 0 c1 0"])
        h.sent[slot] = ""
        h.answer("c1", [(7, "1")], tag: old)
        #expect(h.sent[slot] == "" && h.frames() == ["undelivered 7 c1 0 1"])
        h.answer("c1", [(7, "1")])
        #expect(h.body(slot).contains("\"id\":7"))
    }

    @Test func aMessageWrittenIntoADeadConnection_goesBack() {
        h.link()
        let slot = h.poll("/c1.json")
        _ = h.frames()
        h.room[slot] = -1
        h.answer("c1", [(7, "1"), (8, "2")])
        #expect(h.closed.contains(slot) && h.worker.counters.delivered == 0)
        #expect(h.frames() == ["undelivered 7 c1 0 1", "undelivered 8 c1 0 2", "gone 0 c1 0"])
    }

    @Test(arguments: ["reset", "error", "silence"])
    func anAnswerThatIsWrittenInPart_goesBackWhole(end: String) {
        h.link()
        let slot = h.poll("/c1.json")
        _ = h.frames()
        h.room[slot] = 10
        h.answer("c1", [(7, "\"abc\""), (8, "2")])
        #expect(h.frames() == [] && h.worker.counters.delivered == 0)
        switch end {
        case "reset": h.broke(slot)
        case "error":
            h.room[slot] = -1
            h.writable(slot)
        default: h.pass(10_000)
        }
        #expect(h.closed == [slot])
        #expect(h.frames() == ["undelivered 7 c1 0 \"abc\"", "undelivered 8 c1 0 2", "gone 0 c1 0"])
        let counters = h.worker.counters
        #expect(counters.delivered == 0 && counters.deliverErrors == 1 && counters.undelivered == 2)
    }

    @Test func aPartOfAnAnswer_toAClientThatIsHereAgain_saysNothingOfItsNewPoll() {
        h.link()
        let slot = h.poll("/c1.json")
        _ = h.frames()
        h.room[slot] = 10
        h.answer("c1", [(7, "1")])
        _ = h.poll("/c1.json")
        h.broke(slot)
        #expect(h.frames() == ["connected 0 c1 0", "undelivered 7 c1 0 1"])
    }

    @Test func aPartOfAnAnswer_toAClientWithACursor_isWithTheManagerStill() {
        h.link()
        let slot = h.poll("/c1.json?cursor=0")
        _ = h.frames()
        h.room[slot] = 10
        h.answer("c1", [(7, "1")])
        h.broke(slot)
        #expect(h.frames() == ["gone 0 c1 0"] && h.worker.counters.delivered == 0 && h.worker.counters.undelivered == 0)
    }

    @Test func aPartOfAnAnswer_ofAManagerThatIsGone_goesToTheNext() {
        h.link()
        let slots = (1...2).map { h.poll("/c\($0).json") }
        _ = h.frames()
        for (number, slot) in slots.enumerated() {
            h.room[slot] = 10
            h.answer("c\(number + 1)", [(7, "1")])
        }
        h.linkClosed()
        h.broke(slots[0])
        #expect(h.worker.toManager.count == 0, "nobody is there to take it")
        h.linkOpened()
        h.manager(.welcome)
        h.broke(slots[1])
        #expect(h.frames() == ["hello 3  0", "undelivered 7 c1 0 1", "undelivered 7 c2 0 1", "gone 0 c2 0"])
        #expect(h.worker.counters.undeliveredLost == 0 && h.worker.counters.undelivered == 2)
    }

    @Test func messagesThatComeBack_whenTheLinkBreaks_goToTheNextManager() {
        h.link()
        _ = h.poll("/c9.json")
        _ = h.frames()
        h.manager(.message, [], tag: 1, 7, "c1", "1")
        h.manager(.message, [], tag: 1, 8, "c2", "2")
        h.manager(.message, [], tag: 1, 9, "c3", "3")
        _ = h.fromManager(h.encode(.message, .more, tag: 1, 10, "c4", "4"))  // and its answer goes on
        h.wroteToManager(2 * (Frame.headerBytes + 3) - 1)
        h.wroteToManager(0)
        h.linkClosed()
        #expect(h.worker.toManager.count == 0)
        h.linkOpened()
        h.wroteToManager(h.worker.toManager.count)
        h.manager(.welcome)
        #expect(
            h.frames() == [
                "undelivered 8 c2 0 2", "undelivered 9 c3 0 3", "undelivered 10 c4 0 4", "connected 0 c9 0",
            ], "the first was written whole, the second was not")
        #expect(h.worker.counters.undelivered == 4 && h.worker.counters.undeliveredLost == 0)
    }

    @Test func messagesThatComeBack_haveABoundWhileThereIsNoManager() {
        h.link()
        let slots = (0..<4).map { h.poll("/c\($0).json") }
        _ = h.frames()
        let large = String(repeating: "x", count: Limits.returnedBytes / 3)
        for (number, slot) in slots.enumerated() {
            h.room[slot] = 10
            h.answer("c\(number)", [(7, large)])
        }
        h.linkClosed()
        for slot in slots { h.broke(slot) }
        #expect(h.worker.counters.undelivered == 4 && h.worker.counters.undeliveredLost == 2)
        h.link()
        #expect(h.worker.linkIsOverfull == false)
    }

    @Test func anEndingProcess_givesBackWhatIsHalfWritten() {
        h.link()
        let slot = h.poll("/c1.json")
        _ = h.frames()
        h.room[slot] = 10
        h.answer("c1", [(7, "1")])
        h.abandonAnswers()
        #expect(h.closed == [slot] && h.frames() == ["undelivered 7 c1 0 1", "gone 0 c1 0"])
    }

    // MARK: clients that have ended their side

    @Test func aHalfClosedClient_isAnsweredWithWhatWaits() {
        h.link()
        let slot = h.poll("/c1.json?cursor=0")
        h.inputEnded(slot)
        #expect(h.frames() == ["connected 0 c1 1", "connected 0 c1 5"] && h.paused == [slot])
        h.answer("c1", [(7, "1")])
        #expect(h.body(slot) == #"{"messages":[{"id":7,"data":1}],"cursor":7}"# && h.closed == [slot])
        #expect(h.frames() == ["gone 0 c1 0"])
        #expect(h.worker.counters.delivered == 1 && h.worker.counters.closesClient == 1)
    }

    @Test func aHalfClosedClient_isAnsweredEmpty_whereNothingWaits() {
        h.link()
        let early = h.poll("/c1.json")
        h.inputEnded(early)
        _ = h.frames()
        h.manager(.message, [], 0, "c1")
        #expect(h.body(early) == #"{"messages":[],"cursor":0}"# && h.closed == [early] && h.frames() == ["gone 0 c1 0"])
        let held = h.poll("/c2.json?cursor=5")
        h.pass(1000)
        _ = h.frames()
        h.inputEnded(held)
        #expect(h.body(held) == #"{"messages":[],"cursor":5}"# && h.closed.contains(held))
        #expect(h.frames() == ["gone 5 c2 0"], "what waits is known by now")
        let deaf = h.poll("/c3.json")
        h.inputEnded(deaf)
        h.pass(1000)
        #expect(h.body(deaf) == #"{"messages":[],"cursor":0}"# && h.closed.contains(deaf), "the manager said nothing")
        #expect(h.worker.waiting == 0 && h.worker.connections == 0)
    }

    @Test(arguments: [true, false])
    func aHalfClosedClientWithoutACursor_hasItsMessageOnlyIfItWasThere(isThere: Bool) {
        h.link()
        let slot = h.poll("/c1.json")
        h.inputEnded(slot)
        _ = h.frames()
        h.answer("c1", [(7, "1")])
        #expect(h.body(slot).contains("\"id\":7") && h.ended == [slot])
        #expect(h.closed == [] && h.worker.counters.delivered == 0)
        if !isThere { h.nobody.insert(slot) }
        _ = h.frames()
        h.pass(2000)
        #expect(h.closed == [slot] && h.worker.counters.delivered == (isThere ? 1 : 0))
        #expect(h.frames() == (isThere ? [] : ["undelivered 7 c1 0 1", "gone 0 c1 0"]))
    }

    @Test func aHalfClosedClient_hasAllItsRequestsAnswered() {
        h.link()
        let slot = h.poll("/c1.json?cursor=0")
        h.get(slot, "/_/health")
        h.get(slot, "/c2.json?cursor=3")
        h.inputEnded(slot)
        _ = h.frames()
        h.answer("c1", [(7, "1")])
        h.resume()
        #expect(h.sent[slot]?.contains("ok") == true && h.frames().last == "connected 3 c2 5")
        h.manager(.message, [], 3, "c2")
        h.resume()
        #expect(h.body(slot) == #"{"messages":[],"cursor":3}"# && h.closed == [slot])
    }

    @Test func aHalfClosedClient_getsTheRestOfItsAnswer() {
        h.link()
        let slot = h.poll("/c1.json?cursor=0")
        _ = h.frames()
        h.room[slot] = 10
        h.answer("c1", [(7, "1")])
        h.inputEnded(slot)
        #expect(h.closed == [])
        h.room[slot] = nil
        h.writable(slot)
        #expect(h.body(slot).contains("\"id\":7") && h.closed == [slot] && h.worker.counters.delivered == 1)
    }

    @Test func aClientThatEndsItsSideInTheMiddleOfARequest_isClosed() {
        let slot = h.open()
        h.receive(slot, "GET /c1.json HTT")
        h.inputEnded(slot)
        #expect(h.closed == [slot] && h.sent[slot] == "" && h.worker.counters.closesClient == 1)
    }

    @Test func anAnswerInPieces_waitsForItsLastFrame() {
        h.link()
        let slot = h.poll("/c1.json")
        _ = h.frames()
        let tag = h.tags["c1"]!
        let bytes =
            h.encode(.message, .more, tag: tag, 7, "c1", "1")
            + h.encode(.message, [], tag: tag, 8, "c1", "2")
        for byte in bytes {
            #expect(h.sent[slot] == "")
            #expect(h.fromManager([byte]) == nil)
        }
        #expect(h.worker.fromManager.count == 0)
        #expect(h.body(slot).contains("\"cursor\":8"))
    }

    @Test func newsOfAGap_isTold() {
        h.link()
        let slot = h.poll("/c1.json?cursor=3")
        _ = h.frames()
        h.manager(.message, .gap, 9, "c1")
        #expect(h.body(slot) == #"{"messages":[],"cursor":9,"gap":true}"#)
    }

    @Test func theBareForm_getsOneMessageAnAnswer() {
        h.link()
        let slot = h.poll("/c1.js")
        #expect(h.frames() == ["connected 0 c1 2"])
        h.answer("c1", [(7, "\"a\""), (8, "\"b\"")])
        #expect(h.body(slot) == "a" && h.frames() == ["undelivered 8 c1 0 \"b\""])
    }

    @Test func aPollMayBeHeldForLess_butNotForMore() {
        h.link()
        let short = h.poll("/c1.json?hold=6")
        let long = h.poll("/c2.json?hold=90")
        h.pass(4_999)
        #expect(h.sent[short] == "")
        h.pass(1_001)
        #expect(h.body(short) == #"{"messages":[],"cursor":0}"#)
        #expect(h.frames().last == "gone 0 c1 16")
        h.pass(33_999)
        #expect(h.sent[long] == "")
        h.pass(1)
        #expect(h.body(long) == #"{"messages":[],"cursor":0}"#)
        #expect(h.body(h.poll("/c1.json?hold=0")).contains(#""code":"bad_hold""#))
    }

    @Test func aPollThatTimesOut_getsAnEmptyEnvelope() {
        h.link()
        let slot = h.poll("/c1.json?cursor=4")
        _ = h.frames()
        h.pass(39_999)
        #expect(h.sent[slot] == "")
        h.pass(1)
        #expect(h.body(slot) == #"{"messages":[],"cursor":4}"# && h.frames() == ["gone 4 c1 16"])
    }

    @Test func pipelinedRequests_areAnsweredInOrder() {
        h.link()
        let slot = h.open()
        h.receive(
            slot,
            "GET /_/health HTTP/1.1\r\nHost: x\r\n\r\nGET /c1.json HTTP/1.1\r\nHost: x\r\n\r\nGET /_/health "
                + "HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        #expect(h.body(slot) == "ok" && h.worker.waiting == 1)
        _ = h.frames()
        h.answer("c1", [(7, "1")])
        #expect(h.body(slot).contains("\"id\":7"))
        h.resume()
        #expect(h.body(slot) == "ok" && h.worker.connections == 1)
    }

    @Test func aRequestByteByByte_isARequest() {
        let slot = h.open()
        for byte in "GET /c1.json HTTP/1.1\r\nHost: x\r\n\r\n" { h.receive(slot, String(byte)) }
        #expect(h.worker.waiting == 1)
    }

    @Test func whatIsSentTooFarAhead_isReadNoFurther() {
        let slot = h.poll("/c1.json")
        h.receive(slot, String(repeating: "x", count: 8192))
        #expect(h.paused.contains(slot) && h.closed.isEmpty)
    }

    @Test func aHalfRequest_isToldAndCutInTime() {
        let silent = h.open()
        let half = h.open()
        h.receive(half, "GET /c1.j")
        h.pass(9_999)
        #expect(h.closed.isEmpty)
        h.pass(1)
        #expect(h.closed == [silent] && h.status(half) == "HTTP/1.1 408 Request Timeout" && h.ended.contains(half))
        h.pass(2_000)
        #expect(h.closed == [silent, half] && h.worker.connections == 0)
    }

    @Test func anIdleConnection_isClosedInTime() {
        let slot = h.poll("/_/health")
        h.pass(74_999)
        #expect(h.closed.isEmpty)
        h.pass(1)
        #expect(h.closed == [slot])
    }

    @Test func partialWrite_keepsTheRest() {
        h.link()
        let slot = h.poll("/c1.json")
        _ = h.frames()
        h.room[slot] = 10
        h.answer("c1", [(7, "\"abc\"")])
        #expect(h.sent[slot]?.utf8.count == 10)
        h.get(slot, "/_/health")  // it waits for its turn
        h.room[slot] = 5
        h.writable(slot)
        h.room[slot] = nil
        h.writable(slot)
        #expect(h.body(slot) == #"{"messages":[{"id":7,"data":"abc"}],"cursor":7}"#)
        h.resume()
        #expect(h.body(slot) == "not linked to the manager" || h.body(slot) == "ok")
        #expect(h.worker.counters.partialWrites == 1)
    }

    @Test func aClientThatDoesNotRead_isCut() {
        h.link()
        let slot = h.poll("/c1.json")
        _ = h.frames()
        h.room[slot] = 10
        h.answer("c1", [(7, "\"abc\"")])
        h.pass(10_000)
        #expect(h.closed == [slot] && h.worker.counters.closesSlow == 1)
    }

    @Test func badRequests_areToldWhyAndClosed() {
        for (request, status) in [
            ("GET /c1.json HTTP/1.1\r\n\r\n", 400), ("PUT /c1.json HTTP/1.1\r\nHost: x\r\n\r\n", 405),
            ("GET /x HTTP/1.1\r\nHost: x\r\n\r\n", 404),
            ("GET /c1.json HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 413),
            ("POST /c1.json HTTP/1.1\r\nHost: x\r\n\r\n", 405),
            ("GET /a/b.json HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET /c.js?callback=%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ] {
            let slot = h.open()
            h.receive(slot, request)
            #expect(h.status(slot).contains(" \(status) "), "\(request)")
            #expect(h.ended.contains(slot) && h.sent[slot]!.contains("Connection: close\r\n"))
        }
    }

    @Test func anErrorOfAScriptTag_isToldInBand() {
        let slot = h.poll("/a%2Fb.js?callback=f")
        #expect(
            h.status(slot) == "HTTP/1.1 200 OK"
                && h.body(slot).hasPrefix(#"/**/f({"messages":[],"cursor":0,"error":{"code":"bad_client""#))
    }

    @Test func cookiesOfOtherApps_areNoReasonToRefuse() {
        h.link()
        let cookie = "Cookie: \(String(repeating: "c", count: 9000))\r\n"
        let poll = h.poll("/c1.json", cookie)
        #expect(h.frames() == ["connected 0 c1 0"])
        // Another request behind it exceeds the bytes that are read ahead. Its rest is read when its turn comes.
        let next = "GET /_/health HTTP/1.1\r\nHost: x\r\n\(cookie)"
        h.receive(poll, next)
        #expect(h.paused.contains(poll))
        h.answer("c1", [(1, "1")])
        h.resume()
        #expect(!h.paused.contains(poll))
        h.receive(poll, "\r\n")
        #expect(h.sent[poll]!.hasSuffix("ok"))
    }

    /// A script tag sees nothing but a script.
    @Test func aScriptTagsPollThatIsRefused_isToldInItsForm() {
        let long = "A: \(String(repeating: "a", count: 9000))\r\n"
        let script = h.poll("/c1.js?cursor=7&callback=f", long)
        #expect(h.status(script) == "HTTP/1.1 200 OK" && h.ended.contains(script))
        #expect(h.body(script).hasPrefix(#"/**/f({"messages":[],"cursor":0,"error":{"code":"head_too_large""#))
        for target in ["/c1.json?callback=f", "/c1.js", "/c1.js?callback=1", "/_/megacomet.js?callback=f"] {
            #expect(h.status(h.poll(target, long)).contains(" 431 "), "\(target)")
        }
        let posted = h.open()
        h.receive(posted, "POST /c1.js?callback=f HTTP/1.1\r\nHost: x\r\n\(long)\r\n")
        #expect(h.status(posted).contains(" 431 "))
    }

    @Test func jsonpThatIsSwitchedOff_isToldByItsStatus() {
        let h = WorkerHarness { $0.jsonp = false }
        for target in ["/c1.js?callback=f", "/a%2Fb.js?callback=f"] {
            let slot = h.poll(target)
            #expect(h.status(slot) == "HTTP/1.1 403 Forbidden", "\(target)")
            #expect(h.body(slot).hasPrefix(#"{"error":{"code":"jsonp""#))
            #expect(h.sent[slot]!.contains("Access-Control-Allow-Origin: *\r\n"))
        }
        let long = h.poll("/c1.js?callback=f", "A: \(String(repeating: "a", count: 9000))\r\n")
        #expect(h.status(long).contains(" 431 "))
        #expect(h.worker.waiting == 0)
        _ = h.poll("/c1.json")
        _ = h.poll("/c2.js")
        #expect(h.worker.waiting == 2, "JSON, and the bare form")
    }

    @Test func aFullWorker_saysWhenToComeBack() {
        let h = WorkerHarness { $0.maxConnections = 1 }
        _ = h.poll("/c1.json")
        let json = h.poll("/c2.json")
        let script = h.poll("/c3.js?callback=f")
        #expect(h.status(json) == "HTTP/1.1 503 Service Unavailable" && h.sent[json]!.contains("Retry-After: 3\r\n"))
        #expect(
            h.status(script) == "HTTP/1.1 200 OK" && h.body(script).contains("\"retry\":")
                && h.body(script).contains("\"code\":\"full\""))
        #expect(h.worker.waiting == 1)
    }

    @Test func onlyAllowedOrigins_mayPoll() {
        let h = WorkerHarness { $0.origins = ["https://a.example", "https://b.example"] }
        let allowed = h.poll("/_/health", "Origin: https://b.example\r\n")
        let refused = h.poll("/c1.json", "Origin: https://c.example\r\n")
        let none = h.poll("/_/health")
        #expect(h.sent[allowed]!.contains("Access-Control-Allow-Origin: https://b.example\r\nVary: Origin\r\n"))
        #expect(h.status(refused) == "HTTP/1.1 403 Forbidden" && !h.sent[refused]!.contains("Allow-Origin"))
        #expect(h.status(none).contains("503") && !h.sent[none]!.contains("Allow-Origin"))
        #expect(h.sent[allowed]!.contains("Access-Control-Allow-Credentials: true\r\n"))
    }

    @Test func theScript_isForAnyOrigin() {
        let h = WorkerHarness {
            $0.origins = ["https://a.example"]
            $0.files = [.script: .init(Array("x=1".utf8), etag: "\"e\"")]
        }
        let script = h.poll("/_/megacomet.js", "Origin: https://c.example\r\n")
        #expect(h.status(script) == "HTTP/1.1 200 OK" && h.body(script) == "x=1")
        #expect(h.sent[script]!.contains("Access-Control-Allow-Origin: *\r\n"))
        #expect(!h.sent[script]!.contains("Credentials"))
    }

    @Test func aPreflight_isAllowedWhatItAsks() {
        let h = WorkerHarness { $0.origins = ["https://a.example"] }
        let slot = h.open()
        h.receive(
            slot,
            "OPTIONS /c1.json HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\n"
                + "Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: authorization,"
                + "traceparent\r\n\r\n"
        )
        let sent = h.sent[slot]!
        #expect(h.status(slot).contains(" 204 "))
        #expect(sent.contains("Access-Control-Allow-Headers: authorization, traceparent\r\n"))
        #expect(sent.contains("Access-Control-Allow-Credentials: true\r\n") && !sent.contains("*"))
    }

    @Test func draining_answersEveryoneAndLeaves() {
        h.link()
        let slots = (0..<250).map { h.poll("/c\($0).json?cursor=1") }
        let script = h.poll("/s.js?callback=f")
        let idle = h.poll("/_/health")
        h.startDrain(seconds: 0.2)
        #expect(!h.drainStep())
        #expect(h.worker.waiting > 0, "not all at once")
        while !h.drainStep() { h.now += 100 }
        for slot in slots {
            #expect(
                h.body(slot).hasPrefix(#"{"messages":[],"cursor":1,"retry":"#)
                    && h.sent[slot]!.contains("Connection: close") && h.closed.contains(slot))
        }
        #expect(h.body(script).hasPrefix(#"/**/f({"messages":[],"cursor":0,"retry":"#))
        h.get(idle, "/late.json")
        #expect(h.body(idle).contains("\"retry\":") && h.worker.waiting == 0)
    }

    @Test func draining_staysForAPollThatIsOnItsWay() {
        h.link()
        let (old, answered) = (h.poll("/_/health"), h.poll("/a.json?cursor=0"))
        _ = h.frames()
        h.now += 60_000
        h.answer("a", [(1, "1")])
        let new = h.open()
        h.startDrain(seconds: 0.2)
        h.now += 900
        #expect(!h.drainStep(), "one client was answered a moment ago, another connected")
        h.get(answered, "/a.json?cursor=1")
        h.get(new, "/b.json?cursor=1")
        for slot in [answered, new] {
            #expect(h.sent[slot]!.contains("\"retry\":") && h.sent[slot]!.contains("Connection: close"))
            h.broke(slot)
        }
        #expect(h.drainStep(), "what is idle for a minute keeps nobody")
        #expect(!h.closed.contains(old))
    }

    @Test func draining_staysNoLonger_whereNoPollComes() {
        h.link()
        _ = h.poll("/_/health")
        h.startDrain(seconds: 0.2)
        h.now += 999
        #expect(!h.drainStep())
        h.now += 1
        #expect(h.drainStep())
    }

    @Test func draining_aMessageEndsTheConnection() throws {
        h.link()
        let slots = (0..<200).map { h.poll("/c\($0).json?cursor=0") }
        _ = h.frames()
        h.startDrain(seconds: 60)
        #expect(!h.drainStep())
        let number = try #require(slots.firstIndex { !h.closed.contains($0) })
        h.answer("c\(number)", [(1, "1")])
        let answer = h.sent[slots[number]]!
        #expect(
            answer.contains(#"{"id":1,"data":1}"#) && answer.contains("Connection: close")
                && h.closed.contains(slots[number]))
    }

    @Test func whatTheManagerSendsWrong_breaksTheLink() {
        #expect(h.fromManager([99]) == "unknown op 99")
        h.linkClosed()
        #expect(h.fromManager(h.encode(.connected, [], 0, "c")) != nil, "a manager does not poll")
    }

    @Test func latency_isCountedFromTheManagersTurn() {
        h.link()
        _ = h.poll("/c1.json")
        _ = h.frames()
        h.manager(.turn, [], h.now * 1_000_000 - 3_000_000)
        h.answer("c1", [(7, "1")])
        #expect(h.worker.counters.latencyUnder5 == 1 && h.worker.counters.latencySum == 3000)
    }

    @Test func whatIsClosed_leavesNothingBehind() {
        h.link()
        for round in 0..<3 {
            let slots = (0..<500).map { h.poll("/client-\($0).js?callback=f\(round)") }
            for slot in slots.shuffled() { h.broke(slot) }
        }
        #expect(h.worker.connections == 0 && h.worker.waiting == 0 && h.worker.untilDeadline(now: h.now) == nil)
        #expect(h.frames().filter { $0.hasPrefix("gone") }.count == 1500)
    }
}
