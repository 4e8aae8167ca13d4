import Base
import Comet
import TestSupport
import Testing
import Wire

@testable import Publishing

/// The life of a connection: whose output is written, what its socket does next, who makes room, and whose time is
/// over.
@Suite struct SessionTests {
    private let publish = #"{"client":"c1","message":1}"# + "\n"

    /// The app reads `count` bytes of its answers, or all of them.
    private func read(_ app: App, _ count: Int? = nil) {
        app.port.written(app.session, count ?? app.outputBytes, &app.board, now: app.now)
    }

    @Test func theSocket_readsUntilAnswersWait_andWritesThem() {
        let app = App()
        #expect(app.session.next == .wait(reads: true, writes: false))
        app.receive(publish)
        #expect(app.session.next == .wait(reads: true, writes: true))
        read(app, 1)
        #expect(app.session.next == .wait(reads: true, writes: true))
        read(app)
        #expect(app.session.next == .wait(reads: true, writes: false))
    }
    @Test func whoSendsNoMore_isAnswered_andClosed() {
        let app = App()
        app.receive(publish + publish.dropLast())
        app.session.ended()
        app.port.process(app.session, &app.board, now: app.now)
        #expect(app.queued == 2)
        #expect(app.session.next == .wait(reads: false, writes: true))
        read(app)
        #expect(app.session.next == .close)
    }
    @Test func theLastAnswer_isReadBeforeTheEnd() {
        let app = App()
        app.receive(App.get("/stats", "Connection: close\r\n"))
        #expect(app.session.next == .wait(reads: false, writes: true))
        read(app)
        #expect(app.session.next == .linger)
        app.session.linger(now: app.now)
        let seconds = (0...60).first { app.session.isOver(now: app.now + $0 * 1000) }
        #expect(app.session.isLingering && seconds == Limits.appLingerSeconds)
    }

    /// Answers over the bound keep the input waiting until all of them are written.
    @Test(arguments: [1, 100, 100_000])
    func whatWaitedForRoom_isTakenUpWhenTheAnswersAreOut(_ first: Int) {
        let app = App()
        app.receive(String(repeating: App.get("/nothing"), count: 20_000))
        let waiting = app.inputBytes
        #expect(waiting > 0 && app.session.next == .wait(reads: false, writes: true))
        // The socket takes some of them first. Then there is room, but they are not all written.
        read(app, first)
        #expect(app.inputBytes == waiting)
        read(app)
        #expect(app.inputBytes < waiting && app.outputBytes > 0)
    }
    @Test func whoMayHaveSomethingToWrite_isListedOnce() {
        let app = App()
        let first = app.session
        app.receive(publish)
        app.receive(publish)
        app.connect()
        app.receive(publish)
        #expect(app.listed() == [first.number, app.session.number])
        #expect(!app.hasListed && !first.isListed)
    }

    @Test func whatIsHalfSent_countsForAllOthers_untilItsConnectionIsClosed() {
        let app = App()
        let half = "POST /publish HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"
        let first = app.session
        app.receive(half)
        app.connect()
        app.receive("{\"client\":")
        #expect(app.claimedByAll == half.utf8.count + 1000 + 10)
        app.port.closed(first, &app.board)
        app.port.closed(app.session, &app.board)
        #expect(app.claimedByAll == 0 && app.sessionCount == 0)
    }

    @Test func whoShowedNothing_makesRoom_whoIsQuietestFirst() {
        let app = App()
        app.receive(publish)  // trusted: it stays
        var strangers: [AppSession] = []
        for number in 1..<Limits.appConnections {
            #expect(!app.isFull)
            app.now += 1
            app.connect("10.0.0.1:\(number)")
            strangers.append(app.session)
        }
        #expect(app.isFull && app.quietestStranger === strangers[0])
        strangers[0].received(0, now: app.now + 1)
        #expect(app.quietestStranger === strangers[1])
        app.port.closed(strangers[1], &app.board)
        #expect(!app.isFull && app.quietestStranger === strangers[2])
    }

    @Test func aRequestThatIsNotWholeInTime_isToldSo_theOthersAreClosed() {
        let app = App()
        let silent = app.session
        app.connect()
        let half = app.session
        app.receive("GET /stats HT")
        _ = app.listed()
        let over = app.now + 1000 * max(Limits.appRequestSeconds, Limits.appProofSeconds)
        #expect(app.expired(over - 1).isEmpty)
        #expect(app.expired(over) == [silent.number])
        #expect(answer(String(decoding: half.output.bytes, as: UTF8.self)).status == 408)
        #expect(app.listed() == [half.number] && half.isClosing)
    }
}

/// `#expect` can't take a value apart that can't be copied, such as the port.
extension App {
    fileprivate var isFull: Bool { port.isFull }
    fileprivate var quietestStranger: AppSession? { port.quietestStranger }
    fileprivate var claimedByAll: Int { port.inputBytes }
    fileprivate var sessionCount: Int { port.sessions.count }
    fileprivate var hasListed: Bool { port.hasListed }
    fileprivate func listed() -> [UInt64] { port.takeListed().map(\.number) }
    fileprivate func expired(_ now: UInt64) -> [UInt64] { port.expire(now: now).map(\.number) }
}
