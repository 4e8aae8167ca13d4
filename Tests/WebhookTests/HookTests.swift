import Testing

@testable import Webhook

@Suite struct HookTests {
    private static let seen3 = "{\"op\":\"seen\",\"reader\":\"webhook\",\"cursor\":3}"

    @Test func itAsksAsTheReaderThatTheManagerKnows() {
        var desk = Desk(token: "0123456789abcdef0123456789abcdef")
        desk.connect()
        #expect(
            desk.said == [
                "{\"key\":\"0123456789abcdef0123456789abcdef\"}", "{\"op\":\"events\",\"reader\":\"webhook\"}",
            ])
        #expect(desk.hook.manager == .asking && desk.hook.wantsInput)
        desk.receive("{\"status\":\"events\",\"cursor\":7}")
        #expect(desk.hook.manager == .reading && desk.hook.wantsInput && desk.told.isEmpty)
    }

    @Test func eventsThatComeTogether_areOneRequest_andThenTheManagerKnowsTheCursor() {
        var desk = Desk.reading()
        desk.receive(Desk.event(1), Desk.event(2), Desk.event(3))
        #expect(desk.posted == [Desk.body([1, 2, 3])])
        #expect(!desk.hook.wantsInput && desk.said.isEmpty)
        desk.answer(204)
        #expect(desk.said == [Self.seen3] && desk.hook.wantsInput && desk.hook.app == .idle)
        #expect(desk.hook.counters.events == 3 && desk.hook.counters.requests == 1 && desk.hook.counters.status == 204)
    }

    @Test func whatIsNotTaken_isPostedAgain_unchanged_laterAndLater() {
        var desk = Desk.reading()
        desk.receive(Desk.event(1), Desk.event(2))
        var times: [UInt64] = []
        for _ in 0..<9 {
            let failedAt = desk.now
            desk.answer(500)
            while case .waiting = desk.hook.app { desk.wait(1) }
            times.append(desk.now - failedAt)
        }
        #expect(times == [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
        #expect(desk.posted == Array(repeating: Desk.body([1, 2]), count: 10))
        #expect(!desk.hook.wantsInput, "the manager's ring is the buffer")
        #expect(desk.told == [.failing("it answers 500")], "the same reason is told once")
        #expect(desk.hook.failingSince == 1_000_000 && desk.hook.counters.failures == 9)
        desk.answer(200)
        #expect(desk.told.last == .recovered(failures: 9, after: 243_000))
        #expect(desk.hook.failingSince == nil && desk.said == ["{\"op\":\"seen\",\"reader\":\"webhook\",\"cursor\":2}"])
        // The next failure begins with the first delay again.
        desk.receive(Desk.event(3))
        desk.fail()
        #expect(desk.hook.app == .waiting(until: desk.now + 1000))
    }

    @Test func jitter_isAFifth() {
        for (jitter, delay) in [(-1.0, 800), (0.5, 1100), (1, 1200), (7, 1200)] as [(Double, UInt64)] {
            var desk = Desk.reading()
            desk.receive(Desk.event(1))
            desk.perform(desk.hook.failed("Timeout was reached", jitter: jitter, now: desk.now))
            #expect(desk.hook.app == .waiting(until: desk.now + delay))
        }
    }

    @Test func aRedirect_isAFailure_andIsSaid() {
        var desk = Desk.reading()
        desk.receive(Desk.event(1))
        desk.answer(302)
        #expect(desk.told == [.failing("it answers 302, a redirect, which is not followed")])
        desk.wait(1000)
        desk.answer(302)
        desk.wait(2000)
        desk.answer(503)
        #expect(desk.told.count == 2 && desk.told.last == .failing("it answers 503"), "another reason is told")
    }

    @Test func linesBehindABatch_waitForTheNextOne() {
        var desk = Desk.reading()
        let ids = (1...1203).map(UInt64.init)
        desk.receive(ids.map(Desk.event))
        #expect(desk.posted == [Desk.body(Array(ids[..<500]))] && desk.hook.waitingEvents == 1203)
        desk.answer(200)
        desk.answer(200)
        #expect(desk.posted.count == 3 && desk.posted[2] == Desk.body(Array(ids[1000...])))
        #expect(!desk.hook.wantsInput)
        desk.answer(200)
        #expect(desk.hook.wantsInput && desk.said.last == "{\"op\":\"seen\",\"reader\":\"webhook\",\"cursor\":1203}")
    }

    @Test func aBatch_hasABoundInBytes() {
        var desk = Desk.reading()
        let long = (1...5).map {
            "{\"id\":\($0),\"event\":\"connected\",\"client\":\"\(String(repeating: "x", count: 60_000))\"}"
        }
        desk.receive(long)
        #expect(desk.posted.count == 1 && desk.posted[0].hasSuffix("],\"cursor\":4}"))
        #expect(desk.posted[0].utf8.count <= 262_144 + 64)
        desk.answer(200)
        #expect(desk.posted.count == 2 && desk.posted[1].hasSuffix("],\"cursor\":5}"))
    }

    @Test func aMachineOfACluster_namesItself() {
        var desk = Desk(node: "a-1")
        desk.connect()
        desk.receive("{\"status\":\"events\",\"cursor\":0}", Desk.event(1))
        #expect(desk.posted == ["{\"node\":\"a-1\"," + Desk.body([1]).dropFirst()])
    }

    @Test func aGap_liesBeforeTheEventsOfItsBatch() {
        var desk = Desk.reading()
        desk.receive(Desk.event(1), "{\"gap\":true,\"cursor\":70}", Desk.event(71), Desk.event(72))
        #expect(desk.posted == [Desk.body([1])] && desk.told == [.gap] && desk.hook.counters.gaps == 1)
        desk.answer(200)
        #expect(desk.posted.last == Desk.body([71, 72], gap: true))
        desk.answer(200)
        desk.receive("{\"gap\":true,\"cursor\":90}")
        #expect(desk.posted.last == "{\"events\":[],\"cursor\":90,\"gap\":true}")
        desk.answer(200)
        #expect(desk.said.last == "{\"op\":\"seen\",\"reader\":\"webhook\",\"cursor\":90}")
    }

    @Test func afterTheManagersDeath_itGoesOnBehindWhatItHas() {
        var desk = Desk.reading()
        desk.receive(Desk.event(1), Desk.event(2))
        // The app takes the batch while there is no manager.
        desk.lose()
        desk.answer(200)
        #expect(desk.said.isEmpty && desk.told == [.managerAway("the manager closed the connection")])
        desk.wait(249)
        #expect(desk.connects == 1)
        desk.wait(1)
        #expect(desk.connects == 2)
        desk.connect()
        #expect(
            desk.said == [
                "{\"op\":\"seen\",\"reader\":\"webhook\",\"cursor\":2}",
                "{\"op\":\"events\",\"reader\":\"webhook\",\"cursor\":2}",
            ])
        // Events that the new manager tells again are not posted again.
        desk.receive("{\"status\":\"seen\",\"cursor\":2}", "{\"status\":\"events\",\"cursor\":2}")
        desk.receive(Desk.event(2), Desk.event(3))
        #expect(desk.posted == [Desk.body([1, 2]), Desk.body([3])])
    }

    @Test func aBatch_outlivesTheManager() {
        var desk = Desk.reading()
        desk.receive(Desk.event(5))
        desk.answer(500)
        desk.lose()
        desk.wait(300)
        desk.connect()
        desk.receive("{\"status\":\"events\",\"cursor\":5}")
        #expect(desk.said == ["{\"op\":\"events\",\"reader\":\"webhook\",\"cursor\":5}"])
        desk.wait(700)
        #expect(desk.posted == [Desk.body([5]), Desk.body([5])])
        desk.answer(200)
        #expect(desk.said.last == "{\"op\":\"seen\",\"reader\":\"webhook\",\"cursor\":5}")
    }

    /// Its memory is gone, and its clock went back.
    @Test func aManagerWithLowerIds_isBelieved() {
        var desk = Desk.reading(from: 1000)
        desk.lose()
        desk.wait(250)
        desk.connect()
        desk.receive("{\"status\":\"events\",\"cursor\":40}")
        desk.receive(Desk.event(41))
        #expect(desk.posted == [Desk.body([41])])
    }

    @Test func aManagerThatRefuses_isAskedAgain_andSaidOnce() {
        var desk = Desk()
        for count in 1...5 {
            desk.connect()
            desk.receive("{\"error\":{\"code\":\"op\",\"message\":\"unknown op\"}}")
            #expect(desk.disconnects == count)
            desk.wait(2000)
        }
        #expect(desk.told == [.managerAway("it refuses: \"unknown op\"")])
        #expect(desk.connects == 6)
    }

    @Test func aSilentManager_isLeft() {
        var desk = Desk.reading()
        desk.wait(20_000)
        desk.receive("{\"cursor\":0}")
        desk.wait(29_999)
        #expect(desk.disconnects == 0)
        desk.wait(1)
        #expect(desk.disconnects == 1 && desk.told == [.managerAway("it is silent")])
        // Nothing is heard from one that is not listened to.
        desk = Desk.reading()
        desk.receive(Desk.event(1))
        for _ in 0..<4 {
            desk.answer(500)
            desk.wait(60_000)
        }
        desk.answer(200)
        desk.wait(29_999)
        #expect(desk.disconnects == 0)
    }

    @Test func aDrain_letsTheRequestEnd_andTellsTheManager() {
        var desk = Desk.reading()
        desk.receive((1...600).map(Desk.event))
        desk.perform(desk.hook.drain(until: desk.now + 5000))
        #expect(!desk.isFinished)
        desk.answer(200)
        #expect(desk.posted.count == 1 && !desk.isFinished && desk.hook.wantsInput)
        #expect(desk.said == ["{\"op\":\"seen\",\"reader\":\"webhook\",\"cursor\":500}"])
        desk.receive(Desk.event(601), "{\"status\":\"seen\",\"cursor\":500}")
        #expect(desk.isFinished && desk.posted.count == 1)
    }

    @Test func aDrain_endsInTime_andAtOnceIfNothingIsUnderWay() {
        var desk = Desk.reading()
        desk.receive(Desk.event(1))
        desk.perform(desk.hook.drain(until: desk.now + 5000))
        desk.wait(4999)
        #expect(!desk.isFinished)
        desk.wait(1)
        #expect(desk.isFinished)

        desk = Desk.reading()
        desk.perform(desk.hook.drain(until: desk.now + 5000))
        #expect(desk.isFinished)

        desk = Desk.reading()
        desk.receive(Desk.event(1))
        desk.answer(500)
        desk.perform(desk.hook.drain(until: desk.now + 5000))
        #expect(desk.isFinished, "the next process posts it")
    }
}
