import Glibc
import TestSupport
import Testing

/// What clients and apps send is in no log, event, report or page, however much is logged. The ids of clients are
/// secrets, too, where no tokens are required.
@Suite(.serialized) struct SecretsTests {
    private static let id = "7c5eMARKid", token = "eyJhbGciOiJIUzI1NiJ9.MARKtoken.c2ln", bearer = "MARKbearer"
    private static let cookie = "MARKcookie", message = "MARKmessage", key = "MARKappkey"
    private static let marks = [id, "MARKtoken", bearer, cookie, message, key]

    @Test func nothingOfClientsAndApps_isWrittenAnywhere() throws {
        var settings = SupervisionDeathTests.quick
        settings["log"] = "level = \"trace\""
        settings["app", default: ""] += "\nkey = \"\(Self.key)\""
        let appliance = try Appliance(workers: 2, settings)
        let supervisor = try #require(appliance.supervisor)

        let held = try pollsAndStreams(appliance)
        let answers = try publishes(appliance) + mistakes(appliance)
        for number in [SIGSEGV, SIGABRT] {
            let worker = try appliance.pid("worker-0")
            kill(worker, number)
            try eventually("worker-0 is back") {
                // Swift's backtrace takes the first SIGSEGV. A signal that no instruction has caused does not repeat.
                guard let now = try? appliance.pid("worker-0") else { return false }
                if now == worker { kill(worker, number) }
                return try now != worker && appliance.status().allReady
            }
        }
        kill(try appliance.pid("manager"), SIGABRT)
        try eventually("three reports") { try appliance.command("crashes").output.split(separator: "\n").count >= 3 }
        try appliance.waitUntilReady()
        #expect(held.count == 6)

        var written = answers + [("the log", supervisor.output)]
        for pid in Processes.mentioning(appliance.folder.path) {
            written.append(("the command line of \(pid)", contents(ofFile: "/proc/\(pid)/cmdline")))
            written.append(("the environment of \(pid)", contents(ofFile: "/proc/\(pid)/environ")))
        }
        for words in [
            ["events"], ["log", "worker-0"], ["log", "manager"], ["status", "--json"], ["check", "--show"],
        ] {
            let said = try Program.run("megacomet", words + ["-c", appliance.configuration], in: appliance.folder)
            written.append((words.joined(separator: " "), said.output))
        }
        for id in try appliance.command("crashes").output.split(separator: "\n") {
            written.append(("a report", try appliance.command("crashes", String(id)).output))
        }
        for path in ["/status", "/metrics", "/health"] {
            let socket = try Socket(port: appliance.operatorPort)
            try socket.send(HTTP.text("GET", path))
            written.append((path, try socket.readResponse().body))
        }
        written += files(appliance.folder.path + "/run")
        try eventually("requests are logged") { supervisor.output.contains("GET /*.json from 127.0.0.1") }
        #expect(!supervisor.output.contains("Registers:"), "a backtrace has no memory that registers point to")
        for (place, text) in written {
            for mark in Self.marks where text.contains(mark) {
                let line = text.split(separator: "\n").first { $0.contains(mark) } ?? ""
                Issue.record("\(mark) is in \(place): \(line)")
            }
        }
    }

    /// One client in each form. They stay open.
    private func pollsAndStreams(_ appliance: Appliance) throws -> [Socket] {
        let secrets = ["Authorization: Bearer \(Self.bearer)", "Cookie: session=\(Self.cookie)"]
        let upgrade = [
            "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ]
        var sockets: [Socket] = []
        for (path, headers) in [
            ("1.json?", secrets), ("2.events?", secrets), ("3.ws?", secrets + upgrade), ("4.js?callback=f&", secrets),
            ("5.wrong?", secrets), ("/6.json?", secrets),
        ] {
            let socket = try Socket(port: appliance.clientPort(0))
            try socket.send(HTTP.text("GET", "/\(Self.id)\(path)cursor=0&token=\(Self.token)", headers))
            sockets.append(socket)
        }
        return sockets
    }
    /// Publishes to them and to others. Returns the answers of those that were refused.
    private func publishes(_ appliance: Appliance) throws -> [(String, String)] {
        let authorization = ["Authorization: Bearer \(Self.key)"]
        func post(_ path: String, _ body: String, _ headers: [String]) throws -> Response {
            let socket = try Socket(port: appliance.appPort)
            try socket.send(HTTP.text("POST", path, headers, body: Array(body.utf8)))
            return try socket.readResponse()
        }
        for client in ["\(Self.id)2", "\(Self.id)9"] {
            let answer = try post("/publish", #"{"client":"\#(client)","message":"\#(Self.message)"}"#, authorization)
            #expect(answer.status < 300)
        }
        var refused: [(String, String)] = []
        for (path, body) in [
            ("/publish", #"{"client":"\#(Self.id)","message":"\#(Self.message)"#),
            ("/publish", #"{"client":"\#(Self.id)/","message":"\#(Self.message)"}"#),
            ("/subscribe", #"{"op":"\#(Self.message)","client":"x","channel":1}"#),
            ("/publish", #"{"\#(Self.message)":1,"\#(Self.message)":1}"#),
            ("/\(Self.message)", "{}"), ("/channels/\(Self.message)%ZZ", ""),
        ] {
            for headers in [authorization, ["Authorization: Bearer \(Self.key)x"], []] {
                let answer = try post(path, body, headers)
                #expect(answer.status >= 400, "\(body)")
                refused.append(("an answer to \(path) \(body)", answer.body))
            }
        }
        return refused
    }
    /// What is no request, on every port.
    private func mistakes(_ appliance: Appliance) throws -> [(String, String)] {
        var answers: [(String, String)] = []
        for port in [appliance.clientPort(0), appliance.appPort, appliance.linkPort, appliance.operatorPort] {
            for text in [
                "\(Self.message) /\(Self.id).json?token=\(Self.token) nothing\r\n\r\n",
                "GET /\(Self.message) HTTP/1.1\r\nHost: x\r\n\(Self.cookie) no colon\r\n\r\n",
                "{\"op\":\"\(Self.message)\"\n",
            ] {
                let socket = try Socket(port: port)
                try socket.send(text)
                socket.endSending()
                answers.append(("an answer of port \(port)", (try? socket.readToEnd()) ?? ""))
            }
        }
        sendDatagram(Array(Self.message.utf8), to: appliance.statsPort)
        return answers
    }
    /// All files of the run directory but the app key's.
    private func files(_ folder: String) -> [(String, String)] {
        Folder.names(in: folder).flatMap { name -> [(String, String)] in
            let path = "\(folder)/\(name)"
            var status = stat()
            guard name != "app.key", lstat(path, &status) == 0 else { return [] }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: return files(path)
            case S_IFREG: return [(path, contents(ofFile: path))]
            default: return []
            }
        }
    }
}
