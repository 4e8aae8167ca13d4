import Testing
import Wire

@Suite struct PageGuardTests {
    private func refusal(_ headers: String, version: String = "1.1") -> PageGuard.Refusal? {
        let request = Array("GET /status HTTP/\(version)\r\n\(headers)\r\n".utf8)
        return request.withUnsafeBytes {
            guard case .request(let request) = HTTPRequest.parse($0, limit: 8192, findsSite: true) else {
                Issue.record("no request: \(headers)")
                return nil
            }
            return PageGuard(names: ["Push1", "push1.example.org", "my_app"]).refusal(request)
        }
    }

    @Test(arguments: [
        "127.0.0.1", "127.0.0.1:9003", "10.1.2.3", "[::1]", "[::1]:9001", "[fe80::1]", "localhost", "LOCALHOST:9001",
        "localhost.", "push1", "PUSH1:9001", "push1.example.org", "push1.Example.ORG.:80", "my_app:9001", "",
    ])
    func addressesAndOurNames_areOurs(_ host: String) { #expect(refusal("Host: \(host)\r\n") == nil) }

    @Test(arguments: [
        "evil.example", "evil.example:9001", "127.0.0.1.evil.example", "localhost.evil.example", "xlocalhost", "push2",
        "push1.example", "1.2.3.x", "x", "push1.example.org.evil", "localhos", "my-app",
    ])
    func anotherName_isNot(_ host: String) { #expect(refusal("Host: \(host)\r\n") == .host) }

    @Test func pagesOfElsewhere_areKnownByWhatTheirBrowserSays() {
        #expect(refusal("Host: localhost\r\nOrigin: http://evil.example\r\n") == .origin)
        #expect(refusal("Host: localhost\r\nOrigin: null\r\n") == .origin)
        #expect(refusal("Host: localhost\r\nSec-Fetch-Site: cross-site\r\n") == .site)
        #expect(refusal("Host: localhost\r\nSec-Fetch-Site: same-site\r\n") == .site)
        // An address that was typed, and a page of the port itself.
        #expect(refusal("Host: localhost\r\nSec-Fetch-Site: none\r\n") == nil)
        #expect(refusal("Host: localhost\r\nSec-Fetch-Site: same-origin\r\n") == nil)
    }
    @Test func aRequestWithoutAHost_isNoBrowsers() { #expect(refusal("", version: "1.0") == nil) }
}
