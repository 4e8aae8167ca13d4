import Testing

@testable import Webhook

@Suite struct EventLineTests {
    private func read(_ text: String) -> EventLine {
        Array(text.utf8).withUnsafeBytes { EventLine($0) }
    }

    @Test func lines_areWhatTheManagerSays() {
        #expect(
            read("{\"id\":1764400000000001,\"event\":\"absent\",\"client\":\"c1\"}")
                == .event(id: 1_764_400_000_000_001))
        #expect(read(" { \"client\" : \"a\\\"},{\" , \"event\":\"x\", \"id\" : 7 } ") == .event(id: 7))
        #expect(read("{\"a\":{\"id\":1,\"b\":[1,{\"c\":2}]},\"id\":2,\"event\":\"done\"}") == .event(id: 2))
        #expect(read("{\"gap\":true,\"cursor\":9}") == .gap(cursor: 9))
        #expect(read("{\"cursor\":81}") == .heartbeat(cursor: 81))
        #expect(read("{\"status\":\"events\",\"cursor\":0}") == .begins(cursor: 0))
        #expect(read("{\"status\":\"seen\",\"cursor\":5}") == .seen(cursor: 5))
        #expect(read("{\"error\":{\"code\":\"right\",\"message\":\"no right\"}}") == .refusal("\"no right\""))
    }

    @Test func otherLines_areUnknown() {
        for text in [
            "", "{", "{}", "[]", "7", "null", "{\"id\":1}", "{\"event\":\"x\"}", "{\"id\":-1,\"event\":\"x\"}",
            "{\"id\":1,\"event\":\"x\"", "{\"id\":1,\"event\":\"x\"} x", "{\"cursor\":\"5\"}",
            "{\"status\":\"published\",\"cursor\":5}", "HTTP/1.1 400 Bad Request", "{\"gap\":false,\"cursor\":5}",
        ] {
            #expect(read(text) == .unknown, "\(text)")
        }
    }
}
