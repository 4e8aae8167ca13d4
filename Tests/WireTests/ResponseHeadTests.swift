import Base
import Testing
import Wire

/// The head that all HTTP answers have in common, byte by byte.
@Suite struct ResponseHeadTests {
    private func written(_ body: (inout Buffer) -> Void) -> String { AnswerTests.written(body) }

    @Test(arguments: [
        (UInt8(1), true, ""), (1, false, "Connection: close\r\n"), (0, true, "Connection: keep-alive\r\n"),
        (0, false, ""),
    ])
    func connection_isSaidWhereTheVersionDoesNotMeanIt(_ minorVersion: UInt8, _ keepAlive: Bool, _ line: String) {
        let head = ResponseHead(minorVersion: minorVersion, keepAlive: keepAlive)
        let version = "HTTP/1.\(minorVersion)"
        #expect(
            written {
                head.begin(204, to: &$0)
                head.end(to: &$0)
            } == "\(version) 204 No Content\r\n\(line)\r\n")
        #expect(
            written { out in
                head.begin(200, to: &out)
                out.append("A: b\r\n")
                Array("hi".utf8).withUnsafeBytes { head.end(content: $0, to: &out) }
            } == "\(version) 200 OK\r\nA: b\r\n\(line)Content-Length: 2\r\n\r\nhi")
        #expect(
            written { head.empty(503, fields: "Retry-After: 3\r\n", to: &$0) }
                == "\(version) 503 Service Unavailable\r\nRetry-After: 3\r\n\(line)Content-Length: 0\r\n\r\n")
    }

    /// The content may also follow bytes that are in the buffer already.
    @Test(arguments: [false, true])
    func contentThatComesAfterItsHead_hasItsLength(_ isHead: Bool) {
        let head = ResponseHead(isHead: isHead)
        let text = written { out in
            out.append("before")
            out.consume(3)
            head.begin(200, to: &out)
            let content = head.openContent(to: &out)
            out.append("twelve bytes")
            head.closeContent(content, in: &out)
        }
        #expect(text == "oreHTTP/1.1 200 OK\r\nContent-Length:         12\r\n\r\n" + (isHead ? "" : "twelve bytes"))
    }
    @Test func aHead_hasTheLengthOfWhatItLeavesOut() {
        let text = written { out in
            ResponseHead(isHead: true).begin(200, to: &out)
            Array("hi".utf8).withUnsafeBytes { ResponseHead(isHead: true).end(content: $0, to: &out) }
        }
        #expect(text == "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
    }
}
