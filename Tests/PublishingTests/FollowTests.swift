import Base
import Comet
import Testing
import Wire

@testable import Publishing

/// Lines that tell what happens to one client.
@Suite struct FollowTests {
    private func number(_ at: UInt64) -> UInt64 { App.firstId + at }

    @Test func whatHappensToAClient_isTold_toThoseWhoFollowIt() {
        let app = App()
        #expect(
            app.send("{\"op\":\"follow\",\"client\":\"c1\",\"contents\":true}\n").hasPrefix("{\"status\":\"follow\","))
        #expect(app.send("{\"op\":\"follow\",\"client\":\"c2\"}\n").contains("\"stream\""))
        let follower = app.session
        app.connect()
        app.poll("other")
        app.poll("c1")
        _ = app.send(App.post(#"{"client":"c1","message":{"a":1}}"#) + App.post(#"{"client":"other","message":2}"#))
        _ = app.send(App.post(#"{"client":"c1","message":3,"ttl":1}"#))
        app.session = follower
        let lines = app.later(2000).split(separator: "\n")
        let told = lines.map { $0.split(separator: "\"")[3] }
        #expect(told == ["connected", "receiver", "published", "sent", "published", "expired"])
        #expect(lines[3].contains(#""message":\#(number(0)),"bytes":7,"app":2,"data":{"a":1},"time":"#))
        app.port.closed(follower, &app.board)
        app.connect()
        #expect(app.send("{\"op\":\"follow\",\"client\":\"c1\"}\n").contains("follow"))
        let hasLines = app.board.hasFollowed
        #expect(!hasLines)
    }
    @Test func aFollowerThatDoesNotRead_isToldThatLinesAreMissing() {
        let app = App { $0.maxPerClient = 2 }
        app.receive("{\"op\":\"follow\",\"client\":\"c1\"}\n")
        let follower = app.session
        app.connect()
        for _ in 0..<5000 { _ = app.send(App.post(#"{"client":"c1","message":3}"#)) }
        app.session = follower
        #expect(follower.output.count < Limits.eventsAnswerBytes)
        let text = app.turn()
        #expect(text.hasSuffix("{\"gap\":true}\n") && text.utf8.count < 2 * Limits.eventsAnswerBytes)
    }
    @Test func aFollowerThatHadNothingToRead_hasItsTime() {
        let app = App()
        _ = app.send("{\"op\":\"follow\",\"client\":\"c1\"}\n")
        let follower = app.session
        app.now += 1000 * (Limits.appWriteSeconds + 5)
        app.connect()
        _ = app.send(App.post(#"{"client":"c1","message":3}"#))
        app.port.tellWaiting(&app.board, now: app.now)
        #expect(!follower.output.isEmpty && !follower.isOver(now: app.now))
        #expect(follower.isOver(now: app.now + 1000 * Limits.appWriteSeconds))
    }
    @Test func followersAreBounded() {
        let app = App()
        for _ in 0..<Limits.followers {
            app.connect()
            #expect(app.send("{\"op\":\"follow\",\"client\":\"c1\"}\n").contains("follow"))
        }
        app.connect()
        #expect(app.send("{\"op\":\"follow\",\"client\":\"c1\"}\n").contains("followers_full"))
    }
}
