import Glibc
import TLS
import Testing

@testable import megabench

/// TLS between two sockets: bytes go in at one end and come out at the other, as without it.
@Suite struct SocketTLSTests {
    /// Both ends of a connection, each with a seat. The clients' seats are 0 and 1.
    private final class Ends {
        let server: SocketTLS
        let client: SocketTLS
        private var sockets: [Int32] = [-1, -1]
        private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 8)

        init(_ resumption: SocketTLS.Resumption) throws {
            let folder = try PrivateFolder()
            defer { folder.remove() }
            let files = try RunCertificate(in: folder)
            let (certificate, key) = (ProcFile.text(files.certificate) ?? "", ProcFile.text(files.key) ?? "")
            server = SocketTLS(
                server: try TLSContext(certificate: Array(certificate.utf8), key: Array(key.utf8)), seats: 1)
            client = try #require(SocketTLS(clients: 2, resumption: resumption))
        }
        deinit {
            hangUp()
            room.deallocate()
        }

        /// A new connection from this seat, with its handshake and one byte each way.
        func connect(_ seat: Int) throws {
            hangUp()
            let (one, other) = try Socket.pair()
            sockets = [one, other]
            for socket in sockets { _ = fcntl(socket, F_SETFL, O_NONBLOCK) }
            #expect(server.begin(0, other) && client.begin(seat, one))
            for _ in 0..<4 where client.isShaking(seat) {
                #expect(server.read(0, other, room) == -1)
                #expect(client.read(seat, one, room) == -1)
            }
            #expect(!client.isShaking(seat))
            #expect(clientSays([7], seat) == [7] && serverSays([8], seat) == [8])
        }
        private func hangUp() {
            for socket in sockets where socket >= 0 { close(socket) }
            sockets = [-1, -1]
        }
        func clientEnds(_ seat: Int) { client.end(seat, sockets[0]) }
        /// The result of read(2) at the server's end.
        func serverReads() -> Int { server.read(0, sockets[1], room) }

        func clientSays(_ bytes: [UInt8], _ seat: Int = 0) -> [UInt8] {
            #expect(bytes.withUnsafeBytes { client.write(seat, sockets[0], $0) })
            return all(bytes.count) { server.read(0, sockets[1], room) }
        }
        func serverSays(_ bytes: [UInt8], _ seat: Int = 0) -> [UInt8] {
            #expect(bytes.withUnsafeBytes { server.write(0, sockets[1], $0) })
            return all(bytes.count) { client.read(seat, sockets[0], room) }
        }
        private func all(_ wanted: Int, _ read: () -> Int) -> [UInt8] {
            var said: [UInt8] = []
            for _ in 0..<20 where said.count < wanted {
                let count = read()
                if count > 0 { said += room[..<count] }
            }
            return said
        }
    }

    @Test func bytesComeAsTheyWent_alsoOfManyRecords() throws {
        let ends = try Ends(.never)
        try ends.connect(0)
        let long = (0..<60_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        #expect(ends.clientSays(long) == long)
        #expect(ends.serverSays(long) == long)
    }

    @Test func endOfAClient_isTheEndForItsServer() throws {
        let ends = try Ends(.never)
        try ends.connect(0)
        ends.clientEnds(0)
        #expect(ends.serverReads() == 0)
    }

    /// With `onReturn` a client that was there before has a ticket, and one that comes for the first time has none.
    @Test(arguments: [
        (SocketTLS.Resumption.never, [0, 0, 0, 0]), (.onReturn, [0, 0, 1, 2]), (.always, [0, 1, 2, 3]),
    ])
    func clientsComeBackWithATicket(resumption: SocketTLS.Resumption, resumed: [Int]) throws {
        TLSContext.useTicketKeys([Array(repeating: 5, count: TLSContext.ticketKeyBytes)])
        let ends = try Ends(resumption)
        for (seat, count) in zip([0, 1, 0, 1], resumed) {
            try ends.connect(seat)
            #expect(ends.client.handshakes.resumed == count)
            ends.clientEnds(seat)
            ends.server.end(0, -1)
        }
        #expect(ends.client.handshakes.all == 4)
    }
}
