import Crypto
import Glibc
import TestSupport
import Testing
import Tokens

/// What apps ask at one machine of a cluster holds at the other.
@Suite(.serialized) struct ClusterOpsTests {
    private static func post(_ path: String, _ appliance: Appliance, _ body: String) throws -> JSON {
        try HTTP.request("POST", path, port: appliance.appPort, body: body).json()
    }

    @Test func subscriptions_users_once_andReceipts() throws {
        let cluster = try ClusterFixture(clients: [])
        try cluster.waitUntilJoined()
        let (a, b) = (cluster.appliances[0], cluster.appliances[1])
        let client = b.poller("42:tab", cursor: 0)
        try client.start()
        try a.app.waitUntilConnected("42:tab")

        let subscribed = try Self.post("/subscribe", a, #"{"client":"42:tab","channel":"room"}"#)
        #expect(subscribed["subscribers"]?.int == 1)
        _ = try Self.post("/publish", b, #"{"channel":"room","message":"to the room"}"#)
        #expect(try client.finish().texts == ["to the room"])

        let first = try Self.post("/publish", a, #"{"user":"42","message":"to the user","once":"x"}"#)
        let again = try Self.post("/publish", b, #"{"user":"42","message":"to the user","once":"x"}"#)
        #expect(again["id"]?.int == first["id"]?.int && again["again"]?.bool == true)
        #expect(try client.collect(1).map(\.data.string) == ["to the user"])

        // An app waits at the one machine until the client has it at the other.
        let held = try Socket(port: a.appPort)
        let body = Array(#"{"client":"42:tab","message":"to be acknowledged"}"#.utf8)
        try held.send(HTTP.text("POST", "/publish?wait=30", body: body))
        #expect(try client.collect(1).map(\.data.string) == ["to be acknowledged"])
        try client.start()
        let receipt = try held.readResponse()
        #expect(receipt.status == 200 && receipt.body.contains(#""status":"acknowledged""#), "\(receipt.body)")

        _ = try Self.post("/unsubscribe", b, #"{"client":"42:tab","channel":"room"}"#)
        let nobody = try Self.post("/publish", a, #"{"channel":"room","message":1}"#)
        #expect(nobody["status"]?.string == "nobody", "\(nobody)")
        let ended = try Self.post("/disconnect", a, #"{"client":"42:tab"}"#)
        #expect(ended["clients"]?.int == 1)
        let last = try #require(try client.socket?.readResponse())
        #expect(last.status == 403 && last.errorCode == "disconnected")
    }

    /// Two windows have one id. The older one is told to stop, once, and the younger one stays.
    @Test func sameClientOnTwoMachines_isReplaced_andDoesNotFlap() throws {
        let cluster = try ClusterFixture(clients: [])
        try cluster.waitUntilJoined()
        let (a, b) = (cluster.appliances[0], cluster.appliances[1])
        // A client counts as connected between two polls, too. So each machine is asked to tell each poll.
        let followers = try cluster.appliances.map { try LinePublisher(port: $0.appPort) }
        for follower in followers {
            try follower.socket.send(#"{"op":"follow","client":"c1"}"# + "\n")
            #expect(try follower.socket.readLine().hasPrefix(#"{"status":"follow""#))
        }
        func awaitReceiver(at place: Int) throws {
            while try !followers[place].socket.readLine().contains(#""event":"receiver""#) {}
        }
        var (older, younger) = (a.poller("c1", cursor: 0), b.poller("c1", cursor: 0))
        for round in 0..<6 {
            try older.start()
            try awaitReceiver(at: round % 2)
            try younger.start()
            let told = try #require(try older.socket?.readResponse())
            #expect(told.status == 409 && told.errorCode == "replaced")
            try awaitReceiver(at: (round + 1) % 2)
            try a.app.publish("c1", "\(round)")
            #expect(try younger.finish().texts == ["\(round)"])
            older.cursor = younger.cursor
            (older, younger) = (younger, older)
        }
    }

    @Test func revokedTokens_andPresence() throws {
        let folder = try Folder()
        let set = try Program.run("megacomet", ["keys", "new"], in: folder).output
        let ring = try Keyring([("test", Array(set.utf8))])
        let keys = try folder.write("keys.json", set)
        let cluster = try ClusterFixture(
            RedisServer(), clients: [],
            ["tokens": "keys = [\"\(keys)\"]\nrequired = true", "channels": "presence = [\"room:\"]"])
        try cluster.waitUntilJoined()
        let (a, b) = (cluster.appliances[0], cluster.appliances[1])
        let made = UInt64(time(nil)) - 100
        func start(_ user: String, _ appliance: Appliance, cursor: Int, issuedAt: UInt64) throws -> Socket {
            let token = try #require(
                TokenWriter(subject: user, issuedAt: issuedAt, expires: made + 3600).token(
                    ring.keys[0], sign: { ring.sign(0, $0) }))
            let socket = try Socket(port: appliance.clientPort(0))
            let text = String(decoding: token, as: UTF8.self)
            try socket.send(HTTP.text("GET", "/\(user):1.events?cursor=\(cursor)&token=\(text)"))
            return socket
        }
        let ann = try start("ann", a, cursor: 0, issuedAt: made)
        let bob = try start("bob", b, cursor: 0, issuedAt: made)
        _ = try Self.post("/subscribe", a, #"{"clients":["ann:1","bob:1"],"channel":"room:1"}"#)
        for socket in [ann, bob] {
            let told = try socket.readUntil(#""users":["ann","bob"]"#)
            #expect(told.contains("event:presence"), "\(told)")
        }
        // The logout is asked at the machine that the user is not at.
        _ = try Self.post("/disconnect", a, "{\"user\":\"bob\",\"revoke\":\(made)}")
        _ = try bob.readUntil("token_revoked")
        let old = try start("bob", b, cursor: 0, issuedAt: made)
        _ = try old.readUntil("token_revoked")
        let new = try start("bob", b, cursor: 0, issuedAt: made + 10)
        _ = try new.readUntil("event:hello")
    }
}
