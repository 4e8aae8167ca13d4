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
    @Test(arguments: [
        ("127.0.0.1:9000", "127.0.0.1"), ("[::1]:9000", "::1"), ("[2001:DB8:0::1]:9000", "2001:db8::1"),
        ("manager.internal:9000", "manager.internal"), ("localhost:9000", "localhost"), ("my_app:9000", "my_app"),
        ("[::ffff:10.0.0.1]:9000", "10.0.0.1"), ("1password.com:9000", "1password.com"),
    ]) func endpoint_isReadAsInAURL(text: String, host: String) {
        #expect(Endpoint(parsing: text) == Endpoint(host, 9000))
    }
    @Test(arguments: [
        "", ":", ":9000", "localhost", "localhost:", "localhost:x", "localhost:65536", "localhost:+1", "::1:9000",
        "[::1]", "[::1]9000", "[127.0.0.1]:9000", "[localhost]:9000", "[fe80::1%eth0]:9000", "a b:9000", "a..b:9000",
        "127.1:9000", "1.2.3.256:9000", "0x7f000001:9000", "2130706433:9000", "a.0x1:9000", "[::1]:9000:1",
        "localhost:000009000",
    ]) func anotherText_isNoEndpoint(text: String) { #expect(Endpoint(parsing: text) == nil) }

    @Test func aListenerOnEveryAddress_isReachedOverLoopback() {
        #expect(Endpoint("0.0.0.0", 1).onThisMachine == Endpoint("127.0.0.1", 1))
        #expect(Endpoint("::", 1).onThisMachine == Endpoint("::1", 1))
        #expect(Endpoint("10.0.0.1", 1).onThisMachine == Endpoint("10.0.0.1", 1))
        #expect(Endpoint("manager", 1).onThisMachine == Endpoint("manager", 1))
    }

    @Test func endpoint_isWrittenAsInAURL() {
        #expect(Endpoint("0:0:0::1", 80) == Endpoint("::1", 80))
        #expect("\(Endpoint("127.0.0.1", 8000))" == "127.0.0.1:8000" && "\(Endpoint("::1", 80))" == "[::1]:80")
    }
}
