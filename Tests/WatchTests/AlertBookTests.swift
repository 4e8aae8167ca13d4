import Supervision
import Testing
import Watch

struct AlertBookTests {
    private static func lag(_ level: Level = .warning) -> Condition { Condition(.lag, level, at: "w0", "late by 60ms") }

    @Test func alert_risesAfterThreeSamples_andFallsAfterTen() throws {
        var book = AlertBook()
        for sample in UInt64(1)...2 {
            #expect(book.note([Self.lag()], sample: sample, wall: sample * 1000).isEmpty)
            #expect(book.raised.isEmpty)
        }
        let rise = book.note([Self.lag()], sample: 3, wall: 3000)
        let alert = try #require(book.raised.first)
        #expect(rise == [.rose(alert)])
        #expect(alert.key == "w0 lag" && alert.since == 1000 && alert.sentence == "w0 is late: late by 60ms")
        #expect(alert.process == .worker(0))
        for sample in UInt64(4)...12 {
            #expect(book.note([], sample: sample, wall: sample * 1000).isEmpty)
            #expect(book.raised.first?.over == 4000, "it is told as over from the first sample without it")
            #expect(Verdict(book.raised) == .ok)
        }
        let fall = book.note([], sample: 13, wall: 13_000)
        #expect(fall.count == 1 && book.raised.isEmpty)
        guard case .fell(let ended) = fall[0] else { throw Mistake() }
        #expect(ended.over == 4000)
    }
    private struct Mistake: Error {}

    @Test func alertThatComesAgain_isTheSameOne() {
        var book = AlertBook()
        for sample in UInt64(1)...3 { book.note([Self.lag()], sample: sample, wall: sample * 1000) }
        book.note([], sample: 4, wall: 4000)
        #expect(book.note([Self.lag()], sample: 5, wall: 5000).isEmpty)
        #expect(book.raised.first?.since == 1000 && book.raised.first?.over == nil)
    }
    @Test func picturesOfOneSecond_countOnce() {
        var book = AlertBook()
        for _ in 0..<5 { book.note([Self.lag()], sample: 7, wall: 7000) }
        #expect(book.raised.isEmpty)
    }
    @Test func certainCondition_risesAtOnce_andThatItGetsWorseIsTold() {
        var book = AlertBook()
        #expect(book.note([Condition(.down, .warning, at: "w2", "", certain: true)], sample: 1, wall: 1000).count == 1)
        let worse = book.note([Condition(.down, .critical, at: "w2", "", certain: true)], sample: 2, wall: 2000)
        #expect(worse == [.worsened(book.raised[0])])
        #expect(Verdict(book.raised) == .act)
    }
    @Test func acknowledgedAlert_weighsNothing_untilItGetsWorse() {
        var book = AlertBook()
        for sample in UInt64(1)...3 { book.note([Self.lag()], sample: sample, wall: 0) }
        #expect(Verdict(book.raised) == .look)
        #expect(book.acknowledge("w1 lag", by: "ann") == 0)
        #expect(book.acknowledge("w0 lag", by: "ann") == 1)
        #expect(Verdict(book.raised) == .ok && book.raised.first?.acknowledged == "ann")
        book.note([Self.lag(.critical)], sample: 4, wall: 0)
        #expect(Verdict(book.raised) == .act)
    }
    @Test func growthOfTheCounter_isToldSinceTheRise() {
        var book = AlertBook()
        for sample in UInt64(1)...5 {
            book.note(
                [Condition(.expiry, .critical, "9/s", counter: Double(1000 + sample * 9))], sample: sample, wall: 0)
        }
        #expect(book.raised.first?.text == "9/s; 36 so far")
    }
    @Test func worstIsFirst_andTheVerdictIsSinceItsOwnLevel() {
        func alert(_ key: String, _ level: Alert.Level, _ since: UInt64, over: UInt64? = nil) -> Alert {
            Alert(key: key, level: level, what: key, short: key, text: "", since: since, over: over, screen: 1)
        }
        let alerts = [
            alert("a", .warning, 5), alert("b", .critical, 20), alert("c", .critical, 10),
            alert("d", .critical, 1, over: 2),
        ].worstFirst
        #expect(alerts.map(\.key) == ["c", "b", "a", "d"])
        #expect(Verdict(alerts).since(alerts) == 10)
        #expect(Verdict([alerts[2]]) == .look && Verdict([alerts[3]]) == .ok)
    }
    @Test func words_fitTheirPlaces() {
        for kind in AlertKind.allCases {
            #expect(kind.short.count <= 7 && !kind.short.isEmpty, "\(kind)")
            #expect(!kind.what.isEmpty && kind.rule.hasSuffix("."), "\(kind)")
        }
        #expect(Set(AlertKind.allCases.map(\.what)).count == AlertKind.allCases.count)
    }
}
