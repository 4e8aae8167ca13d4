import Glibc
import TestSupport
import Testing

/// One client on the screen of megatop, and `megacomet follow`: what happens to it, as it happens.
struct MegatopClientTests {
    private func follow(_ appliance: Appliance, key: String? = nil) throws -> LinePublisher {
        let app = try LinePublisher(port: appliance.appPort, key: key)
        try app.socket.send("{\"op\":\"follow\",\"client\":\"other\"}\n")
        guard try app.socket.readLine().hasPrefix("{\"status\":\"follow\"") else { throw Failure("it does not follow") }
        return app
    }
    /// The connections of apps in the line form.
    private func lineConnections(_ appliance: Appliance, key: String) throws -> Int {
        let headers = ["Authorization: Bearer \(key)"]
        let answer = try HTTP.request("GET", "/apps", port: appliance.appPort, headers).json()
        return answer["apps"]?.array?.count { $0["form"]?.string == "lines" } ?? 0
    }

    @Test func whatHappensToAClient_isShownLive_overTheManagersDeath_untilTheOperatorLeaves() throws {
        let appliance = try Appliance(workers: 1, ["app": "key = \"secret-1\""])
        defer { appliance.end() }
        let app = Publisher(port: appliance.appPort, key: "secret-1")
        for _ in 0..<2 { _ = try app.publish("c1", "hush") }
        let screen = try TerminalScreen(width: 80, height: 24, appliance)
        defer { screen.end() }
        try screen.expect("QUEUE  2 msgs")
        try screen.send("2", "Enter")
        try screen.expect { $0.contains("CLIENTS WITH MOST WAITING") && $0.contains(">c#") }
        try screen.send("Enter")
        try screen.expect {
            $0.contains(" CLIENT  c#") && $0.contains("not connected; it has been on no worker  queued 2")
                && $0.contains("nothing has happened since")
        }
        #expect(try appliance.poller("c1").poll().texts == ["hush", "hush"])
        try screen.expect { text in
            ["receiver      poll  on w0", "sent  ", "6 bytes", "delivered  "].allSatisfy(text.contains)
                && text.contains("to w0  queued 0") && !text.contains("hush") && !text.contains("c1")
        }
        kill(try appliance.pid("manager"), SIGKILL)
        try screen.expect { $0.contains("nothing is known from here on: the manager closed the connection") }
        try screen.expect("followed again; what happened meanwhile is not known")
        try eventually("the manager takes it") { (try? app.publish("c1", "hush").status) != nil }
        try screen.expect("published     ")
        #expect(try lineConnections(appliance, key: "secret-1") == 1)
        try screen.send("Escape")
        try screen.expect("CLIENTS WITH MOST WAITING")
        try eventually("it is followed no more") { try lineConnections(appliance, key: "secret-1") == 0 }
    }

    @Test func refusal_isSaidInWords_andEnterAsksAgain() throws {
        let appliance = try Appliance(workers: 1)
        defer { appliance.end() }
        var others = try (0..<16).map { _ in try follow(appliance) }
        let screen = try TerminalScreen(width: 80, height: 24, appliance)
        defer { screen.end() }
        try screen.expect("2/2 ok")
        try screen.send(":client c1", "Enter")
        try screen.expect("NOT TOLD: the manager says: 16 others follow a client")
        others.removeLast()
        // The manager may not have seen yet that one has left.
        try screen.expect { text in
            try? screen.send("Enter")
            return text.contains(" CLIENT  c1\n") && text.contains("nothing has happened since")
        }
        withExtendedLifetime(others) {}
    }

    @Test func keyWithoutTheRight_isSaidInWords() throws {
        let appliance = try Appliance(
            workers: 1, ["app": "[[app.keys]]\nname = \"look\"\nkey = \"secret-2\"\nmay = [\"read\"]"])
        defer { appliance.end() }
        let screen = try TerminalScreen(width: 100, height: 24, appliance)
        defer { screen.end() }
        try screen.expect("2/2 ok")
        try screen.send(":client c1", "Enter")
        try screen.expect {
            $0.contains("NOT TOLD: the manager says: this key may not read events (app.keys). Enter asks again.")
                && $0.contains("it has been on no worker")
        }
    }

    @Test func megacometFollow_printsEachEvent_andEndsWithTheManager() throws {
        let appliance = try Appliance(workers: 1)
        defer { appliance.end() }
        func program(_ words: String...) throws -> Program {
            try Program("megacomet", ["follow", "c1", "-c", appliance.configuration] + words, in: appliance.folder)
        }
        let (plain, contents, json) = (try program(), try program("--contents"), try program("--json"))
        try eventually("all follow") { () throws -> Bool in
            let stats = try HTTP.request("GET", "/apps", port: appliance.appPort).json()
            return stats["apps"]?.array?.count { $0["form"]?.string == "lines" } == 3
        }
        _ = try appliance.app.publish("c1", "hush")
        try eventually("each prints it") {
            plain.output.contains("published     ") && plain.output.contains("  6 bytes  by app ")
                && contents.output.contains("  6 bytes  by app ") && contents.output.contains("  \"hush\"\n")
                && json.output.contains("{\"event\":\"published\",\"client\":\"c1\",\"message\":")
        }
        #expect(!plain.output.contains("hush") && !json.output.contains("hush"))
        // They take 3 of 16 places.
        let others = try (0..<13).map { _ in try follow(appliance) }
        let refused = try program()
        #expect(try refused.waitForExit() == .exited(77))
        #expect(refused.output.contains("followers_full"))
        kill(try appliance.pid("manager"), SIGKILL)
        for program in [plain, contents, json] {
            #expect(try program.waitForExit() == .exited(69))
            #expect(program.output.contains("(app.port): the manager closed the connection"))
        }
        withExtendedLifetime(others) {}
    }
}
