import Crypto
import FreePorts
import Glibc
import TestSupport
import Testing
import Tokens

/// Machines of a cluster whose clocks differ by an hour.
@Suite(.serialized) struct ClusterClockTests {
    private static let secondsAhead = 3600

    /// Seconds since midnight (UTC) at the beginning of a line of the log.
    private static func secondOfDay(_ line: Substring) -> Int? {
        guard let start = line.firstIndex(of: "T") else { return nil }
        let parts = line[start...].dropFirst().prefix(8).split(separator: ":").compactMap { Int($0) }
        return parts.count == 3 ? parts[0] * 3600 + parts[1] * 60 + parts[2] : nil
    }
    /// The processes of a machine have a clock that is ahead.
    private static func expectAhead(_ appliance: Appliance) throws {
        let lines = try #require(appliance.supervisor).output.split(separator: "\n")
        let first = try #require(lines.first.flatMap(secondOfDay))
        let ahead = (first - time(nil) % 86_400 + 86_400) % 86_400
        #expect(ahead > secondsAhead - 600 && ahead <= secondsAhead, "\(lines.first ?? "")")
        for process in try appliance.status().processes {
            #expect(contents(ofFile: "/proc/\(process.pid)/maps").contains("libfaketime"), "\(process.name)")
        }
    }

    /// Messages of the traffic live for ten minutes.
    @Test func clocksAnHourApart_areNoticedByNobody() throws {
        let clock = try FalseClock(secondsAhead: Self.secondsAhead)
        let cluster = try ClusterFixture(RedisServer(), environment: [0: clock.environment])
        let traffic = cluster.traffic
        try Self.expectAhead(cluster.appliances[0])
        try traffic.begin()
        try traffic.run(answers: 100)
        #expect(traffic.refusals == [[:], [:]] && traffic.clientCuts + traffic.cuts == 0, "\(traffic)")
        let newest = try #require(traffic.answered.values.max())
        #expect(newest / 1_000_000 < time(nil) + Self.secondsAhead / 2, "ids are made by the clock of Redis")
        // Each of them takes up what the manager before it left.
        for appliance in cluster.appliances {
            end(try appliance.pid("manager"), with: SIGKILL)
            try traffic.run(answers: 50)
        }
        for appliance in cluster.appliances {
            try traffic.run(until: "both know that both are up", every: 0.1) {
                let nodes = try? HTTP.request("GET", "/nodes", port: appliance.appPort).json()["nodes"]?.array
                return nodes?.map { $0["state"]?.string } == ["up", "up"]
            }
        }
        try cluster.expectNothingLost()
    }

    /// A token is judged by the clock of the machine that its client comes to, and a revocation by that of Redis.
    @Test func tokens_areJudgedByTheMachine_andRevocationsByRedis() throws {
        let folder = try Folder()
        let set = try Program.run("megacomet", ["keys", "new"], in: folder).output
        let ring = try Keyring([("test", Array(set.utf8))])
        let keys = try folder.write("keys.json", set)
        let clock = try FalseClock(secondsAhead: Self.secondsAhead)
        let cluster = try ClusterFixture(
            RedisServer(), clients: [], ["tokens": "keys = [\"\(keys)\"]\nrequired = true"],
            environment: [0: clock.environment])
        try cluster.waitUntilJoined()
        let (ahead, right) = (cluster.appliances[0], cluster.appliances[1])
        let now = UInt64(time(nil))
        func start(_ appliance: Appliance, issuedAt: UInt64, expires: UInt64) throws -> Socket {
            let writer = TokenWriter(subject: "ann", issuedAt: issuedAt, expires: expires)
            let token = String(decoding: try #require(writer.token(ring.keys[0]) { ring.sign(0, $0) }), as: UTF8.self)
            let socket = try Socket(port: appliance.clientPort(0))
            try socket.send(HTTP.text("GET", "/ann:1.events?cursor=0&token=\(token)"))
            return socket
        }
        let short = now + UInt64(Self.secondsAhead) / 2
        _ = try start(ahead, issuedAt: now - 100, expires: short).readUntil("token_expired")
        let held = try start(right, issuedAt: now - 100, expires: short)
        _ = try held.readUntil("event:hello")

        let long = now + 4 * UInt64(Self.secondsAhead)
        let body = #"{"user":"ann","revoke":true}"#
        #expect(try HTTP.request("POST", "/disconnect", port: ahead.appPort, body: body).status == 200)
        _ = try held.readUntil("token_revoked")
        // A login a little later: within the leeway of tokens that were made by a clock that is ahead.
        let later = UInt64(time(nil)) + 2
        for appliance in [ahead, right] {
            _ = try start(appliance, issuedAt: now - 100, expires: long).readUntil("token_revoked")
            _ = try start(appliance, issuedAt: later, expires: long).readUntil("event:hello")
        }
    }
}
