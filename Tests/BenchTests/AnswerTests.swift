import Testing

@testable import megabench

/// Answers are found whole in a stream, and never before they are whole.
struct AnswerTests {
    static let whole = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello"

    private func parse(_ text: String) -> Answer.Result { Array(text.utf8).withUnsafeBytes { Answer.parse($0) } }

    @Test func wholeAnswer_hasStatusAndBody() {
        let start = Self.whole.utf8.count - 5
        #expect(parse(Self.whole) == .answer(Answer(status: 200, body: start..<start + 5, closes: false)))
    }

    @Test func everyPrefix_isIncomplete() {
        for count in 0..<Self.whole.utf8.count {
            #expect(
                parse(String(decoding: Array(Self.whole.utf8).prefix(count), as: UTF8.self)) == .incomplete,
                "\(count) bytes")
        }
    }

    @Test func bytesAfterTheBody_areNotPartOfIt() {
        guard case .answer(let answer) = parse(Self.whole + "HTTP/1.1 200 OK\r\n") else {
            return #expect(Bool(false), "no answer")
        }
        #expect(answer.body.upperBound == Self.whole.utf8.count)
    }

    @Test func connectionClose_isSeenWhateverItsCase() {
        guard case .answer(let answer) = parse("HTTP/1.1 503 Full\r\nCONNECTION: Close\r\ncontent-length:0\r\n\r\n")
        else {
            return #expect(Bool(false), "no answer")
        }
        #expect(answer.closes)
        #expect(answer.status == 503)
        #expect(answer.body.isEmpty)
    }

    @Test func nchansResumeHeaders_areFound() {
        let text =
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nLast-Modified: Sat, 07 Nov 2026 10:00:00 GMT\r\nEtag: "
            + "0\r\nConnection: keep-alive\r\n\r\nx"
        guard case .answer(let answer) = parse(text) else { return #expect(Bool(false), "no answer") }
        let bytes = Array(text.utf8)
        #expect(String(decoding: bytes[answer.lastModified], as: UTF8.self) == "Sat, 07 Nov 2026 10:00:00 GMT")
        #expect(String(decoding: bytes[answer.etag], as: UTF8.self) == "0")
        #expect(!answer.closes)
    }

    @Test func noLength_isMalformed() { #expect(parse("HTTP/1.1 200 OK\r\nFoo: bar\r\n\r\n") == .malformed) }
    @Test func otherProtocols_areMalformed() { #expect(parse("SSH-2.0-OpenSSH_9.2p1\r\n") == .malformed) }
}
