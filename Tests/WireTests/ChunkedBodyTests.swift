import Base
import TestSupport
import Testing
import Wire

@Suite struct ChunkedBodyTests {
    /// The content, given in pieces of so many bytes. Bytes that were not used are given again with the next piece.
    static func read(
        _ input: UnsafeRawBufferPointer, pieces: Int = .max, most: Int = 1000
    ) -> ParserCheck<String>.Outcome {
        var body = ChunkedBody()
        var used = 0
        var given = 0
        repeat {
            given += min(pieces, input.count - given)
            switch body.take(UnsafeRawBufferPointer(rebasing: input[used..<given]), most: most) {
            case .incomplete(let bytes): used += bytes
            case .whole(let bytes): return .value(text(body.content.bytes), bytes: used + bytes)
            case .refused: return .refused
            }
        } while given < input.count
        return .incomplete
    }
    static let check = ParserCheck<String> { read($0) }
    static func refusal(_ body: String, most: Int = 1000) -> Int? {
        bytes(body).withUnsafeBytes {
            var chunked = ChunkedBody()
            if case .refused(let refusal) = chunked.take($0, most: most) { return refusal.status }
            return nil
        }
    }

    static let valid: [(String, String)] = [
        ("0\r\n\r\n", ""),
        ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("1\r\nh\r\n0004\r\nello\r\n000\r\n\r\n", "hello"),
        ("A\r\n0123456789\r\n0c\r\n0\r\n\r\n0123456\r\n0\r\n\r\n", "01234567890\r\n\r\n0123456"),
        ("2;a\r\nab\r\n1 ;b=\"c;\u{e9}\"\r\nc\r\n0;last\r\n\r\n", "abc"),
        ("1\r\nx\r\n0\r\nContent-Length: 7\r\nX-Check:\tnone \r\nEmpty:\r\n\r\n", "x"),
    ]

    @Test(arguments: valid.indices) func aValidBody_isTheSameHoweverItArrives(_ index: Int) {
        let (body, content) = Self.valid[index]
        Self.check.acceptsInEveryWay(bytes(body), as: content)
        for pieces in 1...4 {
            let all = bytes(body) + bytes("GET / HTTP/1.1\r\n")
            let got = all.withUnsafeBytes { Self.read($0, pieces: pieces) }
            #expect(got == .value(content, bytes: body.utf8.count), "\(pieces) at once")
        }
    }

    @Test(arguments: [
        "\r\n", "x\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", " 1\r\n", "1\n", "1\r\r\n", "1 \r\n", "1\t\r\n", "1,\r\n",
        "1;a\nb\r\n", "1;\u{0}\r\n",
        "1\r\nxx\r\n", "1\r\nx\n", "1\r\nx\r\r\n", "1\r\nx0\r\n\r\n", "0\r\n\n", "0\r\nno name\r\n\r\n",
        "0\r\n: x\r\n\r\n", "0\r\n folded\r\n\r\n",
        "0\r\na: b\n\r\n", "0000000000000001\r\n", "fffffffffffffffff\r\n",
    ])
    func aBadChunk_is400(_ body: String) {
        #expect(Self.refusal(body) == 400)
        #expect(bytes(body).withUnsafeBytes { Self.read($0, pieces: 1) } == .refused)
    }

    @Test func moreThanTheBound_isRefusedWhenItIsAnnounced() {
        #expect(Self.refusal("3e8\r\n") == nil)
        #expect(Self.refusal("3e9\r\n") == 413)
        #expect(Self.refusal("3e8\r\n" + String(repeating: "x", count: 1000) + "\r\n1\r\n") == 413)
        #expect(Self.refusal("fffffffffffffff\r\n", most: .max) == nil)
    }

    @Test func whatIsSkipped_hasABound() {
        let most = Limits.chunkExtraBytes
        func extension_(_ count: Int) -> String { "1;" + String(repeating: "e", count: count - 1) }
        #expect(Self.refusal(extension_(most) + "\r\nx\r\n0\r\n\r\n") == nil)
        #expect(Self.refusal(extension_(most + 1) + "\r\nx\r\n0\r\n\r\n") == 431)
        // It is refused before its end has come, and the bound is for all chunks and the trailers together.
        #expect(Self.refusal(extension_(most + 1)) == 431)
        #expect(Self.refusal(String(repeating: "1;eeeeeee\r\nx\r\n", count: most / 8), most: 5000) == nil)
        #expect(Self.refusal(String(repeating: "1;eeeeeee\r\nx\r\n", count: most / 8) + "1;e\r\n", most: 5000) == 431)
        #expect(Self.refusal("0\r\na: " + String(repeating: "t", count: most)) == 431)
        #expect(Self.refusal("0\r\n" + String(repeating: "t", count: most + 1)) == 431)
        #expect(Self.refusal("0\r\n" + String(repeating: "a: b\r\n", count: most / 4 + 1)) == 431)
    }

    @Test func mutatedBodies_neverCrashTheReader_andAreReadAlikeInPieces() {
        Self.check.survives(Self.valid.map { bytes($0.0) }, cases: 60_000, seed: 2)
        let letters = Array("0123abf;\r\n :x".utf8)
        var random = SeededRandom(3)
        for _ in 0..<20_000 {
            var all = bytes(Self.valid[random.below(Self.valid.count)].0)
            for _ in 0..<1 + random.below(3) { all[random.below(all.count)] = letters[random.below(letters.count)] }
            let (whole, pieces) = all.withUnsafeBytes { (Self.read($0), Self.read($0, pieces: 1 + random.below(5))) }
            if whole != pieces {
                Issue.record("\(whole) whole, \(pieces) in pieces: \(String(decoding: all, as: UTF8.self))")
                return
            }
        }
    }
}
