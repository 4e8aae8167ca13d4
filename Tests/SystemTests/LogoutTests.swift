import Crypto
import Glibc
import TestSupport
import Testing
import Tokens

/// A user is logged out, wherever the user's receivers are.
struct LogoutTests {
    private static let workers = 3
    private let folder: Folder
    private let appliance: Appliance
    private let ring: Keyring
    /// The second in which the first token was made. Each logout is a second later, and all are in the past.
    private let start: UInt64

    init() throws {
        folder = try Folder()
        let set = try Program.run("megacomet", ["keys", "new"], in: folder).output
        ring = try Keyring([("test", Array(set.utf8))])
        start = UInt64(time(nil)) - 300
        appliance = try Appliance(
            workers: Self.workers,
            [
                "tokens": "keys = [\"\(try folder.write("keys.json", set))\"]",
                "workers": "poll_timeout = 600.0",
            ])
    }

    private func token(_ user: String, round: Int) throws -> String {
        let second = start + UInt64(round)
        let token = TokenWriter(subject: user, issuedAt: second, expires: second + 3600)
            .token(ring.keys[0], sign: { ring.sign(0, $0) })
        return String(decoding: try #require(token), as: UTF8.self)
    }

    /// A held receiver, and what it is told when its token is revoked.
    private struct Held {
        let client: String
        let form: String
        let socket: Socket

        init(_ user: String, _ form: String, port: Int, worker: Int, _ token: String) throws {
            client = "\(user):\(form)\(worker)"
            self.form = form
            socket = try Socket(port: port)
            let upgrade = [
                "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ]
            try socket.send(
                HTTP.text(
                    "GET", "/\(client).\(form)?cursor=0&token=\(token)" + (form == "json" ? "" : "&hello=1"),
                    form == "ws" ? upgrade : []))
            // A stream has begun when its first event has come.
            if form == "events" { _ = try socket.readUntil("event:hello") }
            if form == "ws" { _ = try socket.readUntil("\"cursor\":") }
        }
        func expectRevoked() throws {
            switch form {
            case "json":
                let answer = try socket.readResponse()
                #expect(answer.status == 401 && answer.errorCode == "token_revoked")
            case "events":
                _ = try socket.readUntil("event:token\ndata:{\"code\":\"token_revoked\"")
                _ = try socket.readUntil("\r\n0\r\n\r\n")
            default:
                _ = try socket.readUntil("\"error\":{\"code\":\"token_revoked\"")
                _ = try socket.readUntil("}}")
                let close = try socket.read(4)
                #expect(close[0] == 0x88 && Int(close[2]) << 8 | Int(close[3]) == 4003)
            }
        }
    }
    private func hold(_ user: String, _ token: String) throws -> [Held] {
        let all = try (0..<Self.workers).flatMap { worker in
            try ["json", "events", "ws"].map { form in
                try Held(user, form, port: appliance.clientPort(worker), worker: worker, token)
            }
        }
        for held in all { try appliance.app.waitUntilConnected(held.client) }
        return all
    }
    private func expectRefused(_ token: String) throws {
        for worker in 0..<Self.workers {
            for form in ["json", "events"] {
                let answer = try HTTP.request(
                    "GET", "/42:again.\(form)?cursor=0&token=\(token)", port: appliance.clientPort(worker))
                #expect(answer.status == 401 && answer.errorCode == "token_revoked")
            }
        }
    }

    @Test func logout_endsEveryReceiverOnEveryWorker_andOldTokensStayRefused() throws {
        let other = try Held("7", "json", port: appliance.clientPort(1), worker: 1, try token("7", round: 0))
        try appliance.app.waitUntilConnected(other.client)
        var milliseconds: [Double] = []
        let rounds = 20
        for round in 0..<rounds {
            let old = try token("42", round: round)
            let all = try hold("42", old)
            let answer = try HTTP.request(
                "POST", "/disconnect", port: appliance.appPort,
                body: "{\"user\":\"42\",\"revoke\":\(start + UInt64(round))}")
            let told = monotonicNanoseconds()
            #expect(answer.status == 200 && answer.body == "{\"status\":\"disconnected\",\"clients\":\(all.count)}")
            for held in all { try held.expectRevoked() }
            milliseconds.append(Double(monotonicNanoseconds() - told) / 1e6)
            try expectRefused(old)
        }
        milliseconds.sort()
        print(
            "logout, from the app's answer until the last of \(3 * Self.workers) receivers has ended: median "
                + "\(milliseconds[rounds / 2]) ms, most \(milliseconds[rounds - 1]) ms")

        // It outlives the manager. A newer token is taken, and its clients get what comes.
        let manager = try appliance.pid("manager")
        end(manager, with: SIGKILL)
        try appliance.waitUntilReplaced("manager", manager)
        try expectRefused(try token("42", round: rounds - 1))
        let all = try hold("42", try token("42", round: rounds))
        _ = try HTTP.request("POST", "/publish", port: appliance.appPort, body: #"{"user":"42","message":"new"}"#)
        for held in all { _ = try held.socket.readUntil("\"new\"") }
        #expect(other.socket.isQuiet, "another user's receiver is not touched")
    }
}
