import Base
import TestSupport
import Testing
import Wire

@Suite struct FrameTests {
    struct Summary: Equatable {
        var op: Frame.Op
        var flags: Frame.Flags
        var tag: UInt16
        var slot: UInt32
        var number: UInt64
        var client: String
        var body: String
        var receivers: String
    }
    static func check(_ version: LinkVersion) -> ParserCheck<Summary> {
        ParserCheck<Summary> { input in
            switch Frame.parse(input, version) {
            case .incomplete: .incomplete
            case .malformed: .refused
            case .frame(let f, let bytes):
                .value(
                    Summary(
                        op: f.op, flags: f.flags, tag: f.tag, slot: f.slot, number: f.number, client: text(f.client),
                        body: text(f.body), receivers: version == .two ? text(Frame.receivers(of: input)) : ""),
                    bytes: bytes)
            }
        }
    }
    static func written(_ frame: Summary, _ version: LinkVersion = .two) -> [UInt8] {
        var out = Buffer()
        Array(frame.client.utf8).withUnsafeBytes { client in
            Array(frame.body.utf8).withUnsafeBytes { body in
                Array(frame.receivers.utf8).withUnsafeBytes {
                    Frame(
                        op: frame.op, flags: frame.flags, tag: frame.tag, slot: frame.slot, number: frame.number,
                        client: client, body: body
                    ).write(to: &out, version, receivers: $0)
                }
            }
        }
        return Array(out.bytes)
    }
    static func frame(
        _ op: Frame.Op, _ flags: Frame.Flags, tag: UInt16 = 0, slot: UInt32 = 0, _ number: UInt64,
        _ client: String = "", _ body: String = "", receivers: String = ""
    ) -> Summary {
        Summary(
            op: op, flags: flags, tag: tag, slot: slot, number: number, client: client, body: body,
            receivers: receivers)
    }
    static let frames: [(Summary, LinkVersion)] = [
        (frame(.message, [.more, .gap], tag: .max, slot: .max, 7291, "c1", "\"hi\""), .two),
        (frame(.connected, [.acknowledges, .atOnce, .stays], tag: 5, slot: 70_000, 1 << 52, "é", "12345678"), .two),
        (frame(.message, [], 9, "", "{}", receivers: "slottgSLOTTG"), .two),
        (frame(.message, .members, 9, "", "\0\u{6},\"a\":1{}", receivers: "slottg"), .two),
        (frame(.message, .members, tag: 1, 9, "c1", "\0\01"), .two), (frame(.turn, [], .max), .two),
        (frame(.credit, [], tag: 1, slot: 2, 65_536, "c1"), .two),
        (frame(.message, [.more, .gap], tag: 63, 7291, "c1", "\"hi\""), .one),
        (frame(.connected, [.acknowledges, .single], tag: 5, 1 << 52, "é"), .one),
        (frame(.gone, .timedOut, tag: 9, 4, "c1"), .one), (frame(.hello, [], 3, "", "twenty-one bytes ....."), .one),
    ]

    @Test func theLayout_isTheOneInTheManual() {
        #expect(
            Self.written(
                Self.frame(.message, .more, tag: 0x0A0B, slot: 0x0C0D_0E0F, 0x0102_0304_0506_0708, "c1", "[]")) == [
                    19, 2, 0, 32, 10, 11, 0, 0, 12, 13, 14, 15, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 0x63, 0x31, 0x5B,
                    0x5D,
                ])
        #expect(
            Self.written(Self.frame(.message, .more, tag: 1, 0x0102_0304_0506_0708, "c1", "[]"), .one) == [
                19, 5, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 0x63, 0x31, 0x5B, 0x5D,
            ])
    }
    @Test(arguments: frames.indices) func aFrame_isTheSameHoweverItArrives(_ index: Int) {
        let (frame, version) = Self.frames[index]
        Self.check(version).acceptsInEveryWay(Self.written(frame, version), as: frame)
    }
    @Test func bounds_areKept() {
        let (one, two) = (Self.check(.one), Self.check(.two))
        #expect(one([16, 0, 0, 129] + Array(repeating: 0, count: 12)) == .refused)
        #expect(one([16, 0, 0, 0, 1, 0, 0, 1] + Array(repeating: 0, count: 8)) == .refused)
        #expect(one([24]) == .refused && one([15]) == .refused)
        #expect(two([17, 129] + Array(repeating: 0, count: 22)) == .refused)
        #expect(two([17] + Array(repeating: 0, count: 11) + [1, 0, 0, 1] + Array(repeating: 0, count: 8)) == .refused)
        for body in ["", "\0", "\0\0", "\0\u{4},\"a", "\u{1}\0abc"] {
            #expect(two(Self.written(Self.frame(.message, .members, 9, "c1", body))) == .refused)
        }
        #expect(two([15]) == .refused && two([31]) == .refused)
    }
    @Test(arguments: [("", "1"), (",\"channel\":\"room:7\"", "{}"), (",\"a\":1", "")])
    func members_comeBack_besideTheMessage(_ members: String, _ json: String) {
        var (members, json) = (members, json)
        var body = Buffer()
        var out = Buffer()
        var old = Buffer()
        members.withUTF8 { Frame.appendMembers(UnsafeRawBufferPointer($0), to: &body) }
        json.withUTF8 { body.append(UnsafeRawBufferPointer($0)) }
        let written = Frame(op: .message, flags: .members, number: 7, body: body.bytes)
        written.write(to: &out)
        written.write(to: &old, .one)
        guard case .frame(let frame, _) = Frame.parse(out.bytes),
            case .frame(let older, _) = Frame.parse(old.bytes, .one)
        else {
            Issue.record("no frame")
            return
        }
        #expect(text(frame.members) == members && text(frame.json) == json)
        #expect(text(older.body) == json && older.members.isEmpty, "a worker of version 1 knows none")
    }
    @Test func aFrameWithoutMembers_isItsMessage() {
        let frame = Frame(op: .message, number: 7)
        #expect(frame.members.isEmpty && frame.json.isEmpty)
    }
    @Test func aHello_comesBack_inTheLayoutOfVersion1() {
        let hello = Hello(pid: 0x1234_5678, token: Array(0..<16))
        var out = Buffer()
        hello.write(number: 3, to: &out)
        guard case .frame(let frame, let bytes) = Frame.parse(out.bytes, .one) else {
            Issue.record("no frame")
            return
        }
        #expect(bytes == out.count && frame.op == .hello && frame.number == 3)
        #expect(frame.body.count == Hello.bytes && Hello(body: frame.body) == hello)
        #expect(Hello(body: frame.body.part(0, 20)) == nil)
    }
    @Test func anAnnouncement_comesBack_andAWorkerOfVersion1HasCreditForAnAnswer() {
        Announcement(credit: 70_000, print: 0xFFFF_FFFE, acknowledged: 1 << 52).withBytes {
            #expect(
                Announcement(body: $0, number: 1)
                    == Announcement(credit: 70_000, print: 0xFFFF_FFFE, acknowledged: 1 << 52))
            #expect($0.elementsEqual([0, 1, 0x11, 0x70, 0xFF, 0xFF, 0xFF, 0xFE, 0, 0x10, 0, 0, 0, 0, 0, 0]))
        }
        #expect(
            Announcement(body: .init(start: nil, count: 0), number: 7)
                == Announcement(credit: UInt32(Limits.answerBytes), print: 0, acknowledged: 7))
    }
    @Test(arguments: [LinkVersion.one, .two]) func mutatedFrames_neverCrashTheParser(_ version: LinkVersion) {
        Self.check(version).survives(Self.frames.map { Self.written($0.0, version) }, cases: 40_000, seed: 4)
    }
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
