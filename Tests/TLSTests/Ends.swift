import Base
import TestSupport
import Testing

@testable import TLS

/// Both ends of a connection in memory: a server and a client, each with its sessions.
final class Ends {
    struct End: ~Copyable {
        var sessions = TLSSessions()
        var handle = TLSSessions.Handle.plain
        var said: [UInt8] = []
        var state = TLSSessions.Opened.more
    }
    var server = End()
    var client = End()
    var second: UInt32 = 0

    /// Ends whose handshake is done.
    init(
        _ clientContext: TLSContext? = TLSContext(only: nil), server: TLSContext? = nil, ticket: Ticket? = nil
    ) throws {
        let context = try server ?? TestCertificate.p256.context()
        self.server.handle = self.server.sessions.begin(context)
        client.handle = client.sessions.begin(try #require(clientContext), ticket: ticket)
        try shakeHands()
    }

    private func shakeHands() throws {
        client.greet()
        for _ in 0..<8 where server.sessions.isShaking(server.handle) || client.sessions.isShaking(client.handle) {
            Ends.carry(&client, &server, second)
            Ends.carry(&server, &client, second)
        }
        Ends.carry(&server, &client, second)
        let isDone = !server.sessions.isShaking(server.handle) && !client.sessions.isShaking(client.handle)
        #expect(isDone)
    }

    /// Carries what one end has for the other. What that says is added to `said`.
    static func carry(_ from: inout End, _ to: inout End, _ second: UInt32 = 0) {
        let bytes = Array(from.sessions.out.bytes)
        from.sessions.tookOut()
        give(bytes, to: &to, second)
    }
    static func give(_ bytes: [UInt8], to end: inout End, _ second: UInt32 = 0) {
        guard !bytes.isEmpty else { return }
        bytes.withUnsafeBytes { bytes in
            var left = bytes[...]
            if end.sessions.isShaking(end.handle) {
                switch end.sessions.shake(&end.handle, bytes) {
                case .more: return
                case .done(let count): left = bytes.suffix(count)
                case .failed:
                    end.state = .failed
                    return
                }
            }
            end.state = end.sessions.open(end.handle, UnsafeRawBufferPointer(rebasing: left), second: second)
            end.said += Array(end.sessions.plain.bytes)
        }
    }

    /// The bytes with which this end says a text. They have not been carried yet.
    static func seal(_ end: inout End, _ text: [UInt8]) throws -> [UInt8] {
        var at = 0
        while at < text.count {
            let count = text.withUnsafeBytes { end.sessions.seal(end.handle, $0.part(at, text.count - at)) }
            at += try #require(count)
        }
        defer { end.sessions.tookOut() }
        return Array(end.sessions.out.bytes)
    }
    func clientSays(_ text: [UInt8]) throws { Ends.give(try Ends.seal(&client, text), to: &server, second) }
    func serverSays(_ text: [UInt8]) throws { Ends.give(try Ends.seal(&server, text), to: &client, second) }
}

/// A certificate for tests, made by openssl once for each run.
struct TestCertificate {
    let certificate: [UInt8]
    let key: [UInt8]

    static let p256 = made(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
    static let rsa = made(["-newkey", "rsa:2048"])

    func context() throws -> TLSContext { try TLSContext(certificate: certificate, key: key) }

    private static func made(_ kind: [String]) -> TestCertificate {
        do {
            let folder = try Folder()
            let (certificate, key) = (folder.path + "/certificate.pem", folder.path + "/key.pem")
            let wanted = ["req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=localhost", "-addext"]
            let names = ["subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate]
            _ = try Program.run("/usr/bin/openssl", wanted + names + kind, in: folder)
            return TestCertificate(
                certificate: Array(contents(ofFile: certificate).utf8), key: Array(contents(ofFile: key).utf8))
        } catch {
            fatalError("openssl makes no certificate: \(error)")
        }
    }
}

extension Ends.End {
    /// Begins a handshake.
    mutating func greet() { _ = sessions.shake(&handle, UnsafeRawBufferPointer(start: nil, count: 0)) }
    /// A record with this text, under the key that there is.
    mutating func sealWithoutTurning(_ text: [UInt8]) -> [UInt8]? { sealInner(text + [23]) }
    /// A record with this inner plain text, whose last byte is sealed as its type.
    mutating func sealInner(_ inner: [UInt8]) -> [UInt8]? {
        var out = Buffer()
        let isSealed = inner.withUnsafeBytes { bytes in
            sessions.withParked(handle) { $0.seal(bytes.part(0, bytes.count - 1), inner[inner.count - 1], &out) }
        }
        return isSealed ? Array(out.bytes) : nil
    }
}
