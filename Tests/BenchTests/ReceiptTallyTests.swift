import Testing

@testable import megabench

/// The count that a run makes of the events about its messages.
struct ReceiptTallyTests {
    private var tally = ReceiptTally(tag: "bq", before: 100)

    private mutating func take(_ lines: String...) {
        for line in lines { Array(line.utf8).withUnsafeBytes { tally.take($0) } }
    }
    private func event(_ kind: String, _ message: Int, client: String = "bq7") -> String {
        #"{"id":5,"event":"\#(kind)","message":\#(message),"client":"\#(client)","time":1764400000000}"#
    }

    @Test mutating func eachMessage_hasOneEnd() {
        take(event("delivered", 101), event("delivered", 102), event("acknowledged", 101), event("handed", 102))
        #expect((tally.events, tally.ended, tally.acknowledged, tally.handed) == (4, 2, 1, 1))
        #expect((tally.doubles, tally.undelivered, tally.lost, tally.errors) == (0, 0, 0, 0))
    }
    @Test mutating func secondEnd_isOneTooMany() {
        take(event("delivered", 101), event("acknowledged", 101), event("acknowledged", 101), event("expired", 101))
        #expect((tally.ended, tally.doubles) == (1, 2))
        take(event("delivered", 101))
        #expect(tally.doubles == 3)
    }
    @Test mutating func acknowledgement_needsADelivery() {
        take(event("acknowledged", 101), event("handed", 102))
        #expect((tally.ended, tally.undelivered) == (2, 1))
    }
    @Test(arguments: ["expired", "dropped", "replaced"]) mutating func loss_isNoGoodEnd(kind: String) {
        take(event(kind, 5_000))
        #expect((tally.ended, tally.lost, tally.acknowledged, tally.handed) == (1, 1, 0, 0))
    }
    @Test mutating func othersMessages_arePassedOver() {
        take(event("acknowledged", 101, client: "c42"), event("acknowledged", 3, client: "c42"))
        #expect((tally.events, tally.ended, tally.errors) == (0, 0, 0))
    }
    @Test mutating func linesBesideEvents_areKnown() {
        take(#"{"status":"events","cursor":97}"#, #"{"cursor":97}"#)
        #expect((tally.gaps, tally.errors) == (0, 0))
        take(#"{"gap":true,"cursor":97}"#)
        #expect(tally.gaps == 1)
    }
    @Test(arguments: [
        "", "{", #"{"id":"#, #"{"id":5,"event":"acknowledged"}"#,
        #"{"id":5,"event":"done","message":101,"user":"bq7"}"#,
        #"{"id":5,"event":"acknowledged","message":100,"client":"bq7","time":1}"#, #"{"error":{"code":"right"}}"#,
        #"{"id":5,"event":"acknowledged","message":9000000000000000,"client":"bq7","time":1}"#,
    ])
    mutating func otherLines_areErrors(line: String) {
        take(line)
        #expect((tally.errors, tally.ended) == (1, 0))
    }
}
