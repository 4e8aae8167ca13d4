import Base
import Dashboard
import Glibc
import TestSupport
import Testing

/// The process at the other end of a connection on this machine.
struct PeerProcessTests {
    private static let table = """
          sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
           0: 0100007F:2329 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 100 1 0 100 0
           1: 0100007F:C7C2 0100007F:2329 01 00000000:00000000 00:00000000 00000000     0        0 200 1 0 100 0
           2: 0100007F:2329 0100007F:C7C2 01 00000000:00000000 00:00000000 00000000     0        0 300 1 0 100 0
           3: 0200007F:C7C2 0100007F:2329 01 00000000:00000000 00:00000000 00000000     0        0 400 1 0 100 0
           4: 0100007F:C7C3 0100007F:2329 06 00000000:00000000 00:00000000 00000000     0        0 0 1 0 100 0
        """
    private static let table6 = """
          sl  local_address                         remote_address                        st tx_queue rx_queue
           0: 00000000000000000000000001000000:C7C2 00000000000000000000000001000000:2329 01 0:0 00:0 0  0  0 500 1
           1: 0000000000000000FFFF00000100007F:C7C2 0000000000000000FFFF00000100007F:2329 01 0:0 00:0 0  0  0 600 1
        """

    @Test func connection_isFoundInTheKernelsTable() throws {
        func inode(_ table: String, _ host: String, _ port: UInt16) throws -> String? {
            PeerProcess.inode(in: table, from: try #require(IPAddress(host)), port, to: 0x2329)
        }
        #expect(try inode(Self.table, "127.0.0.1", 0xC7C2) == "200")
        #expect(try inode(Self.table, "127.0.0.2", 0xC7C2) == "400")
        #expect(try inode(Self.table, "127.0.0.1", 0xC7C3) == nil, "its process has closed it")
        #expect(try inode(Self.table, "127.0.0.1", 0xC7C4) == nil)
        #expect(try inode(Self.table6, "::1", 0xC7C2) == "500")
        #expect(try inode(Self.table6, "127.0.0.1", 0xC7C2) == "600")
        for odd in ["", "\n\n", "a b c", Self.table.replacing("C7C2", with: "")] {
            #expect(try inode(odd, "127.0.0.1", 0xC7C2) == nil)
        }
    }
    /// A real connection, whose both ends are this process.
    @Test func ownConnection_isThisProcess() throws {
        let (listener, client) = (
            socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0),
            socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        )
        defer {
            close(listener)
            close(client)
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var bytes = socklen_t(MemoryLayout<sockaddr_in>.size)
        func withAddress(_ body: (UnsafeMutablePointer<sockaddr>) -> Int32) -> Int32 {
            withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0) }
            }
        }
        try #require(withAddress { bind(listener, $0, bytes) } == 0 && listen(listener, 1) == 0)
        try #require(withAddress { getsockname(listener, $0, &bytes) } == 0)
        let port = UInt16(bigEndian: address.sin_port)
        try #require(withAddress { connect(client, $0, bytes) } == 0)
        try #require(withAddress { getsockname(client, $0, &bytes) } == 0)
        let own = UInt16(bigEndian: address.sin_port)
        // The machine may have more connections and descriptors than are looked at, while other tests hold thousands of
        // clients. A program that another test starts has our descriptors for a moment, and may have the lower id.
        try eventually("this process is found", seconds: 120) {
            let found = PeerProcess.find("127.0.0.1:\(own)", connectedTo: port)
            return found?.pid == UInt32(getpid()) && found?.program.isEmpty == false
        }
        #expect(PeerProcess.find("192.0.2.1:\(own)", connectedTo: port) == nil)
        #expect(PeerProcess.find("127.0.0.1:\(own)", connectedTo: 1) == nil)
        #expect(PeerProcess.find("nonsense", connectedTo: 1) == nil)
    }
}
