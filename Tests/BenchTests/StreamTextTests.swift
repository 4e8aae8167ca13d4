import Testing

@testable import megabench

/// What streams say is understood wherever the network cuts it.
struct StreamTextTests {
    private func field(_ line: String) -> StreamText.Field { Array(line.utf8).withUnsafeBytes { StreamText.field($0) } }

    @Test func linesOfMegaComet_areUnderstood() {
        #expect(field("id:7291") == .id(7291, text: 3))
        #expect(field(#"data:"@5.77.3.xx""#) == .data(Mark(nanoseconds: 5, client: 77, sequence: 3)))
        #expect(
            field(#"data:{"id":8,"channel":"ball3","data":"@5.4294967295.3."}"#)
                == .data(Mark(nanoseconds: 5, client: Mark.everyone, sequence: 3)))
        #expect(field("retry:1750") == .retry(1750))
        #expect(field(#"data:{"retry":900}"#) == .comeBack(900))
        #expect(field("event:gap") == .gap)
        #expect(field("event:heartbeat") == .heartbeat)
        #expect(field("event:replaced") == .ended)
    }

    /// The length of a chunk, what ends it, and events that nobody listens to.
    @Test(arguments: ["da\r", "1d\r", "\r", "", "event:hello", ": hi"]) func otherLines_sayNothing(line: String) {
        #expect(field(line) == .other)
    }

    @Test func linesOfNchan_haveASpace() {
        #expect(field("id: 1795899771:0") == .id(1_795_899_771, text: 4))
        #expect(field("data: @1.2.0.xx") == .data(Mark(nanoseconds: 1, client: 2, sequence: 0)))
    }

    static let head = "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

    @Test func headEnds_atItsEmptyLine_andNotBefore() {
        let bytes = Array(Self.head.utf8)
        for count in 0..<bytes.count {
            #expect(bytes[..<count].withUnsafeBytes { StreamText.endOfHead($0) } == nil, "\(count) bytes")
        }
        #expect((bytes + [0x81]).withUnsafeBytes { StreamText.endOfHead($0) } == bytes.count)
    }

    @Test func head_opensOnlyTheFormThatWasAskedFor() {
        func isOpen(_ head: String, _ form: LoadPlan.Form) -> Bool {
            Array(head.utf8).withUnsafeBytes { StreamText.isOpen($0, form) }
        }
        #expect(isOpen(Self.head, .ws))
        #expect(!isOpen(Self.head.replacing("s3pP", with: "s3pp"), .ws))
        #expect(isOpen("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", .events))
        #expect(!isOpen("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", .events))
        #expect(!isOpen("HTTP/1.1 503 Full\r\nContent-Type: text/event-stream\r\n\r\n", .events))
    }

    @Test(arguments: [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)])
    func frame_isFoundWhole_andNotBefore(length: Int, head: Int) {
        var bytes: [UInt8] = [0x81]
        switch head {
        case 2: bytes.append(UInt8(length))
        case 4: bytes += [126, UInt8(length >> 8), UInt8(length & 255)]
        default: bytes += [127] + (0..<8).map { UInt8(length >> (56 - 8 * $0) & 255) }
        }
        bytes += Array(repeating: 120, count: length)
        for count in [0, 1, head - 1, bytes.count - 1] where count < bytes.count {
            #expect(bytes[..<count].withUnsafeBytes { StreamText.frame($0, at: 0) == nil }, "\(count) bytes")
        }
        (bytes + [0x89, 0]).withUnsafeBytes { bytes in
            let frame = StreamText.frame(bytes, at: 0)
            #expect(frame?.first == 0x81)
            #expect(frame?.payload.count == length)
            #expect(frame?.end == head + length)
            #expect(StreamText.frame(bytes, at: head + length)?.first == 0x89)
        }
    }

    @Test func maskedFrame_isNoServers() {
        let bytes: [UInt8] = [0x81, 0x81, 0, 0, 0, 0, 120]
        #expect(bytes.withUnsafeBytes { StreamText.frame($0, at: 0)?.first } == 0)
    }
}
