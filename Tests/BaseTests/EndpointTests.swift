import Base
import Testing

struct EndpointTests {
    @Test func addresses_areFourNumbers() {
        #expect(IPv4.number("127.0.0.1") == 0x7F00_0001 && IPv4.number("0.0.0.0") == 0)
        #expect(IPv4.number("255.255.255.255") == .max)
        for wrong in [
            "", "localhost", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.", ".1.2.3", "01.2.3.4", "+1.2.3.4", "1.2.3.4 ",
            "::1", "1.2.3.-4",
        ] { #expect(IPv4.number(wrong) == nil, "\(wrong)") }
        for number in [0, 1, 0x7F00_0001, 0xC0A8_0102, .max] as [UInt32] {
            #expect(IPv4.number(IPv4.text(number)) == number)
        }
    }
    @Test func endpoint_isWrittenAsInAURL() {
        #expect("\(Endpoint("127.0.0.1", 8000))" == "127.0.0.1:8000" && "\(Endpoint("::1", 80))" == "[::1]:80")
    }
}
