import Base
import Store
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

    /// Ends whose handshake is done, or has not begun.
    init(
        _ clientContext: TLSContext? = TLSContext(only: nil), server: TLSContext? = nil, ticket: Ticket? = nil,
        shakes: Bool = true
    ) throws {
        let context = try server ?? TestCertificate.p256.context()
        self.server.handle = self.server.sessions.begin(context)
        client.handle = client.sessions.begin(try #require(clientContext), ticket: ticket)
        guard shakes else { return }
        client.greet()
        for _ in 0..<8 where isShaking { carryBothWays() }
        Ends.carry(&self.server, &client, second)
        #expect(!isShaking)
    }
    var isShaking: Bool {
        server.sessions.isShaking(server.handle) || client.sessions.isShaking(client.handle)
    }
    func carryBothWays() {
        Ends.carry(&client, &server, second)
        Ends.carry(&server, &client, second)
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
                case .failed, .plain:
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

extension TestCertificate {
    func context() throws -> TLSContext { try TLSContext(certificate: Array(certificate.utf8), key: Array(key.utf8)) }
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

/// The parts of a parked session that tests look at, whatever room its keys have.
protocol ParkedLook {
    var readSequence: UInt64 { get set }
    var writeSequence: UInt64 { get set }
    mutating func seal(_ bytes: UnsafeRawBufferPointer, _ type: UInt8, _ out: inout Buffer) -> Bool
}
extension Parked: ParkedLook {}

extension TLSSessions {
    /// A look at a parked session.
    mutating func withParked<T>(_ handle: Handle, _ body: (inout any ParkedLook) -> T) -> T {
        var look: any ParkedLook =
            handle.isLarge ? largeParked.pointer(handle.large).pointee : smallParked.pointer(handle.small).pointee
        let result = body(&look)
        if let large = look as? LargeParked {
            largeParked.pointer(handle.large).pointee = large
        } else if let small = look as? SmallParked {
            smallParked.pointer(handle.small).pointee = small
        }
        return result
    }
}
