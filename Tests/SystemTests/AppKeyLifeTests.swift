import Glibc
import TestSupport
import Testing

/// Several apps with keys of their own, over the life of an appliance.
@Suite(.serialized) struct AppKeyLifeTests {
    private static let shop = "shop-0123456789abcdef", watch = "watch-0123456789abcdef"
    private static let old = "old-0123456789abcdef", new = "new-0123456789abcdef"
    private let folder: Folder
    init() throws { folder = try Folder() }

    /// The key of release 1 in a file, a key that may publish, and one that may read, in a file.
    private func appliance() throws -> Appliance {
        var settings = SupervisionDeathTests.quick
        let old = try folder.write("old.key", Self.old + "\n")
        let watch = try folder.write("watch.key", Self.watch + "\n")
        settings["app"] = """
            key_file = "\(old)"
            \(table("shop", "key = \"\(Self.shop)\"", ["publish", "subscribe"]))
            \(table("watch", "key_file = \"\(watch)\"", ["read"]))
            """
        settings["queue"] = "max_per_client = 1000000"
        return try Appliance(workers: 1, settings)
    }
    private func table(_ name: String, _ key: String, _ rights: [String]) -> String {
        "[[app.keys]]\nname = \"\(name)\"\n\(key)\nmay = [\(rights.map(quoted).joined(separator: ", "))]"
    }
    private func change(_ appliance: Appliance, _ old: String, _ new: String) throws {
        let text = contents(ofFile: appliance.configuration)
        try #require(text.contains(old))
        _ = try appliance.folder.write("megacomet.toml", text.replacing(old, with: new))
    }
    private func ask(
        _ appliance: Appliance, _ key: String?, _ method: String, _ path: String, _ body: String = ""
    ) throws -> Response {
        let header = key.map { ["Authorization: Bearer \($0)"] } ?? []
        return try HTTP.request(method, path, port: appliance.appPort, header, body: body)
    }

    @Test func eachKey_mayDoWhatItsRightsSay() throws {
        let appliance = try appliance()
        let requests: [(right: String, method: String, path: String, body: String)] = [
            ("publish", "POST", "/publish", #"{"client":"c1","message":1}"#),
            ("subscribe", "POST", "/subscribe", #"{"client":"c1","channel":"r"}"#),
            ("subscribe", "POST", "/unsubscribe", #"{"client":"c1","channel":"r"}"#),
            ("disconnect", "POST", "/disconnect", #"{"client":"c1"}"#),
            ("read", "POST", "/clients", #"{"clients":["c1"]}"#), ("read", "GET", "/clients", ""),
            ("read", "GET", "/clients/c1", ""), ("read", "GET", "/channels/r", ""), ("read", "GET", "/apps", ""),
            ("read", "GET", "/stats", ""), ("read", "GET", "/cursor", ""),
        ]
        let keys: [(key: String, rights: [String])] = [
            (Self.old, ["publish", "subscribe", "disconnect", "read"]), (Self.shop, ["publish", "subscribe"]),
            (Self.watch, ["read"]),
        ]
        for (right, method, path, body) in requests {
            for (key, rights) in keys {
                let answer = try ask(appliance, key, method, path, body)
                if rights.contains(right) {
                    #expect((200...202).contains(answer.status), "\(key) \(path): \(answer)")
                } else {
                    #expect(answer.status == 403 && answer.errorCode == "right", "\(key) \(path): \(answer)")
                    #expect(answer.body.contains("this key may not \(right)"))
                }
            }
            for wrong in [nil, "", Self.shop + "x", String(Self.shop.dropLast())] {
                let answer = try ask(appliance, wrong, method, path, body)
                #expect(answer.status == 401 && answer.errorCode == "unauthorized", "\(path): \(answer)")
            }
        }

        let lines = try LinePublisher(port: appliance.appPort, key: Self.watch)
        #expect(try lines.publish("c1", "no").errorCode == "right")
        try lines.socket.send("{\"key\":\(quoted(Self.shop))}\n")
        #expect(try lines.publish("c1", "yes").status == "queued", "the connection goes on, with another key")
        try lines.socket.send("{\"op\":\"disconnect\",\"client\":\"c1\"}\n")
        #expect(try lines.socket.readLine().contains("this key may not disconnect"))

        // Commands take a key that allows what they ask. None has all rights once the old one is gone.
        try change(appliance, "key_file = \"\(folder.path)/old.key\"\n", "")
        #expect(try appliance.command("reload").end == .exited(0))
        try eventually("the old key is refused") { try ask(appliance, Self.old, "GET", "/stats").status == 401 }
        #expect(try appliance.command("publish", "c1", "hi").end == .exited(0))
        #expect(try appliance.command("apps").end == .exited(0))
        try change(appliance, "[\"read\"]", "[\"disconnect\"]")
        #expect(try appliance.command("reload").end == .exited(0))
        let refused = try appliance.command("apps")
        #expect(refused.end == .exited(77) && refused.output.contains("no key of app.keys may read"), "\(refused)")
    }

    /// The old and the new key have one name for a while. The manager is not restarted, and no message is lost.
    @Test func keyThatIsChanged_cutsNobodyWhoPublishes() throws {
        let appliance = try appliance()
        let manager = try appliance.pid("manager")
        let app = try LinePublisher(port: appliance.appPort, key: Self.shop)
        var sent: [String] = []
        /// Publishes until the reload is over, and a while longer.
        func publish(with app: LinePublisher, during reload: () throws -> Program) throws {
            let program = try reload()
            var isOver = false
            while !isOver {
                isOver = !program.isRunning
                for _ in 0..<20 {
                    sent.append("\(sent.count)")
                    let receipt = try app.publish("c1", sent[sent.count - 1])
                    #expect(receipt.errorCode == nil, "\(receipt)")
                }
            }
            #expect(try program.waitForExit() == .exited(0))
        }
        func reload() throws -> Program {
            try Program("megacomet", ["reload", "-c", appliance.configuration], in: appliance.folder)
        }
        let poller = appliance.poller("c1", cursor: 0)
        var got: [String] = []
        func read() throws {
            while got.count < sent.count {
                let answer = try poller.poll()
                try #require(!answer.gap && answer.errorCode == nil)
                got += answer.texts
            }
        }

        let both = table("shop", "key = \"\(Self.new)\"", ["publish", "subscribe"])
        try change(appliance, "[[app.keys]]\nname = \"watch\"", both + "\n[[app.keys]]\nname = \"watch\"")
        try publish(with: app, during: reload)
        try read()
        try eventually("the new key is taken") { try ask(appliance, Self.new, "GET", "/stats").status == 403 }
        let second = try LinePublisher(port: appliance.appPort, key: Self.new)
        #expect(try second.publish("c1", "\(sent.count)").errorCode == nil)
        sent.append("\(sent.count)")

        try change(appliance, table("shop", "key = \"\(Self.shop)\"", ["publish", "subscribe"]) + "\n", "")
        try publish(with: second, during: reload)
        try eventually("the old key is refused") { try ask(appliance, Self.shop, "GET", "/stats").status == 401 }
        #expect(try app.publish("c1", "late").errorCode == "unauthorized", "who has shown it before is refused, too")
        try app.socket.waitForClose()
        #expect(try second.publish("c1", "\(sent.count)").errorCode == nil)
        sent.append("\(sent.count)")
        try read()
        #expect(got.elementsEqual(sent), "in order, and none is lost")
        #expect(try appliance.pid("manager") == manager)
    }

    /// A file that is bad changes nothing, neither by a reload nor by an upgrade.
    @Test func keyFileThatIsBad_keepsTheOldKeys_andIsSaid() throws {
        let appliance = try appliance()
        let supervisor = try #require(appliance.supervisor)
        func expectOldKeys() throws {
            #expect(try ask(appliance, Self.shop, "POST", "/publish", #"{"client":"c1","message":1}"#).status == 202)
            #expect(try ask(appliance, Self.watch, "GET", "/stats").status == 200)
        }
        let file = folder.path + "/watch.key"
        let cases: [(text: String?, fault: String)] = [
            ("short\n", "app.keys[2].key_file: the key in \(file) has 5 bytes"),
            ("", "app.keys[2].key_file: the key in \(file) is empty"),
            (Self.shop, "app.keys[2].key_file: is the same key as that of app.keys[1].key"),
            (nil, "app.keys[2].key_file: \(file): No such file or directory"),
        ]
        for (text, fault) in cases {
            unlink(file)
            if let text { _ = try folder.write("watch.key", text) }
            for command in ["reload", "upgrade", "check"] {
                let refused = try appliance.command(command)
                #expect(refused.end == .exited(78) && refused.output.contains(fault), "\(command): \(refused)")
                #expect(!refused.output.contains(Self.shop))
            }
            #expect(supervisor.output.contains("RELOAD_FAILED"))
            #expect(supervisor.output.contains("UPGRADE_FAILED nothing changed: "))
            try expectOldKeys()
        }
        _ = try folder.write("watch.key", Self.watch)

        // The supervisor can't hand the keys over, so the manager finds no list of keys.
        let list = appliance.folder.path + "/run/app.key"
        #expect(unlink(list) == 0 && mkdir(list, 0o700) == 0)
        try change(appliance, Self.shop, Self.new)
        #expect(try appliance.command("reload").end == .exited(0))
        try eventually("the manager says so") {
            let events = try appliance.events()
            return events.contains("KEYS_BAD") && events.contains("RELOAD app.keys: ")
        }
        try expectOldKeys()
        #expect(rmdir(list) == 0)
        #expect(try appliance.command("reload").end == .exited(0))
        try eventually("the new key is taken") { try ask(appliance, Self.new, "GET", "/stats").status == 403 }
        #expect(try ask(appliance, Self.shop, "GET", "/stats").status == 401)
        try appliance.waitUntilReady()
    }
}
