import Base
import TestSupport
import Testing
import Wire

@testable import TLS

/// OpenSSL is for one thread of our programs, so these tests run one after the other.
@Suite(.serialized) enum TLSTests {}

extension TLSTests {
    /// Records of parked connections, against OpenSSL's own client and against a parked one.
    struct RecordTests {
        static func text(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) } }

        @Test(arguments: CipherSuite.allCases, [true, false])
        func everySuiteCarriesTextBothWays(_ suite: CipherSuite, _ clientParks: Bool) throws {
            let context = try #require(TLSContext(only: suite))
            context.parks = clientParks
            let ends = try Ends(context)
            #expect(ends.server.sessions.parked == 1 && ends.server.sessions.shaking == 0)
            #expect(ends.client.handle.isWhole == !clientParks)
            var (said, heard): ([UInt8], [UInt8]) = ([], [])
            for count in [0, 1, 15, 16, 17, 1000, 16_383, 16_384, 16_385, 100_000] {
                try ends.clientSays(RecordTests.text(count))
                try ends.serverSays(RecordTests.text(count))
                said += RecordTests.text(count)
                heard += RecordTests.text(count)
            }
            #expect(ends.server.said == said && ends.client.said == heard)
            #expect(ends.server.state == .more && ends.client.state == .more)
        }

        /// Nearly all connections use AES-128. Its sessions take the memory that its keys need, and no more.
        @Test func parkedSessionsTakeTheRoomOfTheirKeys() throws {
            #expect(MemoryLayout<SmallParked>.stride == 144 && MemoryLayout<LargeParked>.stride == 208)
            for suite in CipherSuite.allCases {
                let ends = try Ends(TLSContext(only: suite))
                #expect(ends.server.handle.isLarge == (suite != .aes128))
                // A page has 256 sessions. A slab's list of pages takes some more.
                let page = 256 * (suite == .aes128 ? 144 : 208)
                #expect(ends.server.sessions.memoryBytes - TLSSessions().memoryBytes == page)
                ends.server.sessions.end(ends.server.handle)
                #expect(ends.server.sessions.parked == 0)
            }
            // Whoever has no wish of its own gets AES-128.
            let handle = try Ends().server.handle
            #expect(!handle.isWhole && !handle.isLarge)
        }

        @Test func everyKindOfCertificateServesBothVersions() throws {
            for certificate in [TestCertificate.p256, .rsa] {
                for is12 in [false, true] {
                    let ends = try Ends(TLSContext(only: nil, is12: is12), server: try certificate.context())
                    // Only TLS 1.3 can be parked.
                    #expect(
                        ends.server.sessions.parked == (is12 ? 0 : 1) && ends.server.sessions.unparked == (is12 ? 1 : 0)
                    )
                    try ends.clientSays(Array("a poll".utf8))
                    try ends.serverSays(Array("an answer".utf8))
                    #expect(ends.server.said == Array("a poll".utf8) && ends.client.said == Array("an answer".utf8))
                    ends.server.sessions.sayEnd(ends.server.handle)
                    Ends.carry(&ends.server, &ends.client)
                    #expect(ends.client.state == .ended)
                    ends.server.sessions.end(ends.server.handle)
                    #expect(ends.server.sessions.parked == 0 && ends.server.sessions.unparked == 0)
                }
            }
        }

        @Test func aRecordMayBeCutAtEveryByteAndManyMayCome() throws {
            let ends = try Ends()
            let bytes =
                try Ends.seal(&ends.client, Array("first".utf8)) + Ends.seal(&ends.client, Array(" second".utf8))
            for byte in bytes { Ends.give([byte], to: &ends.server) }
            #expect(ends.server.said == Array("first second".utf8))
            for cut in 1..<40 {
                ends.server.said = []
                let record = try Ends.seal(&ends.client, Array("0123456789".utf8))
                Ends.give(Array(record[..<min(cut, record.count)]), to: &ends.server)
                let next = try Ends.seal(&ends.client, Array("more".utf8))
                Ends.give(Array(record[min(cut, record.count)...]) + next, to: &ends.server)
                #expect(ends.server.said == Array("0123456789more".utf8))
            }
            #expect(ends.server.state == .more)
        }

        @Test func aSessionComesBackWithATicketUnderTheSharedKeys() throws {
            let keys = [1, 2].map { first in
                (0..<TLSContext.ticketKeyBytes).map { UInt8(truncatingIfNeeded: first + $0) }
            }
            TLSContext.useTicketKeys([keys[0]])
            let context = try #require(TLSContext(only: nil))
            context.parks = false
            let first = try Ends(context)
            try first.serverSays([1])
            let came = first.client.sessions.ticket(first.client.handle)
            let ticket = try #require(came)
            // Another process, after the keys have turned once.
            TLSContext.useTicketKeys([keys[1], keys[0]])
            let second = try Ends(context, server: try TestCertificate.p256.context(), ticket: ticket)
            #expect(second.server.sessions.counters.resumed == 1 && second.server.sessions.parked == 1)
            try second.clientSays([7])
            try second.serverSays([8])
            #expect(second.server.said == [7] && second.client.said == [8])
            let next = second.client.sessions.ticket(second.client.handle)
            let other = try #require(next)
            // A client with many connections uses a ticket more than once, also when one of them has ended.
            second.client.sessions.end(second.client.handle)
            let again = try Ends(TLSContext(only: nil), server: try TestCertificate.p256.context(), ticket: ticket)
            #expect(again.server.sessions.counters.resumed == 1)
            // They have turned twice: the handshake is a whole one.
            TLSContext.useTicketKeys([keys[0]])
            let third = try Ends(context, server: try TestCertificate.p256.context(), ticket: other)
            #expect(third.server.sessions.counters.resumed == 0 && third.server.sessions.parked == 1)
        }

        // MARK: new keys

        @Test(arguments: CipherSuite.allCases)
        func bothEndsTurnToANewKeyWhenOneIsUsedUp(_ suite: CipherSuite) throws {
            let ends = try Ends(TLSContext(only: suite))
            ends.server.sessions.withParked(ends.server.handle) { $0.writeSequence = Limits.recordsUnderKey }
            ends.client.sessions.withParked(ends.client.handle) { $0.readSequence = Limits.recordsUnderKey }
            try ends.serverSays(Array("under a new key".utf8))
            #expect(ends.client.said == Array("under a new key".utf8))
            #expect(ends.server.sessions.counters.keyUpdates == 1)
        }

        @Test func aPeerThatHasReadMuchAsksForANewKeyAndGetsIt() throws {
            let ends = try Ends()
            ends.server.sessions.withParked(ends.server.handle) { $0.readSequence = Limits.recordsUnderKey - 1 }
            ends.client.sessions.withParked(ends.client.handle) { $0.writeSequence = Limits.recordsUnderKey - 1 }
            try ends.clientSays([1])
            #expect(ends.server.said == [1])
            // The question, the answer, and texts under the keys that follow.
            Ends.carry(&ends.server, &ends.client)
            Ends.carry(&ends.client, &ends.server)
            try ends.clientSays([2])
            try ends.serverSays([3])
            #expect(ends.server.said == [1, 2] && ends.client.said == [3])
            #expect(ends.server.state == .more && ends.client.state == .more)
            // Each end has turned to a new key of its own, and to the other's.
            #expect(ends.server.sessions.counters.keyUpdates == 2 && ends.client.sessions.counters.keyUpdates == 2)
        }

        @Test func aPeerMayTurnKeysOnlySoOften() throws {
            let ends = try Ends()
            for _ in 0..<Limits.keyUpdatesAtOnce { try turn(ends) }
            #expect(ends.server.state == .more)
            ends.second += 1
            try turn(ends)
            #expect(ends.server.state == .more)
            try turn(ends)
            #expect(ends.server.state == .failed && ends.server.sessions.counters.badRecords == 1)
        }
        private func turn(_ ends: Ends) throws {
            ends.client.sessions.withParked(ends.client.handle) { $0.writeSequence = Limits.recordsUnderKey }
            let sequence = ends.client.sessions.withParked(ends.client.handle) { $0.writeSequence }
            ends.server.sessions.withParked(ends.server.handle) { $0.readSequence = sequence }
            try ends.clientSays([9])
        }

        // MARK: numbers

        @Test(arguments: CipherSuite.allCases)
        func numbersOfRecordsMayBeLarge(_ suite: CipherSuite) throws {
            let ends = try Ends(TLSContext(only: suite))
            let start = UInt64(UInt32.max) - 2
            ends.server.sessions.withParked(ends.server.handle) { $0.readSequence = start }
            ends.client.sessions.withParked(ends.client.handle) { $0.writeSequence = start }
            // A sender turns its key long before. So the client's records are sealed by hand.
            for at in 0..<6 as Range<UInt8> {
                let bytes = ends.client.sealWithoutTurning([at])
                Ends.give(try #require(bytes), to: &ends.server)
            }
            #expect(ends.server.said == [0, 1, 2, 3, 4, 5])
            ends.server.sessions.withParked(ends.server.handle) { $0.readSequence = .max - 1 }
            ends.client.sessions.withParked(ends.client.handle) { $0.writeSequence = .max - 1 }
            let last = ends.client.sealWithoutTurning([6])
            Ends.give(try #require(last), to: &ends.server)
            #expect(ends.server.said.last == 6)
            // The numbers are used up. One is never used twice.
            let beyond = ends.client.sealWithoutTurning([7])
            #expect(beyond == nil)
        }

        // MARK: what does not open

        @Test func whatDoesNotOpenEndsTheConnectionWithTheSameAlert() throws {
            for flipped in 0..<40 {
                let ends = try Ends()
                var record = try Ends.seal(&ends.client, Array("0123456789".utf8))
                guard flipped < record.count else { break }
                // The header's type and length have alerts of their own; its version is sealed with the rest.
                if [0, 3, 4].contains(flipped) { continue }
                record[flipped] ^= 0x10
                Ends.give(record, to: &ends.server)
                #expect(ends.server.state == .failed && ends.server.said.isEmpty)
                #expect(ends.server.sessions.counters.badRecords == 1)
                let alert = Array(ends.server.sessions.out.bytes)
                #expect(alert.count == Record.headerBytes + 2 + 1 + Record.tagBytes)
                // After an error there is not even close_notify (RFC 8446, 6.1).
                ends.server.sessions.sayEnd(ends.server.handle)
                #expect(ends.server.sessions.out.count == alert.count)
                // The client takes it for what it is: the end. It says nothing more, too.
                Ends.give(alert, to: &ends.client)
                #expect(ends.client.state == .failed && ends.client.sessions.counters.alertsReceived == 1)
                ends.client.sessions.sayEnd(ends.client.handle)
                #expect(ends.client.sessions.out.count == 0)
            }
        }

        @Test func recordsThatMayNotComeEndTheConnection() throws {
            let plainAlert: [UInt8] = [21, 3, 3, 0, 2, 2, 0]
            let cipherSpec: [UInt8] = [20, 3, 3, 0, 1, 1]
            let tooLong: [UInt8] = [23, 3, 3, 0x41, 0x01]
            let empty: [UInt8] = [23, 3, 3, 0, 0]
            let short: [UInt8] = [23, 3, 3, 0, 16] + [UInt8](repeating: 0, count: 16)
            for bytes in [plainAlert, cipherSpec, tooLong, empty, short, Array("GET / HTTP/1.1\r\n\r\n".utf8)] {
                let ends = try Ends()
                Ends.give(bytes, to: &ends.server)
                #expect(ends.server.state == .failed && ends.server.said.isEmpty)
            }
            // A record again, and one left out.
            let ends = try Ends()
            let record = try Ends.seal(&ends.client, [1])
            Ends.give(record, to: &ends.server)
            Ends.give(record, to: &ends.server)
            #expect(ends.server.said == [1] && ends.server.state == .failed)
            let other = try Ends()
            _ = try Ends.seal(&other.client, [1])
            try other.clientSays([2])
            #expect(other.server.said.isEmpty && other.server.state == .failed)
        }

        @Test func paddingIsTakenAwayAndEmptyRecordsSayNothing() throws {
            let ends = try Ends()
            func give(_ inner: [UInt8]) throws {
                let record = ends.client.sealInner(inner)
                Ends.give(try #require(record), to: &ends.server)
            }
            try give(Array("text".utf8) + [23] + [UInt8](repeating: 0, count: 300))
            try give([23])
            try give([23, 0, 0])
            try give([0, 0, 23, 0])
            #expect(ends.server.said == Array("text".utf8) + [0, 0] && ends.server.state == .more)
            // Nothing but padding has no type (RFC 8446, 5.4).
            try give([0, 0, 0, 0])
            #expect(ends.server.state == .failed)
        }

        @Test func messagesThatMayNotFollowAHandshakeEndTheConnection() throws {
            // A KeyUpdate of a wrong value, length or size; two of them; a ticket or certificate for a server; an empty
            // message; an unknown type; an alert of a wrong size.
            let inner: [[UInt8]] = [
                [24, 0, 0, 1, 2, 22], [24, 0, 0, 2, 0, 22], [24, 0, 0, 1, 22], [24, 0, 0, 1, 0, 24, 0, 0, 1, 0, 22],
                [4, 0, 0, 0, 22], [11, 0, 0, 0, 22], [22], [20], [1, 20], [99], [1, 21], [1, 0, 0, 21],
            ]
            for bytes in inner {
                let ends = try Ends()
                let record = ends.client.sealInner(bytes)
                Ends.give(try #require(record), to: &ends.server)
                #expect(ends.server.state == .failed, "\(bytes)")
            }
        }

        /// user_canceled says that close_notify follows (RFC 8446, 6.1). It is no mistake, whatever its level is.
        @Test func aUserMayCancel() throws {
            for level in [1, 2] as [UInt8] {
                let ends = try Ends()
                let canceled = ends.client.sealInner([level, 90, 21])
                Ends.give(try #require(canceled), to: &ends.server)
                #expect(ends.server.state == .more && ends.server.sessions.counters.alertsReceived == 0)
                ends.client.sessions.sayEnd(ends.client.handle)
                Ends.carry(&ends.client, &ends.server)
                #expect(ends.server.state == .ended && ends.server.sessions.counters == TLSCounters(handshakes: 1))
            }
            // Every other alert is the end, also as a warning.
            let ends = try Ends()
            let alert = ends.client.sealInner([1, 40, 21])
            Ends.give(try #require(alert), to: &ends.server)
            #expect(ends.server.state == .failed && ends.server.sessions.counters.alertsReceived == 1)
        }

        @Test func aPeerMayEndItsSideAndStillBeAnswered() throws {
            let ends = try Ends()
            try ends.clientSays([1])
            ends.client.sessions.sayEnd(ends.client.handle)
            Ends.carry(&ends.client, &ends.server)
            #expect(ends.server.state == .ended && ends.server.said == [1])
            try ends.serverSays([2])
            #expect(ends.client.said == [2])
            // Nothing is read behind the end.
            Ends.give([1, 2, 3, 4, 5, 6, 7], to: &ends.server)
            #expect(ends.server.state == .ended && ends.server.said == [1])
        }
    }
}
