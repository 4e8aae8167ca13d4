import TestSupport
import Testing

/// The connections of apps, one by one: the manager's answer agrees with what they did.
struct AppConnectionsTests {
    private func apps(_ port: Int, _ query: String = "", key: String? = nil) throws -> (rows: [JSON], more: Int?) {
        let answer = try HTTP.request(
            "GET", "/apps\(query)", port: port, key.map { ["Authorization: Bearer \($0)"] } ?? []
        ).json()
        return (answer["apps"]?.array ?? [], answer["more"]?.int)
    }
    /// The answer, asked again until the manager has noticed the connections that were closed a moment ago.
    private func settled<Value: Equatable>(_ wanted: Value, _ asked: () throws -> Value) throws {
        var last: Value?
        do {
            try eventually("only they are connected") {
                last = try asked()
                return last == wanted
            }
        } catch { throw Failure("\(error): \(wanted) wanted, \(String(describing: last)) told") }
    }
    private func peers(_ rows: [JSON]?) -> [String] { (rows ?? []).map { $0["peer"]?.string ?? "nobody" } }
    private func peer(_ socket: Socket) -> String { "127.0.0.1:\(socket.localPort)" }

    @Test func twoThatSendLines_andOneOfHTTP_areToldWithWhatTheyDid() throws {
        let pair = try Pair()
        let (busy, bad) = (try LinePublisher(port: pair.appPort), try LinePublisher(port: pair.appPort))
        let http = try Socket(port: pair.appPort)
        for number in 0..<7 { try busy.publish("c\(number)", "four") }  // six bytes with its quotes
        try bad.publish("secret-client", "secret")
        try bad.socket.send("nonsense\n")
        #expect(try bad.receipt().errorCode == "bad_json")
        for body in ["[\(Publisher.body("c1", json: "1")),\(Publisher.body("c2", json: "22"))]", "{}"] {
            try http.send(
                HTTP.text("POST", "/publish", ["User-Agent: curl/7.88.1 (x)"], body: Array(body.utf8)))
            _ = try http.readResponse()
        }
        let wanted = [
            (peer(busy.socket), "lines", 7, 42, 0), (peer(http), "http", 2, 3, 1), (peer(bad.socket), "lines", 1, 8, 1),
        ]
        var rows: [JSON] = []
        try settled(wanted.map(\.0)) {
            rows = try apps(pair.appPort).rows
            return peers(rows)
        }
        for (row, (peer, form, publishes, bytes, errors)) in zip(rows, wanted) {
            #expect(row["peer"]?.string == peer && row["form"]?.string == form, "\(row)")
            #expect(
                row["publishes"]?.int == publishes && row["bytes"]?.int == bytes && row["errors"]?.int == errors
                    && row["backlog_bytes"]?.int == 0, "\(row)")
            #expect(row["name"]?.string == (form == "http" ? "curl/7.88.1" : nil), "\(row)")
            #expect((row["refusal"]?["code"]?.string != nil) == (errors > 0), "\(row)")
            let up = try #require(row["connected_seconds"]?.double), idle = try #require(row["idle_seconds"]?.double)
            #expect(idle >= 0 && up >= idle && up < 60, "\(row)")
        }
        #expect(try !HTTP.request("GET", "/apps", port: pair.appPort).body.contains("secret"))
        try settled([peer(busy.socket), "and 2"]) {
            let one = try apps(pair.appPort, "?most=1")
            return peers(one.rows) + ["and \(one.more ?? -1)"]
        }
        #expect(try HTTP.request("GET", "/apps?most=101", port: pair.appPort).errorCode == "bad_most")
        // The connection that asks is left out, and a closed one is not there any more.
        try settled([peer(busy.socket), peer(bad.socket)]) {
            try http.send(HTTP.text("GET", "/apps"))
            return peers(try http.readResponse().json()["apps"]?.array)
        }
        busy.socket.close()
        try settled([peer(http), peer(bad.socket)]) { peers(try apps(pair.appPort).rows) }
    }

    /// All places are taken by connections that have shown neither key nor publish. An app gets a place all the same,
    /// and keeps it.
    @Test func strangers_makeRoomForAnApp() throws {
        let pair = try Pair()
        let app = try LinePublisher(port: pair.appPort)
        try app.publish("c1", "first")
        var strangers: [Socket] = []
        let said = ["", "{", "G", "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"]
        for number in 0..<1024 {
            let stranger = try Socket(port: pair.appPort)
            // One that sends something has done more than the silent ones that came in the same turn.
            try stranger.send(number < 2 ? "" : said[number % 4])
            // The first connection over the bound takes the place of the first stranger.
            if number == 1023 { try strangers[0].waitForClose() }
            strangers.append(stranger)
        }
        #expect(try pair.app.publish("c1", "second").status == "queued")
        try strangers[1].waitForClose()
        let late = try LinePublisher(port: pair.appPort)
        try late.publish("c1", "third")
        try app.publish("c1", "fourth")
        #expect(try pair.app.presence("c1").queued == 4)
    }

    @Test func answersThatAreNotRead_areSeenAsABacklog() throws {
        let pair = try Pair()
        let slow = try Socket(port: pair.appPort, receiveBuffer: 4096)
        let lines = Array(String(repeating: Publisher.body("c1", json: "1") + "\n", count: 2000).utf8)
        try eventually("answers wait") {
            _ = slow.sendSome(lines)
            return try apps(pair.appPort).rows.first?["backlog_bytes"]?.int ?? 0 > 0
        }
    }

    @Test func command_showsThemAsATable_andTheKeyIsAskedFor() throws {
        let appliance = try Appliance(workers: 1, ["app": "key = \"secret\""])
        defer { appliance.end() }
        let (busy, bad) = (
            try LinePublisher(port: appliance.appPort, key: "secret"),
            try LinePublisher(port: appliance.appPort, key: "secret")
        )
        try busy.socket.send("{\"app\":\"jobs\"}\n")
        for _ in 0..<5 { try busy.publish("c1", "x") }
        try bad.publish("c1", "x")
        try bad.socket.send("{}\n")
        #expect(try bad.receipt().errorCode == "bad_client")
        var rows: [[String]] = []
        try settled(3) {
            let table = try appliance.command("apps")
            #expect(table.end == .exited(0))
            rows = table.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            return rows.count
        }
        #expect(
            rows.first == [
                "NO", "PUBLISHES", "BYTES", "ERRORS", "EVENTS", "BACKLOG", "STALLED", "UP", "IDLE", "KEY", "FORM",
                "NAME", "PEER",
            ])
        #expect(
            rows.dropFirst().map { Array($0[1..<7]) } == [
                ["5", "15", "0", "0", "0", "-"], ["1", "3", "1", "0", "0", "-"],
            ])
        #expect(
            rows.dropFirst().map { Array($0.suffix(4)) } == [
                ["app", "lines", "jobs", peer(busy.socket)], ["app", "lines", "-", peer(bad.socket)],
            ])
        try settled(true) {
            try appliance.command("apps", "-n", "1").output.hasSuffix("\(peer(busy.socket))\nand 1 more\n")
        }
        try settled([peer(busy.socket), peer(bad.socket), "and 0"]) {
            let json = try JSON.parse(try appliance.command("apps", "--json").output)
            return peers(json["apps"]?.array) + ["and \(json["more"]?.int ?? -1)"]
        }
        #expect(try appliance.command("apps", "-n", "101").end == .exited(64))
        #expect(try HTTP.request("GET", "/apps", port: appliance.appPort).status == 401)
        try settled([peer(busy.socket), peer(bad.socket)]) { peers(try apps(appliance.appPort, key: "secret").rows) }
    }

    @Test func batchOutput_hasThemToo() throws {
        let appliance = try Appliance(workers: 1)
        defer { appliance.end() }
        let lines = try LinePublisher(port: appliance.appPort)
        try lines.publish("c1", "x")
        var (output, rows) = ("", [JSON]())
        try settled(1) {
            output = try Program.run(
                "megatop", ["-b", "-S", "delivery", "-o", "json", "-c", appliance.configuration], in: appliance.folder
            ).output
            // Without an answer in its time there are no rows, or no rates.
            rows = ((try? JSON.parse(output))?["apps"]?.array ?? []).filter { $0["fresh"]?.bool == true }
            return rows.count
        }
        #expect(rows[0]["peer"]?.string == peer(lines.socket) && rows[0]["pub_s"]?.double == 0, "\(output)")
        try eventually("text has them, too") {
            let text = try Program.run(
                "megatop", ["-b", "-S", "delivery", "-c", appliance.configuration], in: appliance.folder
            ).output
            return text.contains("# app \(peer(lines.socket)) ") && text.contains(" pub_s=0 ")
        }
    }
}
