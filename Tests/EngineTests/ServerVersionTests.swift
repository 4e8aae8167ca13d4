import Engine
import Testing

@Suite struct ServerVersionTests {
    @Test func versions_areReadAndCompared() throws {
        #expect(ServerVersion("7.0.15") == ServerVersion(7, 0, 15))
        #expect(ServerVersion("7.4.0-rc1") == ServerVersion(7, 4, 0))
        #expect(ServerVersion("8") == ServerVersion(8, 0, 0))
        #expect(ServerVersion("255.255.255") == ServerVersion(255, 255, 255))
        for text in ["", "x", "-1", ".7", "v7.0", "9999999999999999999999"] { #expect(ServerVersion(text) == nil) }
        let (six, seven) = (try #require(ServerVersion("6.2.14")), try #require(ServerVersion("7.0.0")))
        #expect(six < EngineBounds.oldestVersion && seven >= EngineBounds.oldestVersion)
        #expect(ServerVersion(7, 2, 4) > ServerVersion(7, 0, 15) && ServerVersion(10, 0, 0) > ServerVersion(9, 9, 9))
    }
}
