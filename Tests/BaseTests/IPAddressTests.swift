import Base
import Glibc
import TestSupport
import Testing

struct IPAddressTests {
    /// What the system makes of a text: 16 bytes, as `IPAddress` has them.
    private func systemAddress(_ text: String) -> IPAddress? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return IPAddress(v4: UInt32(bigEndian: four.s_addr)) }
        var bytes = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, text, &bytes) == 1 else { return nil }
        func half(_ from: Int) -> UInt64 { bytes[from..<from + 8].reduce(0) { $0 << 8 | UInt64($1) } }
        return IPAddress(high: half(0), low: half(8))
    }
    private func systemText(_ address: IPAddress) -> String {
        var bytes = (0..<8).map { UInt8(truncatingIfNeeded: address.high >> (56 - 8 * UInt64($0))) }
        bytes += (0..<8).map { UInt8(truncatingIfNeeded: address.low >> (56 - 8 * UInt64($0))) }
        var text = [CChar](repeating: 0, count: 64)
        inet_ntop(AF_INET6, bytes, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// RFC 5952, 4 and 5: small letters, no leading zeros, the longest and first run of zeros left out.
    @Test(arguments: [
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:0DB8::0001", "2001:db8::1"), ("::", "::"),
        ("0:0:0:0:0:0:0:0", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
        ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:c000:201", "192.0.2.1"),
        ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("192.0.2.1", "192.0.2.1"),
        ("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ]) func everyForm_isReadAndWrittenInOne(text: String, canonical: String) {
        #expect(IPAddress(text).map { "\($0)" } == canonical)
        #expect(IPAddress(canonical) == IPAddress(text))
    }
    @Test(arguments: [
        "", ":", ":::", "1", "1:2", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "12345::", "g::", "::1%lo", "[::1]", "::1/128", " ::1", "::1 ", "::1.2.3", "::1.2.3.4.5", "1.2.3.4::",
        "::1.2.3.4:5",
        "::01.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", ":1::", "1:", "::1:", "::\u{661}", "1.2.3", "::+1", "::-1",
    ]) func anotherText_isNoAddress(text: String) {
        #expect(IPAddress(text) == nil && systemAddress(text) == nil)
    }

    @Test func randomTexts_areTakenAsTheSystemTakesThem() {
        var random = SeededRandom(5952)
        let parts = [
            "::", ":", "0", "1", "ff", "ffff", "00a", "DB8", ".", "1.2.3.4", "255", "256", "01", "g", "10.0.0.1",
        ]
        var (taken, refused) = (0, 0)
        for _ in 0..<60_000 {
            var text = ""
            if Bool.random(using: &random) {
                for _ in 0..<Int.random(in: 1...10, using: &random) { text += parts.randomElement(using: &random)! }
            } else {
                // Nearly right: groups with at most a gap, a last group of IPv4 or a mistake.
                text = (0..<Int.random(in: 1...9, using: &random)).map { _ in
                    parts[Int.random(in: 2...7, using: &random)]
                }
                .joined(separator: ":")
                if let at = text.indices.randomElement(using: &random), Bool.random(using: &random) {
                    text.insert(contentsOf: parts.randomElement(using: &random)!, at: at)
                }
            }
            let (ours, systems) = (IPAddress(text), systemAddress(text))
            if systems == nil { refused += 1 } else { taken += 1 }
            if ours != systems { Issue.record("\(text): \(String(describing: ours))") }
        }
        #expect(taken > 3000 && refused > 3000)
    }
    @Test func randomAddresses_areWrittenAsTheSystemWritesThem() {
        var random = SeededRandom(4291)
        for _ in 0..<20_000 {
            var words = (0..<2).map { _ in UInt64.random(in: 0...(.max), using: &random) }
            for at in 0..<8 where Bool.random(using: &random) { words[at / 4] &= ~(0xFFFF << UInt64(at % 4 * 16)) }
            let address = IPAddress(high: words[0], low: words[1])
            // The system writes the last group of some addresses as IPv4, which RFC 5952 leaves open.
            if address.high == 0, address.low >> 32 == 0 || address.low >> 32 == 0xFFFF { continue }
            #expect("\(address)" == systemText(address))
            #expect(IPAddress("\(address)") == address)
        }
    }

    @Test func networks_areOfOneKind() throws {
        let six = try #require(IPNetwork("2001:db8::/33"))
        #expect(six.contains(IPAddress("2001:db8:7fff::1")!) && !six.contains(IPAddress("2001:db8:8000::")!))
        let four = try #require(IPNetwork("10.7.8.9/8"))
        #expect(four.first == IPAddress("10.0.0.0") && four.contains(IPAddress("::ffff:10.255.0.1")!))
        #expect(!four.contains(IPAddress("11.0.0.0")!) && !four.contains(IPAddress("::a00:1")!))
        let (allOfSix, allOfFour) = (IPNetwork("::/0")!, IPNetwork("0.0.0.0/0")!)
        #expect(allOfSix.contains(IPAddress("ffff::")!) && !allOfSix.contains(IPAddress("1.2.3.4")!))
        #expect(allOfFour.contains(IPAddress("255.0.0.1")!) && !allOfFour.contains(IPAddress("::1")!))
        #expect(IPNetwork("::1")!.contains(IPAddress("::1")!) && !IPNetwork("::1")!.contains(IPAddress("::2")!))
        for wrong in [
            "", "/", "::1/", "::1/129", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0/8/8", "a/8", "10/8",
        ] {
            #expect(IPNetwork(wrong) == nil, "\(wrong)")
        }
    }
    @Test func aPlace_isAnIPv4Address_orASixtyFourthOfIPv6() {
        #expect(IPAddress("2001:db8:1:2:3:4:5:6")!.place == IPAddress("2001:db8:1:2::"))
        #expect(IPAddress("2001:db8:1:3::1")!.place != IPAddress("2001:db8:1:2::1")!.place)
        #expect(IPAddress("203.0.113.7")!.place == IPAddress("203.0.113.7"))
        #expect(IPAddress("::ffff:203.0.113.7")!.place != IPAddress("203.0.113.8")!.place)
    }
    @Test func kinds_areTold() {
        for loopback in ["127.0.0.1", "127.255.0.3", "::1", "::ffff:127.0.0.1"] {
            #expect(IPAddress(loopback)!.isLoopback)
        }
        for other in ["128.0.0.1", "::", "::2", "1::1", "0.0.0.0"] { #expect(!IPAddress(other)!.isLoopback) }
        #expect(IPAddress("::")!.isAny && IPAddress("0.0.0.0")!.isAny && !IPAddress("::1")!.isAny)
    }
}
