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

        /// Handshakes of one certificate go on by turns. Each has the secrets of its own connection.
        @Test(arguments: CipherSuite.allCases)
        func handshakesGoOnByTurns(_ suite: CipherSuite) throws {
            let context = try TestCertificate.p256.context()
            let clientContext = try #require(TLSContext(only: suite))
            let all = try (0..<5).map { _ in try Ends(clientContext, server: context, shakes: false) }
            for ends in all { ends.client.greet() }
            for _ in 0..<3 { for ends in all { ends.carryBothWays() } }
            for (at, ends) in all.enumerated() {
                #expect(ends.server.sessions.parked == 1 && ends.client.sessions.parked == 1)
                try ends.clientSays(Array("client \(at)".utf8))
                try ends.serverSays(Array("server \(at)".utf8))
                #expect(ends.server.said == Array("client \(at)".utf8))
                #expect(ends.client.said == Array("server \(at)".utf8))
            }
        }

        /// A ticket is the first record that a server sends under its own key.
        @Test func aConnectionIsGivenOneTicket() throws {
            TLSContext.useTicketKeys([[UInt8](repeating: 7, count: TLSContext.ticketKeyBytes)])
            let ends = try Ends()
            let records = ends.server.sessions.withParked(ends.server.handle) { $0.writeSequence }
            #expect(records == 1)
        }

        /// A request without TLS is known as such, in one piece or in single bytes.
        @Test(arguments: [true, false]) func plainRequestsAreKnown(_ isWhole: Bool) throws {
            var server = TLSSessions()
            var handle = server.begin(try TestCertificate.p256.context())
            let request = Array("GET / HTTP/1.1\r\n".utf8)
            var progress = TLSSessions.Progress.more
            for piece in isWhole ? [request] : request.map({ [$0] }) where progress == .more {
                progress = piece.withUnsafeBytes { server.shake(&handle, $0) }
            }
            #expect(progress == .plain)
            let isSilent = server.out.isEmpty
            #expect(isSilent)
            #expect(server.counters == TLSCounters(handshakesFailed: 1))
        }

        /// Sessions that came and went leave nothing but one page.
        @Test func aHerdLeavesNoTablesBehind() throws {
            let context = try TestCertificate.p256.context()
            let clientContext = try #require(TLSContext(only: nil))
            var server = Ends.End()
            var client = Ends.End()
            var handles: [TLSSessions.Handle] = []
            for _ in 0..<600 {
                server.handle = server.sessions.begin(context)
                client.handle = client.sessions.begin(clientContext)
                client.greet()
                for _ in 0..<3 {
                    Ends.carry(&client, &server)
                    Ends.carry(&server, &client)
                }
                client.sessions.end(client.handle)
                // Each waits with the start of a record.
                Ends.give([23, 3, 3], to: &server)
                handles.append(server.handle)
            }
            #expect(server.sessions.parked == 600)
            #expect(server.sessions.memoryBytes > 3 * 256 * 144)
            for handle in handles { server.sessions.end(handle) }
            #expect(server.sessions.parked == 0)
            #expect(server.sessions.memoryBytes <= TLSSessions().memoryBytes + 256 * 144)
            #expect(server.sessions.waitingRoom < 64)
        }
    }
}
