import Base
import Stats
import TestSupport
import Testing

@Suite struct EventTests {
    /// A body that was cut in the middle was no JSON, so the event was lost.
    @Test func event_fitsIntoADatagram_whateverItsText() throws {
        for text in ["\"", "\\", "\u{1B}", "\u{2028}", "字", "x", "\u{E0001}"] {
            var body = Buffer()
            Event(
                time: .max, severity: .critical, name: "worker-127", kind: "UPGRADE_FAILED",
                text: String(repeating: text, count: 5000), pid: 4_194_304,
                generation: .max
            ).write(to: &body)
            #expect(body.count <= StatsPacket.mostBytes - StatsPacket.headerBytes - StatsPacket.tokenBytes)
            #expect(try JSON.parse(Array(body.bytes))["text"]?.string?.isEmpty == false)
        }
    }
    @Test func severities_haveAnOrder() {
        #expect(Severity.allCases == Severity.allCases.sorted())
        #expect(Severity.allCases.map(\.letter) == ["I", "W", "E", "C"])
    }
    @Test func states_haveTheCodesOfTheMetric() {
        #expect(ProcessState.allCases.map(\.code) == [0, 1, 2, 3, 4, 5, 6, 7, 8])
        #expect(ProcessState(code: 2) == .ready && ProcessState(code: 8) == .held && ProcessState(code: 9) == nil)
    }
}
