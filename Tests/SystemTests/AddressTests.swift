import Glibc
import TestSupport
import Testing

/// The bounds by address, over real sockets: each client has an address of its own in 127/8.
@Suite struct AddressTests {
    private static func request(_ client: Int, _ headers: String = "") -> String {
        "GET /c\(client).json?hello=1 HTTP/1.1\r\nHost: x\r\n\(headers)\r\n"
    }

    @Test func addressOverItsBound_isToldSo_othersAreServed_andOperatorsSeeWho() throws {
        let appliance = try Appliance(
            workers: 1, ["workers": "max_per_address = 3\ntrusted_proxies = [\"127.0.0.9\"]"])
        let port = appliance.clientPort(0)
        let held = try (0..<3).map { _ in try Socket(port: port, host: 2) }
        for (client, socket) in held.enumerated() {
            try socket.send(Self.request(client))
            #expect(try socket.readResponse().status == 200)
        }
        let refused = try Socket(port: port, host: 2)
        try refused.send(Self.request(9))
        let answer = try refused.readResponse()
        #expect(answer.status == 429)
        #expect(try answer.json()["error"]?["code"]?.string == "too_many_connections")
        let other = try Socket(port: port, host: 3)
        try other.send(Self.request(8))
        #expect(try other.readResponse().status == 200)

        // A trusted proxy has as many as it wants.
        let proxied = try (0..<5).map { _ in try Socket(port: port, host: 9) }
        for (client, socket) in proxied.enumerated() {
            try socket.send(Self.request(20 + client, "X-Forwarded-For: 203.0.113.\(client)\r\n"))
            #expect(try socket.readResponse().status == 200)
        }

        // A worker that says nothing for a second is left out.
        let rows = try eventually("the worker has told its addresses") { () -> [JSON]? in
            let rows = try JSON.parse(try appliance.command("addresses", "--json").output)["addresses"]?.array ?? []
            return rows.isEmpty ? nil : rows
        }
        let busy = rows.first { $0["address"]?.string == "127.0.0.2" }
        #expect(busy?["connections"]?.int == 3 && busy?["refused"]?.int == 1)
        #expect(rows.contains { $0["address"]?.string == "127.0.0.3" })
        #expect(!rows.contains { $0["address"]?.string == "127.0.0.9" })
        #expect(try !appliance.events().contains("ADDRESS_LIMIT_OFF"))
    }

    @Test func proxyThatIsNotNamed_isNotBounded_andAnEventSaysSo() throws {
        let appliance = try Appliance(workers: 1, ["workers": "max_per_address = 2"])
        let proxied = try (0..<5).map { _ in try Socket(port: appliance.clientPort(0), host: 4) }
        for (client, socket) in proxied.enumerated() {
            try socket.send(Self.request(client, "X-Forwarded-For: 203.0.113.7\r\n"))
            #expect(try socket.readResponse().status == 200)
        }
        try eventually("the event comes") { try appliance.events().contains("ADDRESS_LIMIT_OFF") }
        try eventually("the worker tells it, too") {
            try appliance.command("addresses").output.contains("127.0.0.4  a proxy that")
        }
    }

    @Test func megatop_showsWhoIsBusy_andThatTheSupervisorIsGone() throws {
        let appliance = try Appliance(workers: 2, ["workers": "max_per_address = 3"])
        defer { appliance.end() }
        let held = try (0..<6).map { client in try Socket(port: appliance.clientPort(client % 2), host: 2) }
        for (client, socket) in held.enumerated() {
            try socket.send(Self.request(client))
            #expect(try socket.readResponse().status == 200)
        }
        let refused = try Socket(port: appliance.clientPort(0), host: 2)
        try refused.send(Self.request(9))
        #expect(try refused.readResponse().status == 429)
        let screen = try TerminalScreen(width: 80, height: 24, appliance)
        defer { screen.end() }
        try screen.expect("3/3 ok")
        try screen.send("b")
        func row(_ cells: [Substring]) throws {
            try screen.expect("\(cells)") { text in
                text.split(separator: "\n").contains { line in
                    let words = line.split(separator: " ")
                    return words.first == "127.0.0.2" && words.count > 3 && [words[1], words[3]] == cells
                }
            }
        }
        try row(["6", "1"])
        try screen.expect("COUNTED")
        appliance.killSupervisor()
        try screen.expect("LOST")
        try row(["6~", "1~"])
    }

    /// The workers are asked first, and whoever asks meanwhile on the same connection is answered afterwards.
    @Test func answersOfTheControlSocket_keepTheOrderOfTheQuestions() throws {
        let appliance = try Appliance(workers: 1, ["workers": "max_per_address = 3"])
        let socket = try Socket(path: "\(appliance.folder.path)/run/control.sock")
        try socket.send(#"{"op":"addresses"}"# + "\n" + #"{"op":"crashes"}"# + "\n" + #"{"op":"addresses"}"# + "\n")
        for key in ["addresses", "crashes", "addresses"] {
            #expect(try JSON.parse(try socket.readLine())[key] != nil, "\(key)")
        }
    }
}
