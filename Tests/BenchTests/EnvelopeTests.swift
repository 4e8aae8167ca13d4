import Base
import Testing

@testable import megabench

/// Every form of answer gives the same marks.
struct EnvelopeTests {
    private func read(_ text: String) -> (messages: [Envelope.Message], tail: Envelope.Tail, isMalformed: Bool) {
        Array(text.utf8).withUnsafeBytes { bytes in
            var envelope = Envelope(bytes)
            var messages: [Envelope.Message] = []
            while let message = envelope.next() { messages.append(message) }
            let tail = envelope.tail()
            return (messages, tail, envelope.isMalformed)
        }
    }

    static let two = #"{"messages":[{"id":8,"data":"@5.77.0.xxx"},{"id":9,"data":"@6.77.1."}],"cursor":9}"#

    @Test func json_givesEveryMessageInOrder() {
        let envelope = read(Self.two)
        #expect(envelope.messages.map(\.id) == [8, 9])
        #expect(envelope.messages.map(\.mark.sequence) == [0, 1])
        #expect(envelope.messages.map(\.mark.nanoseconds) == [5, 6])
        #expect(envelope.tail == Envelope.Tail(cursor: 9))
        #expect(!envelope.isMalformed)
    }

    @Test func firstFrameOfAWebSocket_isNoHeartbeat() {
        #expect(read(#"{"messages":[],"cursor":9,"heartbeat":25000}"#).tail == Envelope.Tail(cursor: 9, isHello: true))
        #expect(read(#"{"messages":[],"cursor":9}"#).tail == Envelope.Tail(cursor: 9))
    }

    @Test func jsonp_isReadInsideItsCall() {
        #expect(read("/**/f(" + Self.two + ");").messages == read(Self.two).messages)
        #expect(read("/**/f(" + Self.two + ");").tail.cursor == 9)
    }

    @Test func bare_isOneMessageWithoutId() {
        #expect(
            read("@5.77.3.xx").messages == [
                Envelope.Message(id: 0, mark: Mark(nanoseconds: 5, client: 77, sequence: 3))
            ])
    }

    @Test func emptyEnvelope_hasNoMessagesAndItsCursor() {
        let envelope = read(#"{"messages":[],"cursor":12}"#)
        #expect(envelope.messages.isEmpty)
        #expect(envelope.tail.cursor == 12)
        #expect(!envelope.isMalformed)
    }

    @Test func retryGapAndError_areSeen() {
        let tail = read(
            #"{"messages":[],"cursor":12,"gap":true,"retry":1500,"error":{"code":"replaced","message":"another poll"}}"#
        ).tail
        #expect(tail == Envelope.Tail(cursor: 12, retryMilliseconds: 1500, gap: true, failed: true))
    }

    @Test(arguments: [
        #"{"messages":[{"id":8,"data":"hello"}],"cursor":8}"#, "<html>", #"{"messages":[{"id":8,"data":"@5.77."#,
    ])
    func whatIsNotOurs_isMalformed(text: String) { #expect(read(text).isMalformed) }

    @Test func writtenMark_readsBack() {
        var buffer = Buffer()
        let mark = Mark(nanoseconds: 123_456_789_012, client: 15_999, sequence: 4_000_000_000)
        mark.write(to: &buffer, bytes: 64)
        #expect(buffer.count == 64)
        var offset = 0
        #expect(Mark.read(buffer.bytes, at: &offset) == mark)
        #expect(offset == 64)
    }
}
