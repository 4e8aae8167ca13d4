import Base
import TestSupport
import Testing
import Wire

@testable import TLS

extension TLSTests {
    struct HandshakeTests {
        /// The memory in which private keys are has room for those of all handshakes that may be under way. The servers
        /// have all been told the same hello, and have answered it.
        @Test func asManyHandshakesAsTheBoundAllows_areUnderWayAtOnce() throws {
            #expect(TLSContext.protectKeys())
            let context = try TestCertificate.p256.context()
            let clientContext = try #require(TLSContext(only: nil))
            var client = TLSSessions()
            var hello = client.begin(clientContext)
            _ = client.shake(&hello, UnsafeRawBufferPointer(start: nil, count: 0))
            let bytes = Array(client.out.bytes)
            var server = TLSSessions()
            for _ in 0..<Limits.handshakes {
                var handle = server.begin(context)
                let progress = bytes.withUnsafeBytes { server.shake(&handle, $0) }
                server.tookOut()
                guard progress == .more else { throw Failure("\(server.failure)") }
            }
            #expect(server.shaking == Limits.handshakes)
        }
    }
}
