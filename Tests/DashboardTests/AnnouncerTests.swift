import Dashboard
import Supervision
import Testing

struct AnnouncerTests {
    private let silent = Self.alert("w0 suspect", .warning, "w0 is silent", "for 3.4s")
    private static func alert(_ key: String, _ level: Alert.Level, _ what: String, _ text: String) -> Alert {
        Alert(key: key, level: level, what: what, short: "", text: text, since: 0, screen: 4)
    }

    @Test func title_hasAMarkWhileThereAreAlerts() {
        var announcer = Announcer()
        let session = Session()
        #expect(announcer.announce([], host: "push1", session) == .init(title: "megatop push1"))
        #expect(announcer.announce([], host: "push1", session) == .init())
        #expect(announcer.announce([silent], host: "push1", session) == .init(title: "(!) megatop push1"))
        #expect(announcer.announce([silent], host: "push1", session) == .init())
        #expect(announcer.announce([], host: "push1", session) == .init(title: "megatop push1"))
    }
    @Test func bellAndNotice_onceForEachRise() {
        var announcer = Announcer()
        var session = Session()
        (session.setsTitle, session.ringsBell, session.notification) = (false, true, .osc9)
        var same = silent
        same.text = "for 4.4s\u{1B}]0;x\u{07}"
        let other = Self.alert("w1 down", .critical, "w1 is down", "BACKOFF")
        #expect(announcer.announce([], host: "push1", session) == .init())
        let first = announcer.announce([silent], host: "push1", session)
        #expect(first == .init(ringsBell: true, notice: silent.sentence))
        #expect(announcer.announce([same], host: "push1", session) == .init(), "it lasts, with another figure")
        #expect(announcer.announce([other, same], host: "push1", session).notice == "w1 is down: BACKOFF")
        _ = announcer.announce([], host: "push1", session)
        let again = announcer.announce([other, same], host: "push1", session)
        #expect(again == .init(ringsBell: true, notice: "w1 is down: BACKOFF (+1)"))
        _ = announcer.announce([], host: "push1", session)
        let hostile = announcer.announce([same], host: "push1", session).notice ?? ""
        #expect(!hostile.unicodeScalars.contains { $0.value < 32 })
    }
    @Test func off_isSilent() {
        var announcer = Announcer()
        var session = Session()
        session.setsTitle = false
        #expect(announcer.announce([silent], host: "push1", session) == .init())
    }
    @Test func titleThatIsSwitchedOff_isTakenBack() {
        var announcer = Announcer()
        var session = Session()
        _ = announcer.announce([], host: "push1", session)
        session.setsTitle = false
        #expect(announcer.announce([], host: "push1", session) == .init(title: ""))
    }
}
