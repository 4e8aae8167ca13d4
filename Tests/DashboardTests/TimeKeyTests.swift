import Dashboard
import Supervision
import Testing
import Watch

struct TimeKeyTests {
    /// Ten minutes by the second before now, and ten hours by the minute before them.
    private static let model = {
        var model = Samples.shown
        model.reach.last = model.now
        model.reach.seconds = model.now - 600 * Samples.second
        model.reach.first = model.now - 36_000 * Samples.second
        return model
    }()
    private static let recording = {
        var model = TimeKeyTests.model
        model.link = .replay(isOver: false)
        model.reach.seconds = model.reach.first
        model.reach.last = model.now + 100 * Samples.second
        return model
    }()
    private func press(_ keys: [Key], _ session: inout Session, _ model: Model = TimeKeyTests.model) -> [Effect] {
        keys.flatMap { KeyHandler(model, Size(80, 24)).handle($0, &session) }
    }
    private func back(_ session: Session, _ model: Model = TimeKeyTests.model) -> Double? {
        session.moment.map { (Double(model.now) - Double($0)) / 1e9 }
    }

    @Test func arrows_moveBySeconds_onEveryScreen() {
        for screen in Screen.allCases {
            var session = Session()
            session.screen = screen
            _ = press([.left], &session)
            #expect(back(session) == 1)
            _ = press([.left, .character("("), .character("{"), .shiftLeft, .controlLeft, .right], &session)
            #expect(back(session) == 141)
            _ = press([.character(")"), .character("}"), .shiftRight], &session)
            #expect(back(session) == 61 && session.screen == screen)
            // Past now there is nothing.
            _ = press([.controlRight, .right], &session)
            #expect(session.moment == nil && session.toast == "now")
        }
    }
    @Test func beforeTheTenMinutes_aStepIsAMinute() {
        var session = Session()
        session.moment = Self.model.reach.seconds
        _ = press([.left], &session)
        #expect(back(session) == 660)
        _ = press([.left, .character("{"), .right], &session)
        #expect(back(session) == 720)
        session.moment = Self.model.reach.first + 5
        _ = press([.left], &session)
        #expect(session.moment == Self.model.reach.first && session.toast == "nothing is known of the time before")
    }
    @Test(arguments: [Key.end, .escape, .character(" "), .character("p")]) func theWayBack(_ key: Key) {
        var session = Session()
        session.filter = Filter("w")
        _ = press([.left], &session)
        #expect(press([key], &session).isEmpty)
        #expect(session.moment == nil && !session.filter.isEmpty)
    }
    @Test func inThePresent_theseKeysHaveTheirOtherMeaning() {
        var session = Session()
        #expect(press([.character(" ")], &session) == [.retry])
        _ = press([.end], &session)
        #expect(session.cursor == .process(.worker(7)) && session.moment == nil)
        _ = press([.character("p")], &session)
        #expect(session.moment == Self.model.now)
    }
    @Test func aRecording_isPlayedAndPaused() {
        var session = Session()
        _ = press([.character(" ")], &session, Self.recording)
        #expect(back(session, Self.recording) == 0)
        _ = press([.right, .right], &session, Self.recording)
        #expect(back(session, Self.recording) == -2)
        _ = press([.end], &session, Self.recording)
        #expect(session.moment == Self.recording.reach.last)
        _ = press([.controlLeft, .character("p")], &session, Self.recording)
        #expect(session.moment == nil)
    }
    @Test func events_areAskedFor() {
        var session = Session()
        #expect(press([.character("["), .character("]")], &session) == [.previousEvent, .nextEvent])
        session.overlay = .detail(.worker(5), .history)
        #expect(press([.character("["), .left], &session) == [.previousEvent])
        #expect(back(session) == 1 && session.overlay == .detail(.worker(5), .history))
    }
    /// The samples are of 14:02:31.
    @Test(arguments: [
        ("14:02:00", 31.0), ("13:02:31", 3600), ("12:58", 3871), ("14:02:31", 0), ("14:02:32", nil), ("03:00", nil),
        ("25:00", nil), ("14:2:x", nil), ("", nil), ("14", nil), ("-1:30", nil), ("14:00:00:00", nil),
    ]) func goTo(_ text: String, _ seconds: Double?) throws {
        var session = Session()
        _ = press(":goto \(text)".map { .character($0) } + [.enter], &session)
        if let seconds, seconds > 0 {
            let found = try #require(back(session))
            #expect(abs(found - seconds) < 1)
        } else {
            #expect(session.moment == nil && session.toast != nil)
        }
    }
    @Test func inThePast_nothingActs() {
        var past = Self.model
        past.past = Model.Past(present: past.now + Samples.second)
        var session = Session()
        session.adminUntil = past.now + 200 * Samples.second
        for key in "RDSUKXPH" {
            #expect(press([.character(key)], &session, past).isEmpty)
            #expect(session.overlay == nil && session.toast == "nothing to act on in the past: End returns to now")
        }
    }
    @Test func keysHeldWithArrows_asTerminalsSendThem() {
        let sent: [(String, Key)] = [
            ("[D", .left), ("[C", .right), ("OD", .left), ("[1;2D", .shiftLeft), ("[1;2C", .shiftRight),
            ("[1;5D", .controlLeft), ("[1;5C", .controlRight), ("[d", .shiftLeft), ("[c", .shiftRight),
            ("Od", .controlLeft), ("Oc", .controlRight), ("[1;3D", .left),
        ]
        for (text, key) in sent {
            var decoder = KeyDecoder()
            #expect(decoder.receive([27] + Array(text.utf8)) == [key], "\(text)")
        }
        // The answer of a terminal that was asked what it is.
        var decoder = KeyDecoder()
        #expect(decoder.receive(Array("\u{1B}[?1;2cq".utf8)) == [.character("q")])
    }
}
