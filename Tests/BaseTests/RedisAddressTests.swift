import Base
import Testing

@Suite struct RedisAddressTests {
    private func mistake(_ text: String) -> String? {
        do { _ = try RedisAddress.parse(text) } catch { return error.description }
        return nil
    }

    @Test func allForms_areRead() throws {
        let plain = try RedisAddress.parse("redis://store.internal")
        #expect(plain == RedisAddress(.tcp(Endpoint("store.internal", 6379))))
        let whole = try RedisAddress.parse("redis://app:p%40ss%2Fword@[::1]:7000/15")
        #expect(
            whole == RedisAddress(.tcp(Endpoint("::1", 7000)), database: 15, user: "app", password: "p@ss/word"))
        let known = try RedisAddress.parse("redis://:a:b@c@10.0.0.7/")
        #expect(known == RedisAddress(.tcp(Endpoint("10.0.0.7", 6379)), password: "a:b@c"))
        let socket = try RedisAddress.parse("unix://:pw@/run/redis/redis.sock?db=3")
        #expect(socket == RedisAddress(.unix("/run/redis/redis.sock"), database: 3, password: "pw"))
        #expect(try RedisAddress.parse("unix:///r@.sock") == RedisAddress(.unix("/r@.sock")))
    }

    @Test(arguments: [
        "127.0.0.1:6379", "http://hushhush@h", "rediss://:hushhush@h", "redis://", "redis://h:0", "redis://::1",
        "redis://:hush#hush", "redis://h/hushhush", "redis://hushhush@h", "redis://:@h",
        "redis://:hush%zz@h", "unix://host/path", "unix:///", "unix:///s?hush=1",
        "unix:///" + String(repeating: "p", count: 108),
    ])
    func mistakes_areTold_andRepeatNothing(text: String) {
        let told = mistake(text)
        #expect(told != nil && told?.contains("hush") == false, "\(told ?? "none")")
    }
    @Test func tls_isRefusedByName() { #expect(mistake("rediss://h")?.contains("stunnel") == true) }

    @Test func thePassword_isMasked() throws {
        for (text, shown) in [
            ("redis://h", "redis://h:6379"), ("redis://app:hushhush@h:7/2", "redis://app:***@h:7/2"),
            ("redis://:hushhush@[::1]/2", "redis://:***@[::1]:6379/2"),
            ("unix://:hushhush@/s?db=4", "unix://:***@/s?db=4"),
        ] { #expect("\(try RedisAddress.parse(text))" == shown) }
    }
}
