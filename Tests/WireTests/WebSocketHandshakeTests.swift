import Base
import Testing
import Wire

@Suite struct WebSocketHandshakeTests {
    static let key = "dGhlIHNhbXBsZSBub25jZQ=="
    static let right = [
        "Host: server.example.com", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: \(key)",
        "Sec-WebSocket-Version: 13",
    ]

    /// The outcome for a request with these lines, as text.
    static func outcome(_ lines: [String], _ first: String = "GET /c.ws HTTP/1.1") -> String {
        bytes(([first] + lines + ["", ""]).joined(separator: "\r\n")).withUnsafeBytes {
            guard case .request(let request) = HTTPRequest.parse($0, limit: 8192) else { return "no request" }
            return switch WebSocketHandshake.check(request) {
            case .accepted(let key, let offers): "\(text(key)) \(offers)"
            case .noUpgrade: "no upgrade"
            case .badVersion: "bad version"
            case .badKey: "bad key"
            }
        }
    }
    /// The right lines, with some in place of those with the same name.
    static func with(_ lines: String...) -> [String] {
        let names = lines.map { $0.prefix { $0 != ":" }.lowercased() }
        return right.filter { !names.contains($0.prefix { $0 != ":" }.lowercased()) } + lines
    }

    @Test func aHandshake_isAccepted() {
        let lists: [[String]] = [
            Self.right, Self.right.map { $0.lowercased().replacingKey() }, Self.with("UPGRADE: WebSocket"),
            Self.with("Upgrade: h2c, websocket"), Self.with("Upgrade: h2c", "Upgrade: websocket"),
            Self.with("Connection: keep-alive, Upgrade"), Self.with("Connection: keep-alive", "Connection:\tupgrade "),
            Self.with("Connection: ,upgrade,"),
            Self.with("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"),
            Self.with("Sec-WebSocket-Protocol: chat, MegaComet.1"),
        ]
        for lines in lists { #expect(Self.outcome(lines) == "\(Self.key) false", "\(lines)") }
        for offer in ["megacomet.1", "chat,megacomet.1", "megacomet.2\r\nSec-WebSocket-Protocol: megacomet.1"] {
            #expect(Self.outcome(Self.with("Sec-WebSocket-Protocol: \(offer)")) == "\(Self.key) true")
        }
    }

    @Test func whatIsNoHandshake_isToldApart() {
        #expect(Self.outcome(Self.right, "GET /c.ws HTTP/1.0") == "no upgrade")
        #expect(Self.outcome(Self.right, "POST /c.ws HTTP/1.1") == "no upgrade")
        #expect(Self.outcome(Self.right, "HEAD /c.ws HTTP/1.1") == "no upgrade")
        #expect(Self.outcome(["Host: x"]) == "no upgrade")
        for line in [
            "Upgrade: h2c", "Upgrade: websockets", "Upgrade:", "Connection: keep-alive", "Connection: upgraded",
        ] {
            #expect(Self.outcome(Self.with(line)) == "no upgrade", "\(line)")
        }
        for version in ["8", "", "013", "13, 8", "14", "13\r\nSec-WebSocket-Version: 8"] {
            #expect(Self.outcome(Self.with("Sec-WebSocket-Version: \(version)")) == "bad version", "\(version)")
        }
        #expect(Self.outcome(Self.right.filter { !$0.contains("Version") }) == "bad version")
        let keys = [
            "", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQQ=", "SGVsbG8=",
            "dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBs_SBub25jZQ==", "dGhlIHNhbXBsZSB=b25jZQ==",
            "\(Self.key)\r\nSec-WebSocket-Key: \(Self.key)",
        ]
        for key in keys { #expect(Self.outcome(Self.with("Sec-WebSocket-Key: \(key)")) == "bad key", "\(key)") }
        #expect(Self.outcome(Self.right.filter { !$0.contains("Key") }) == "bad key")
        #expect(Self.outcome(Self.with("Content-Length: 2")) == "bad key")
    }

    /// RFC 6455, 1.3.
    @Test func theAnswer_isThatOfTheRFC() {
        let head = """
            HTTP/1.1 101 Switching Protocols\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r

            """
        for (offers, more) in [(false, "\r\n"), (true, "Sec-WebSocket-Protocol: megacomet.1\r\n\r\n")] {
            var out = Buffer()
            bytes(Self.key).withUnsafeBytes {
                WebSocketHandshake.accept(key: $0, offersProtocol: offers, to: &out)
            }
            #expect(text(out.bytes) == head + more)
        }
    }
}

extension String {
    /// The key has a case.
    fileprivate func replacingKey() -> String {
        hasPrefix("sec-websocket-key") ? "sec-websocket-key: \(WebSocketHandshakeTests.key)" : self
    }
}
