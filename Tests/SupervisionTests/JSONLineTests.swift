import Stats
import Supervision
import Testing

/// Values in the form of the control socket.
struct JSONLineTests {
    private struct Outer: Codable {
        var name: String
        var state: ProcessState
        var pid: Int32?
        var seconds: Double
        var parts: [Part]
        var last: Part?
    }
    private struct Part: Codable {
        var isWell: Bool
        var words: [String]
        enum CodingKeys: String, CodingKey { case isWell = "is_well", words }
    }

    @Test func members_standInTheirOrder_andNilIsNull() {
        let value = Outer(
            name: "a \"quoted\"\nline/字", state: .ready, pid: nil, seconds: 12,
            parts: [Part(isWell: true, words: []), Part(isWell: false, words: ["x", "y"])], last: nil)
        #expect(
            JSONLine.text(value)
                == #"{"name":"a \"quoted\"\nline/字","state":"ready","pid":null,"seconds":12.0,"parts":[{"is_well":true,"words":[]},{"is_well":false,"words":["x","y"]}],"last":null}"#
        )
        #expect(JSONLine.text([Int?.none, 3]) == "[null,3]")
    }
    @Test func event_isWrittenAsItAlwaysWas() {
        var event = Event(.error, .worker(5), .exit, "exit 1 after 3.1 s", generation: 3, pid: 24417)
        (event.number, event.time, event.at) = (17, 1_795_442_551_042, "2026-11-23T14:02:31.042Z")
        #expect(
            JSONLine.text(event)
                == #"{"number":17,"time":1795442551042,"at":"2026-11-23T14:02:31.042Z","severity":"error","name":"worker-5","pid":24417,"generation":3,"kind":"EXIT","text":"exit 1 after 3.1 s"}"#
        )
        let whole = JSONLine.text(Event(.info, nil, .reload, "by root"))
        #expect(
            whole == #"{"number":0,"time":0,"at":"","severity":"info","name":null,"kind":"RELOAD","text":"by root"}"#)
    }
}
