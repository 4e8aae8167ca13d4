import Stats
import Testing

struct KernelTextTests {
    private func read<Result>(_ text: String, _ body: (inout KernelText) -> Result) -> Result {
        Array(text.utf8).withUnsafeBytes {
            var text = KernelText($0)
            return body(&text)
        }
    }

    @Test func namesAndNumbersInTurn() {
        let text = "sockets: used 1010\nTCP: inuse 5 orphan 0 tw 12 alloc 7 mem 1\nUDP: inuse 2 mem 4\n"
        #expect(read(text) { $0.line("TCP:")?.number(after: "tw") } == 12)
        #expect(read(text) { $0.line("TCP:")?.number(after: "mem") } == 1)
        #expect(read(text) { $0.line("UDP:")?.number(after: "tw") } == nil)
        #expect(read(text) { $0.line("RAW:") == nil })
        #expect(
            read("some avg10=0.00 avg60=0.10 avg300=0.00 total=123456\n") { $0.line("some")?.number(after: "total") }
                == 123_456)
    }

    @Test func numbersUnderNames() {
        let text =
            "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 22 333\nIpExt: InNoRoutes "
            + "ListenDrops\nIpExt: 4 5\n"
        #expect(read(text) { $0.number(under: "ListenOverflows", in: "TcpExt:") } == 22)
        #expect(read(text) { $0.number(under: "ListenDrops", in: "TcpExt:") } == 333)
        #expect(read(text) { $0.number(under: "ListenDrops", in: "IpExt:") } == 5)
        #expect(read(text) { $0.number(under: "Listen", in: "TcpExt:") } == nil)
        #expect(read("TcpExt: A B\n") { $0.number(under: "A", in: "TcpExt:") } == nil)
    }

    @Test func numbersByTheirPlace_linesInTheirOrder() {
        #expect(read("189000\t252000\t378000\n") { $0.number(at: 2) } == 378_000)
        #expect(
            read("MemTotal:       24689764 kB\nMemFree: 1 kB\nMemAvailable:   23000000 kB\n") { text in
                [text.line("MemTotal:")?.number(at: 0), text.line("MemAvailable:")?.number(at: 0)]
            } == [24_689_764, 23_000_000])
        #expect(
            read("12 x 99999999999999999999") {
                [$0.number(at: 0), $0.number(at: 1), $0.number(at: 2), $0.number(at: 3)]
            } == [12, nil, nil, nil])
        #expect(read("") { $0.number(at: 0) } == nil)
    }

    @Test(
        arguments: [
            ("0.52 0.58 0.59 1/467 12345", 520), ("12.3", 12_300), ("7", 7000), ("1.2345", 1234), ("0.0x", nil),
            ("", nil), ("-1.0", nil),
        ] as [(String, UInt64?)])
    func thousandths(text: String, value: UInt64?) { #expect(read(text) { $0.thousandths() } == value) }
}
