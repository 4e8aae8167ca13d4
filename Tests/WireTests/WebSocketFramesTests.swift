import Base
import Testing
import Wire

@Suite struct WebSocketFramesTests {
    /// The buffer's bytes behind a byte that was consumed and one that waits, which stay as they are.
    static func written(_ write: (inout Buffer) -> Void) -> [UInt8] {
        var out = Buffer()
        out.append("-+")
        out.consume(1)
        write(&out)
        #expect(out.bytes.first == UInt8(ascii: "+"))
        return Array(out.bytes.dropFirst())
    }
    static func text(_ payload: [UInt8]) -> [UInt8] {
        written { out in
            let mark = WebSocketFrames.open(to: &out)
            payload.withUnsafeBytes { out.append($0) }
            WebSocketFrames.finish(mark, in: &out)
        }
    }

    /// RFC 6455, 5.7: a message, and a ping's answer.
    @Test func examplesOfTheRFC() {
        #expect(Self.text(Array("Hello".utf8)) == [0x81, 0x05] + Array("Hello".utf8))
        let pong = Self.written { out in
            Array("Hello".utf8).withUnsafeBytes { WebSocketFrames.pong($0, to: &out) }
        }
        #expect(pong == [0x8A, 0x05] + Array("Hello".utf8))
    }

    @Test func lengths_haveTheirShortestForm() {
        let headers: [(Int, [UInt8])] = [
            (0, [0x81, 0]), (1, [0x81, 1]), (125, [0x81, 125]), (126, [0x81, 126, 0, 126]), (127, [0x81, 126, 0, 127]),
            (256, [0x81, 126, 1, 0]), (65535, [0x81, 126, 255, 255]), (65536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
            (300_000, [0x81, 127, 0, 0, 0, 0, 0, 4, 0x93, 0xE0]),
        ]
        for (count, header) in headers {
            let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 8) }
            #expect(Self.text(payload) == header + payload, "\(count) bytes")
        }
    }

    @Test func frames_standOneBehindTheOther() {
        let all = Self.written { out in
            for text in ["a", "b"] as [StaticString] {
                let mark = WebSocketFrames.open(to: &out)
                out.append(text)
                WebSocketFrames.finish(mark, in: &out)
            }
            WebSocketFrames.ping(to: &out)
            WebSocketFrames.close(4001, to: &out)
            WebSocketFrames.close(nil, to: &out)
        }
        #expect(all == [0x81, 1, 97, 0x81, 1, 98, 0x89, 0, 0x88, 2, 0x0F, 0xA1, 0x88, 0])
    }
}
