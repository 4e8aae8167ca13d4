import Base
import Store
import TestSupport
import Testing
import Wire

@testable import TLS

extension TLSTests {
    struct RecordFuzzTests {
        /// Bytes of a client are changed, cut, doubled, swapped or left out, and come in pieces. Whatever comes, the
        /// server takes what the client said, up to some record, or less, and nothing else.
        @Test(arguments: CipherSuite.allCases)
        func changedBytesNeverSayAnythingElse(_ suite: CipherSuite) throws {
            let ends = try Ends(TLSContext(only: suite))
            let (server, client) = (ends.parkedServer, ends.parkedClient)
            var random = SeededRandom(0x5EA1 + UInt64(suite.rawValue))
            var (failed, whole) = (0, 0)
            for round in 0..<34_000 {
                ends.restore(server, client)
                var said: [UInt8] = []
                var records: [[UInt8]] = []
                for _ in 0...random.below(3) {
                    let text = (0..<random.below(60)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                    said += text
                    records.append(try Ends.seal(&ends.client, text))
                }
                // Each fourth is as the client made it.
                let isChanged = round % 4 != 0
                let bytes = isChanged ? Self.change(records, &random) : records.flatMap(\.self)
                var at = 0
                while at < bytes.count, ends.server.state == .more {
                    let count = min(bytes.count - at, 1 + random.below(bytes.count))
                    Ends.give(Array(bytes[at..<at + count]), to: &ends.server)
                    at += count
                }
                let heard = ends.server.said
                guard said.starts(with: heard) else {
                    throw Failure("round \(round): heard \(heard) of \(said)")
                }
                if ends.server.state == .failed { failed += 1 }
                if !isChanged {
                    #expect(heard == said && ends.server.state == .more, "round \(round)")
                    whole += 1
                }
            }
            #expect(whole == 8500 && failed > 10_000, "\(whole) \(failed)")
        }

        private static func change(_ records: [[UInt8]], _ random: inout SeededRandom) -> [UInt8] {
            var records = records
            switch random.below(7) {
            case 0 where records.count > 1: records.swapAt(0, records.count - 1)
            case 1 where records.count > 1: records.remove(at: random.below(records.count))
            case 2: records.insert(records[random.below(records.count)], at: random.below(records.count + 1))
            default: break
            }
            var bytes = records.flatMap(\.self)
            guard !bytes.isEmpty else { return bytes }
            for _ in 0...random.below(2) {
                let at = random.below(bytes.count)
                switch random.below(6) {
                case 0: bytes[at] ^= 1 << UInt8(random.below(8))
                case 1: bytes[at] = UInt8(truncatingIfNeeded: random.next())
                case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: at)
                case 3: bytes.remove(at: at)
                case 4: bytes.removeLast(min(bytes.count, 1 + random.below(20)))
                default: bytes[min(at, 4)] ^= UInt8(truncatingIfNeeded: random.next())
                }
                if bytes.isEmpty { break }
            }
            return bytes
        }

        /// Texts of any size, from OpenSSL's own client and to it, in pieces of any size.
        @Test(arguments: CipherSuite.allCases)
        func whatOpenSSLSaysIsHeard(_ suite: CipherSuite) throws {
            let context = try #require(TLSContext(only: suite))
            context.parks = false
            let ends = try Ends(context)
            var random = SeededRandom(0x0551 + UInt64(suite.rawValue))
            for _ in 0..<300 {
                ends.server.said = []
                ends.client.said = []
                let text = RecordTests.text(random.below(3) == 0 ? random.below(40_000) : random.below(200))
                let bytes = try Ends.seal(&ends.client, text)
                var at = 0
                while at < bytes.count {
                    let count = min(bytes.count - at, 1 + random.below(5000))
                    Ends.give(Array(bytes[at..<at + count]), to: &ends.server)
                    at += count
                }
                try ends.serverSays(text)
                #expect(ends.server.said == text && ends.client.said == text)
            }
        }
    }
}

extension Ends {
    var parkedServer: any ParkedLook { server.sessions.withParked(server.handle) { $0 } }
    var parkedClient: any ParkedLook { client.sessions.withParked(client.handle) { $0 } }
    /// Both ends are again as they were.
    func restore(_ parkedServer: any ParkedLook, _ parkedClient: any ParkedLook) {
        server.sessions.forgetHeld(server.handle)
        server.sessions.withParked(server.handle) { $0 = parkedServer }
        client.sessions.withParked(client.handle) { $0 = parkedClient }
        server.sessions.tookOut()
        (server.said, server.state) = ([], .more)
    }
}

extension TLSSessions {
    /// Forgets the start of a record that waits.
    mutating func forgetHeld(_ handle: Handle) {
        let parked = withParked(handle) { $0 }
        end(handle)
        let again =
            if let large = parked as? LargeParked { Handle(largeParked.insert(large)) } else {
                (parked as? SmallParked).map { Handle(smallParked.insert($0)) }
            }
        precondition(again == handle, "the slot that was given back is the next")
    }
}
