import Base
import Testing
import Wire

/// Requests of apps on their way through the engine.
@Suite struct AppRecordTests {
    struct Summary: Equatable {
        var form: AppRecord.Form
        var flags: AppRecord.Flags
        var scope: String
        var header: String
        var body: String
    }
    private static let check = ParserCheck<Summary> { input in
        switch AppRecord.parse(input) {
        case .incomplete: .incomplete
        case .malformed: .refused
        case .record(let record, let bytes):
            .value(
                Summary(
                    form: record.form, flags: record.flags, scope: text(record.scope), header: text(record.header),
                    body: text(record.body)), bytes: bytes)
        }
    }
    private static let records = [
        Summary(form: .publish, flags: [], scope: "", header: "", body: #"{"client":"c","message":1}"#),
        Summary(form: .subscribe, flags: .ndjson, scope: "shop", header: "", body: "{}\n{}\n"),
        Summary(form: .unsubscribe, flags: [.once, .waits], scope: "", header: "a b", body: ""),
        Summary(form: .disconnect, flags: .once, scope: "x", header: "", body: "[]"),
        Summary(form: .lines, flags: [], scope: "lines.of-1", header: "", body: "{\"op\":\"publish\"}\n\n"),
        Summary(form: .lines, flags: [], scope: "", header: "", body: String(repeating: "é\n", count: 200)),
    ]
    private static func written(_ record: Summary) -> [UInt8] {
        var out = Buffer()
        bytes(record.scope).withUnsafeBytes { scope in
            bytes(record.header).withUnsafeBytes { header in
                bytes(record.body).withUnsafeBytes {
                    AppRecord(record.form, record.flags, scope: scope, header: header, body: $0).write(to: &out)
                }
            }
        }
        return Array(out.bytes)
    }

    @Test(arguments: records) func aRecord_isReadInEveryWay(_ record: Summary) {
        Self.check.acceptsInEveryWay(Self.written(record), as: record)
    }
    @Test func whatThisProgramDoesNotKnow_isRefused() {
        let good = Self.written(Self.records[0])
        for (at, byte) in [(0, UInt8(2)), (1, 0), (1, 6), (2, 8), (5, 1)] {
            var bad = good
            bad[at] = byte
            #expect(Self.check(bad) == .refused, "byte \(at) is \(byte)")
        }
    }
    @Test func mutatedRecords_areSurvived() {
        Self.check.survives(Self.records.map(Self.written), cases: 20_000, seed: 7)
    }
}
