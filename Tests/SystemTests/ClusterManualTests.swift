import FreePorts
import Glibc
import TestSupport
import Testing

/// The blocks of docs/cluster.txt for Redis and its sentinels: the real programs take them as they are written there,
/// with the addresses and ports of this machine, and another Redis takes over when the master dies.
@Suite(.serialized) struct ClusterManualTests {
    private static let folder = String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.endIndex))
    private static let manual = contents(ofFile: folder + "/../../docs/cluster.txt")

    /// The indented lines behind the one that has `words`.
    private static func block(_ words: String) throws -> String {
        let lines = manual.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0.contains(words) })
        let block = lines[(start + 1)...].prefix { $0.hasPrefix("    ") }.map { String($0.dropFirst(4)) }
        #expect(!block.isEmpty)
        return block.joined(separator: "\n") + "\n"
    }

    /// A Redis or a sentinel with a file of its own, in a folder of its own.
    private struct Server {
        let program: Program
        let port: Int
        let folder: Folder
        let isSentinel: Bool

        init(port: Int, _ file: String, master: Int, isSentinel: Bool = false) throws {
            folder = try Folder()
            self.port = port
            self.isSentinel = isSentinel
            let here = file.replacing("192.0.2.10 6379", with: "127.0.0.1 \(master)").replacing(
                "127.0.0.1 192.0.2.10", with: "127.0.0.1"
            ).replacing("192.0.2.10", with: "127.0.0.1").replacing("port 26379\n", with: "")
            let path = try folder.write("redis.conf", here + "port \(port)\ndir \(folder.path)\n")
            program = try Program("/usr/bin/redis-server", [path] + (isSentinel ? ["--sentinel"] : []), in: folder)
            do { try eventually("it answers") { try ask("PING").contains("PONG") } } catch {
                throw Failure("\(error)\n\(program.output)")
            }
        }

        func ask(_ words: String...) throws -> String { try ask(words) }
        func ask(_ words: [String]) throws -> String {
            let login = ["-p", "\(port)", "-a", "a-long-word", "--no-auth-warning"]
            let sentinel = ["-p", "\(port)"]
            return try Program.run("/usr/bin/redis-cli", (isSentinel ? sentinel : login) + words, in: folder).output
        }
    }

    @Test func redisTakesItsBlock() throws {
        let port = try Ports.free()
        let redis = try Server(port: port, Self.block("redis-server; at the end of"), master: port)
        for (key, value) in [
            ("appendonly", "yes"), ("appendfsync", "everysec"), ("save", ""), ("maxmemory", "2147483648"),
            ("maxmemory-policy", "noeviction"), ("requirepass", "a-long-word"),
        ] {
            #expect(try redis.ask("CONFIG", "GET", key) == "\(key)\n\(value)\n")
        }
        let stranger = try Program.run("/usr/bin/redis-cli", ["-p", "\(port)", "PING"], in: redis.folder)
        #expect(stranger.output.contains("NOAUTH"))
    }

    /// The user of the manual has all rights that a machine needs. A right that is missing is named.
    @Test func userOfItsOwn_mayDoWhatIsNeeded_andNothingElse() throws {
        let port = try Ports.free()
        let redis = try Server(port: port, Self.block("redis-server; at the end of"), master: port)
        let login = "redis-cli -p \(port) -a a-long-word --no-auth-warning "
        let script = "set -e\n" + (try Self.block("a user for MegaComet alone")).replacing("redis-cli ", with: login)
        let (end, output) = try Program.run("/bin/sh", ["-c", script], in: redis.folder)
        #expect(end == .exited(0) && output == "OK\nOK\nOK\nOK\n", "\(output)")

        let address = try #require(Self.manual.firstMatch(of: /\((redis:\/\/megacomet:[^)]*)\)/)?.output.1)
        let here = address.replacing("192.0.2.10:6379", with: "127.0.0.1:\(port)")
        let appliance = try Appliance(workers: 1, ["cluster": "name = \"a\"\nredis = \"\(here)\""])
        func publish() throws -> Response { try appliance.app.post(Publisher.body("c1", json: "1")) }
        try eventually("a publish is taken") { try publish().status == 202 }
        let poller = appliance.poller("c1", cursor: 0)
        #expect(try poller.collect(1).map(\.data.int) == [1])

        // Commands of scripts that are seldom needed, or only at another server.
        let scripts = ["append", "give", "join", "keeper", "trim"].map {
            contents(ofFile: "\(Self.folder)/../../Sources/Engine/Scripts/\($0).lua")
        }
        let commands = Set(scripts.joined().matches(of: /redis.call\('([A-Z]+)'/).map { String($0.output.1) })
        #expect(commands.count > 8)
        let arguments = [
            "TIME": [], "SET": ["x"], "HSET": ["x", "y"], "HGET": ["x"], "HMGET": ["x"], "HDEL": ["x"],
            "PEXPIRE": ["1"],
            "XADD": ["*", "x", "y"], "XRANGE": ["-", "+"], "XREVRANGE": ["+", "-"], "XTRIM": ["MINID", "1"],
        ]
        func may(_ command: String, _ key: String) throws -> Bool {
            let words = [command] + (command == "TIME" ? [] : [key]) + (arguments[command] ?? [])
            return try redis.ask(["ACL", "DRYRUN", "megacomet"] + words) == "OK\n"
        }
        for command in commands {
            #expect(try may(command, "megacomet:log"), "\(command)")
            #expect(try command == "TIME" || !may(command, "other"), "\(command)")
        }
        for command in ["FLUSHALL", "CONFIG", "KEYS"] { #expect(try !may(command, "megacomet:log"), "\(command)") }

        for right in ["xread", "xadd"] {
            _ = try redis.ask("ACL", "SETUSER", "megacomet", "-" + right)
            let words = "may not do what MegaComet needs"
            let response = try eventually("the right that is missing is named: \(right)", seconds: 60) {
                let response = try publish()
                return response.body.contains(words) ? response : nil
            }
            #expect(response.status == 503 && response.errorCode == "engine", "\(response.body)")
            if right == "xread" { #expect(response.body.contains("'\(right)'"), "\(response.body)") }
            try eventually("an event says so") { try appliance.events().contains(words) }
            _ = try redis.ask("ACL", "SETUSER", "megacomet", "+" + right)
            try eventually("publishes are taken again", seconds: 60) { try publish().status < 300 }
        }
    }

    @Test func threeSentinels_nameTheReplica_whenTheMasterDies() throws {
        let first = try Ports.free(5)
        let common = try Self.block("redis-server; at the end of") + Self.block("redis.conf of both")
        let master = try Server(port: first, common, master: first)
        let replica = try Server(
            port: first + 1, common + Self.block("the replica has this line"), master: first)
        try eventually("the replica is up to date") {
            try master.ask("WAIT", "1", "100") == "1\n"
        }
        let file = try Self.block("sentinel.conf of all three")
        let sentinels = try (2..<5).map {
            try Server(port: first + $0, file, master: first, isSentinel: true)
        }
        for sentinel in sentinels {
            try eventually("a sentinel knows the others and the replica", seconds: 60) {
                let quorum = try sentinel.ask("SENTINEL", "CKQUORUM", "megacomet").contains("OK 3 usable")
                let replicas = try sentinel.ask("SENTINEL", "REPLICAS", "megacomet").contains("\(first + 1)")
                return quorum && replicas
            }
        }
        master.program.kill()
        try eventually("all sentinels name the replica", seconds: 120) {
            let named = try sentinels.map { try $0.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "megacomet") }
            return named.allSatisfy { $0 == "127.0.0.1\n\(first + 1)\n" }
        }
        try eventually("it is a master") { try replica.ask("ROLE").hasPrefix("master\n") }
    }
}
