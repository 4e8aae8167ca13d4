import Base
import Comet
import Testing
import Wire

@testable import Publishing

/// The keys of apps, and what each allows.
@Suite struct KeyTests {
    private static func key(_ name: String, _ rights: AppRights, _ secret: String) -> AppKey {
        AppKey(name: name, rights: rights, secret: Array(secret.utf8))
    }
    private static let shop = key("shop", [.publish, .subscribe], "shop-secret")
    private static let watch = key("watch", .read, "watch-secret-that-is-longer")
    private static let door = key("door", .disconnect, "door-secret")
    private static let all = [shop, watch, door]

    private static func app() -> App { App(keys: all) }
    private static func bearer(_ key: AppKey) -> String {
        "Authorization: Bearer \(String(decoding: key.secret, as: UTF8.self))\r\n"
    }

    @Test func overHTTP_eachRequestNeedsTheRightOfItsRow() {
        let publish = #"{"client":"c1","message":1}"#
        let subscribe = #"{"client":"c1","channel":"r"}"#
        for key in KeyTests.all {
            let app = KeyTests.app()
            let header = KeyTests.bearer(key)
            let requests: [(String, AppRights)] = [
                (App.post(publish, header), .publish), (App.post("[\(publish)]", header), .publish),
                (App.chunked([publish], header), .publish),
                (App.post(subscribe, header, path: "/subscribe"), .subscribe),
                (App.post(subscribe, header, path: "/unsubscribe"), .subscribe),
                (App.post(#"{"client":"c1"}"#, header, path: "/disconnect"), .disconnect),
                (App.post(#"{"clients":["c1"]}"#, header, path: "/clients"), .read),
                (App.get("/clients", header), .read),
                (App.get("/channels/r", header), .read), (App.get("/apps", header), .read),
                (App.get("/cursor", header), .read), (App.get("/stats", header), .read),
                (App.get("/nodes", header), .read),
            ]
            for (request, right) in requests {
                let got = answer(app.send(request))
                if key.rights.contains(right) {
                    #expect((200...202).contains(got.status), "\(key) \(request) \(got)")
                } else {
                    #expect(got.status == 403 && got.body.contains(#""code":"right","message":"this key may not "#))
                }
            }
            #expect(!app.isClosing, "a right that is missing ends no connection")
        }
    }
    @Test func onLines_eachOpNeedsItsRight_andTheConnectionGoesOn() {
        let app = KeyTests.app()
        #expect(app.send("{\"key\":\"shop-secret\"}\n") == "")
        #expect(app.send("{\"client\":\"c1\",\"message\":1}\n").contains("queued"))
        #expect(
            app.send("{\"op\":\"disconnect\",\"client\":\"c1\"}\n")
                == "{\"error\":{\"code\":\"right\",\"message\":\"this key may not disconnect (app.keys)\"}}\n")
        #expect(
            app.send("{\"key\":\"door-secret\"}\n{\"op\":\"disconnect\",\"client\":\"c1\"}\n").contains("disconnected"))
        #expect(app.send("{\"client\":\"c1\",\"message\":1}\n").contains("may not publish"))
        #expect(!app.isClosing)
        #expect(app.send("{\"key\":\"door-secre\"}\n").contains("unauthorized") && app.isClosing)
    }
    @Test func onlyAWholeKey_isOne() {
        let keys = AppKeys(KeyTests.all)
        func find(_ text: String) -> Int? { Array(text.utf8).withUnsafeBytes { keys.find($0) } }
        #expect([find("shop-secret"), find("watch-secret-that-is-longer"), find("door-secret")] == [0, 1, 2])
        for wrong in [
            "", "s", "shop-secre", "shop-secret2", "shop-secret\0", "watch-secret", "Door-secret",
            String(repeating: "\0", count: 512),
            String(repeating: "x", count: 4000),
        ] { #expect(find(wrong) == nil, "\(wrong)") }
        let long = String(repeating: "k", count: 3000)
        let old = AppKeys([KeyTests.key("app", .all, long)])
        #expect(Array(long.utf8).withUnsafeBytes { old.find($0) } == 0, "a plain key may be as long as it could be")
    }
    /// One bit of one byte, and one byte more or less, at each length that a key may have.
    @Test(arguments: [8, 16, 21, 31, 32, 63, 64, 127, 255, 512]) func aKeyWithOneBitChanged_isNone(count: Int) {
        let secret = (0..<count).map { UInt8(truncatingIfNeeded: 33 + $0 * 7) }
        let keys = AppKeys([AppKey(name: "app", rights: .all, secret: secret)])
        func find(_ bytes: [UInt8]) -> Int? { bytes.withUnsafeBytes { keys.find($0) } }
        #expect(find(secret) == 0)
        #expect(find(Array(secret.dropLast())) == nil && find(secret + [0]) == nil)
        for bit in 0..<count * 8 {
            var guess = secret
            guess[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(find(guess) == nil, "bit \(bit) of \(count) bytes")
        }
    }
    @Test func theKey_alsoComesAsXAPIKey() {
        let app = KeyTests.app()
        #expect(answer(app.send(App.get("/stats", "X-API-Key: watch-secret-that-is-longer\r\n"))).status == 200)
        // A proxy's own login does not hide it.
        let basic = "Authorization: Basic eDp5\r\n"
        #expect(answer(app.send(App.get("/stats", basic + "x-api-key:watch-secret-that-is-longer\r\n"))).status == 200)
        for wrong in [
            "X-API-Key: nonsense\r\n", "X-API-Key: door-secret\r\nX-API-Key: watch-secret-that-is-longer\r\n",
            "Authorization: Bearer nonsense\r\n" + KeyTests.bearer(KeyTests.watch),
        ] {
            #expect(answer(KeyTests.app().send(App.get("/stats", wrong))).status == 401)
        }
        // Each request has its own key: what the one before showed proves nothing.
        #expect(answer(app.send(App.get("/stats"))).status == 401)
    }
    /// A page can't send a key without asking first, and that is refused. So a key also opens to another Host.
    @Test func withAKey_noHostIsAskedFor_andAPreflightIsRefused() {
        let request = App.get("/stats", KeyTests.bearer(KeyTests.watch) + "Sec-Fetch-Site: cross-site\r\n")
        #expect(answer(KeyTests.app().send(request.replacing("Host: a", with: "Host: megacomet:9001"))).status == 200)
        let preflight = "OPTIONS /publish HTTP/1.1\r\nHost: a\r\nOrigin: http://x.example\r\n\r\n"
        let got = KeyTests.app().send(preflight)
        #expect(answer(got).status == 405 && !got.lowercased().contains("access-control"))
    }
    @Test func twoApps_mayUseTheSameOnce() {
        let second = KeyTests.key("app", .all, "the-plain-one")
        let app = App(keys: KeyTests.all + [second])
        func publish(_ key: AppKey, _ message: Int) -> (status: Int, body: String) {
            answer(
                app.send(App.post("{\"client\":\"c1\",\"message\":\(message),\"once\":\"1\"}", KeyTests.bearer(key))))
        }
        #expect(!publish(KeyTests.shop, 1).body.contains("again"))
        #expect(!publish(second, 2).body.contains("again"))
        #expect(publish(KeyTests.shop, 1).body.contains(#""again":true"#))
        #expect(publish(second, 2).body.contains(#""again":true"#))
        #expect(publish(KeyTests.shop, 2).status == 409)
    }
    @Test func otherKeys_endTheRightsOfTheOldOnes() {
        let app = KeyTests.app()
        _ = app.send("{\"key\":\"shop-secret\"}\n")
        // The same key may have other rights, and another place.
        app.replace(keys: [KeyTests.door, KeyTests.key("shop", .disconnect, "shop-secret")])
        #expect(app.send("{\"client\":\"c1\",\"message\":1}\n").contains("may not publish"))
        #expect(app.send("{\"op\":\"disconnect\",\"client\":\"c1\"}\n").contains("disconnected"))
        app.replace(keys: [KeyTests.door])
        #expect(app.send("{\"op\":\"disconnect\",\"client\":\"c1\"}\n").contains("unauthorized") && app.isClosing)
        let open = App()
        _ = open.send("{\"key\":\"any\"}\n")
        open.replace(keys: [KeyTests.shop])
        #expect(open.send("{\"client\":\"c1\",\"message\":1}\n").contains("unauthorized"))
    }
    @Test func theApps_areToldWithTheNamesOfTheirKeys() {
        let app = KeyTests.app()
        app.connect("10.0.0.1:1")
        _ = app.send("{\"key\":\"shop-secret\"}\n{\"client\":\"c1\",\"message\":1}\n")
        app.now += 5000
        app.connect("10.0.0.2:2")
        let got = answer(app.send(App.get("/apps", KeyTests.bearer(KeyTests.watch)))).body
        #expect(got.contains(#""peer":"10.0.0.1:1","form":"lines","key":"shop","#))
        #expect(got.contains(#""rights":["publish","subscribe"],"refusal":null}"#), "\(got)")
        #expect(
            got.hasSuffix(
                #""keys":[{"key":"shop","idle_seconds":5},{"key":"watch","idle_seconds":0},{"key":"door","idle_seconds":null}]}"#
            ), "\(got)")
        #expect(!got.contains("secret"))
    }
}
