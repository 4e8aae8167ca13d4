import Base
import Testing
import Wire

@Suite struct ForwardedForTests {
    static let forwardedFor = ForwardedFor(trusted: ["127.0.0.1", "10.0.0.0/8", "fd00::/8", "::1"])

    static func client(_ headers: [String], from peer: String = "127.0.0.1") -> String {
        let request = bytes("GET /c.json HTTP/1.1\r\nHost: x\r\n" + headers.map { $0 + "\r\n" }.joined() + "\r\n")
        return request.withUnsafeBytes {
            guard case .request(let request) = HTTPRequest.parse($0, limit: 8192) else { return "no request" }
            guard let peer = IPAddress(peer) else { return "no address" }
            let (client, isForwarded) = forwardedFor.address(of: request, from: peer)
            #expect(isForwarded || client == peer)
            return "\(client)"
        }
    }

    @Test(arguments: [
        ([], "127.0.0.1"),
        (["X-Forwarded-For: 203.0.113.7"], "203.0.113.7"),
        (["X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        (
            ["X-Forwarded-For: 6.6.6.6", "A: b", "x-forwarded-for: 203.0.113.7", "X-FORWARDED-FOR: 10.1.2.3"],
            "203.0.113.7"
        ),
        (["X-Forwarded-For: 203.0.113.7", "X-Forwarded-For:"], "203.0.113.7"),
        (["X-Forwarded-For: 6.6.6.6 ,\t203.0.113.7 , 10.1.2.3\t"], "203.0.113.7"),
        (["X-Forwarded-For: 203.0.113.7:4711"], "203.0.113.7"),
        (["X-Forwarded-For: 6.6.6.6, [2001:db8::1]:4711"], "2001:db8::1"),
        (["X-Forwarded-For: 6.6.6.6, [2001:db8::1]"], "2001:db8::1"),
        (["X-Forwarded-For: 6.6.6.6, 2001:db8::1"], "2001:db8::1"),
        (["X-Forwarded-For: 203.0.113.7, ::FFFF:10.0.0.1, ::ffff:10.0.0.2"], "203.0.113.7"),
        (["X-Forwarded-For: 10.0.0.1, 10.0.0.2"], "10.0.0.1"),
        (["X-Forwarded-For: 203.0.113.7, unknown, 10.0.0.2"], "10.0.0.2"),
        (["X-Forwarded-For: 203.0.113.7, [2001:db8::1"], "127.0.0.1"),
        (["X-Forwarded-For: 203.0.113.7, a<b"], "127.0.0.1"),
        (["X-Forwarded-For: 203.0.113.7, fe80::1%eth0"], "127.0.0.1"),
        (["X-Forwarded-For: 203.0.113.7, [::1]:x, [fd00::2]:80"], "203.0.113.7"),
        (["X-Forwarded-For: 203.0.113.7, ::1, fd12:3456::1, [FD00:0:0::2]:80"], "203.0.113.7"),
        (["X-Forwarded-For: fd00::1, 2001:DB8:0:0::A, fdff::1"], "2001:db8::a"),
        (["X-Forwarded-For: 203.0.113.7, " + String(repeating: "1", count: 46)], "127.0.0.1"),
    ]) func allLines_areOneList_fromTheRight(headers: [String], client: String) {
        #expect(Self.client(headers) == client)
    }

    @Test func whoIsNotTrusted_isNotBelieved() {
        #expect(Self.client(["X-Forwarded-For: 6.6.6.6"], from: "203.0.113.9") == "203.0.113.9")
        #expect(Self.client(["X-Forwarded-For: 6.6.6.6"], from: "2001:db8::1") == "2001:db8::1")
        #expect(Self.client(["X-Forwarded-For: 6.6.6.6"], from: "fd00::7") == "6.6.6.6")
    }
}
