import TestSupport
import Testing
import Wire

@Suite struct FrameTests {
    struct Summary: Equatable {
        var op: Frame.Op
        var flags: UInt8
        var number: UInt64
        var client: String
        var body: String
    }
    static let check = ParserCheck<Summary> { input in
        switch Frame.parse(input) {
        case .incomplete: .incomplete
        case .malformed: .refused
        case .frame(let f, let bytes):
            .value(
                Summary(
                    op: f.op, flags: f.flags.rawValue, number: f.number, client: text(f.client), body: text(f.body)),
                bytes: bytes)
        }
    }
    static func written(
        _ op: Frame.Op, _ flags: Frame.Flags = [], _ number: UInt64, _ client: String = "", _ body: String = ""
    ) -> [UInt8] {
        var (client, body) = (client, body)
        var out = Buffer()
        client.withUTF8 { client in
            body.withUTF8 {
                Frame(op: op, flags: flags, number: number, client: .init(client), body: .init($0)).write(to: &out)
            }
        }
        return Array(out.bytes)
    }
    static let valid: [([UInt8], Summary)] = [
        (
            written(.message, Frame.Flags([.more, .gap], tag: 63), 7291, "c1", "\"hi\""),
            Summary(op: .message, flags: 255, number: 7291, client: "c1", body: "\"hi\"")
        ),
        (
            written(.connected, Frame.Flags(.acknowledges, tag: 5), 1 << 52, "é"),
            Summary(op: .connected, flags: 21, number: 1 << 52, client: "é", body: "")
        ),
        (written(.turn, [], .max), Summary(op: .turn, flags: 0, number: .max, client: "", body: "")),
    ]

    @Test func theLayout_isTheOneInTheManual() {
        #expect(
            Self.written(.message, Frame.Flags(.more, tag: 1), 0x0102_0304_0506_0708, "c1", "[]") == [
                19, 5, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, UInt8(ascii: "c"), UInt8(ascii: "1"),
                UInt8(ascii: "["), UInt8(ascii: "]"),
            ])
    }
    @Test(arguments: valid.indices) func aFrame_isTheSameHoweverItArrives(_ index: Int) {
        Self.check.acceptsInEveryWay(Self.valid[index].0, as: Self.valid[index].1)
    }
    @Test func bounds_areKept() {
        #expect(Self.check([16, 0, 0, 129] + Array(repeating: 0, count: 12)) == .refused)
        #expect(Self.check([16, 0, 0, 0, 1, 0, 0, 1] + Array(repeating: 0, count: 8)) == .refused)
        #expect(Self.check([15]) == .refused)
        #expect(Self.check([24]) == .refused)
    }
    @Test func aHello_comesBack() {
        let hello = Hello(pid: 0x1234_5678, token: Array(0..<16))
        var out = Buffer()
        hello.write(to: &out)
        #expect(out.count == Hello.bytes && Hello(body: out.bytes) == hello)
        out.consume(1)
        #expect(Hello(body: out.bytes) == nil)
    }
    @Test func mutatedFrames_neverCrashTheParser() { Self.check.survives(Self.valid.map(\.0), cases: 40_000, seed: 4) }
}

@Suite struct BufferTests {
    @Test func whatGoesInAtTheEnd_comesOutAtTheFront() {
        var random = SeededRandom(5)
        var buffer = Buffer()
        var model: [UInt8] = []
        for _ in 0..<5_000 {
            if random.below(2) == 0 {
                let bytes = (0..<random.below(700)).map { UInt8(truncatingIfNeeded: $0) }
                bytes.withUnsafeBytes { buffer.append($0) }
                model += bytes
            } else {
                let count = random.below(min(model.count, 900) + 1)
                buffer.consume(count)
                model.removeFirst(count)
            }
            #expect(buffer.count == model.count)
        }
        #expect(Array(buffer.bytes) == model)
    }
    @Test func decimals_areWrittenWhole() {
        for value: UInt64 in [0, 9, 10, 99, 100, 12_345, .max] {
            var buffer = Buffer()
            buffer.append(decimal: value)
            #expect(text(buffer.bytes) == String(value))
        }
    }
    @Test func aNumber_isFilledInToTheRight() {
        var buffer = Buffer()
        buffer.append("ab        cd")
        buffer.overwrite(decimal: 1234, at: 2, width: 8)
        #expect(text(buffer.bytes) == "ab    1234cd")
    }
}
