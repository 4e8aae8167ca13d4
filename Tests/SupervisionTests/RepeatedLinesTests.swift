import Testing

@testable import Supervision

@Suite struct RepeatedLinesTests {
    @Test func sameLineAgain_isCounted_andToldBeforeTheNextOther() {
        var lines = RepeatedLines()
        #expect(lines.said("no route", now: 0) == ["no route"])
        for _ in 0..<4811 { #expect(lines.said("no route", now: 5).isEmpty) }
        #expect(lines.said("link is up", now: 6) == ["last message repeated 4,811 times", "link is up"])
        #expect(lines.said("no route", now: 7) == ["no route"])
        #expect(lines.said("no route", now: 8).isEmpty)
        #expect(lines.taken() == "last message repeated 1 time")
        #expect(lines.taken() == nil)
    }
    @Test func timeOfALine_isNoDifference() {
        var lines = RepeatedLines()
        #expect(lines.said("{\"time\":\"2026-11-23T14:02:28.618Z\",\"level\":\"info\"}", now: 0).count == 1)
        #expect(lines.said("{\"time\":\"2026-11-23T14:02:29.000Z\",\"level\":\"info\"}", now: 0).isEmpty)
        #expect(lines.said("2026-11-23T14:02:28.618Z x", now: 0).count == 2)
        #expect(lines.said("2026-11-23T14:02:29.618Z x", now: 0).isEmpty)
        #expect(lines.said("2026-11-23T14:02:29.618Z y", now: 0).count == 2)
    }
    @Test func countIsTold_30SecondsAfterTheFirstRepeat_andGoesOn() {
        var lines = RepeatedLines()
        _ = lines.said("x", now: 0)
        #expect(lines.tick(now: 100_000) == nil, "nothing was repeated")
        #expect(lines.said("x", now: 100_000).isEmpty)
        #expect(lines.said("x", now: 129_999).isEmpty)
        #expect(lines.tick(now: 129_999) == nil)
        #expect(lines.tick(now: 130_000) == "last message repeated 2 times")
        #expect(lines.said("x", now: 130_001).isEmpty)
        #expect(lines.said("x", now: 160_001) == ["last message repeated 2 times"])
    }
}
