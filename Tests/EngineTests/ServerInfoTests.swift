import Engine
import Testing

@Suite struct ServerInfoTests {
    @Test func info_isRead() {
        let info = ServerInfo(
            "# Server\r\nredis_version:7.2.4\r\nvalkey_version:8.1.0\r\nredis_mode:standalone\r\nrun_id:abc\r\n\r\n"
                + "# Memory\r\nused_memory:123\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\nnonsense\r\n")
        #expect(info.version == ServerVersion(7, 2, 4) && info.runId == "abc" && info.mode == "standalone")
        #expect(info.usedMemory == 123 && info.memoryBound == 0 && info.memoryPolicy == "noeviction")
        #expect(ServerInfo("") == ServerInfo("x\n:\ny") && ServerInfo("").version == nil)
    }
}
