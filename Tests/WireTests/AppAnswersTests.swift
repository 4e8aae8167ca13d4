import Base
import Foundation
import Testing
import Wire

/// The same types decode what was written without Foundation.
@Suite struct AppAnswersTests {
    private func decoded<Answer: Decodable>(_ type: Answer.Type, _ write: (inout Buffer) -> Void) throws -> Answer {
        try JSONDecoder().decode(type, from: Data(AnswerTests.written(write).utf8))
    }

    @Test func clients() throws {
        let answer = ClientsAnswer(clients: [
            .init(client: "a\"\\é\n", worker: 3, queued: 100, bytes: 46_080, oldestSeconds: 47),
            .init(client: "c2", worker: nil, queued: 1, bytes: 9_007_199_254_740_991, oldestSeconds: 0),
        ])
        #expect(try decoded(ClientsAnswer.self, answer.write) == answer)
        #expect(AnswerTests.written(ClientsAnswer(clients: []).write) == #"{"clients":[]}"#)
        let ofUser = ClientsAnswer(
            clients: [.init(client: "42:a", connected: true, worker: 1, queued: 0, bytes: 0, oldestSeconds: 0)],
            user: "42", count: 7, connected: 3)
        #expect(try decoded(ClientsAnswer.self, ofUser.write) == ofUser)
    }
    @Test func oneClient() throws {
        for worker in [nil, 0, 1023] {
            let answer = ClientAnswer(
                client: "c1", connected: worker != nil, worker: worker, queued: 7, channels: ["a", "b\"/"])
            #expect(try decoded(ClientAnswer.self, answer.write) == answer)
        }
        var look = ClientAnswer(client: "c1", connected: true, worker: 0, queued: 2, channels: [])
        (look.known, look.form, look.behind, look.bytes) = (true, "stream", true, 12)
        #expect(try decoded(ClientAnswer.self, look.write) == look)
        (look.oldestSeconds, look.expiresSeconds, look.revokedUntil) = (3, 57, 1_795_442_551)
        #expect(try decoded(ClientAnswer.self, look.write) == look)
    }
    @Test func channels() throws {
        let answer = ChannelsAnswer(
            channels: [.init(channel: "a\"\\é", subscribers: 826, connected: 812, messages: 5, bytes: 320)], count: 31,
            subscriptions: 9120)
        #expect(try decoded(ChannelsAnswer.self, answer.write) == answer)
    }
    @Test func apps() throws {
        let answer = AppsAnswer(
            apps: [
                .init(
                    peer: "10.0.1.5:51022", form: "lines", connectedSeconds: 259_200.125, publishes: 81_000,
                    bytes: 4_374_000, errors: 1, idleSeconds: 0.004, backlogBytes: 0),
                .init(
                    peer: "[::1]:2", form: nil, connectedSeconds: 0.1, publishes: 0, bytes: 0, errors: 0,
                    idleSeconds: 4_294_967.295, backlogBytes: 1_048_576),
            ], more: 914)
        var told = try decoded(AppsAnswer.self, answer.write)
        #expect(told.apps.map(\.rights) == [[], []])
        for at in told.apps.indices { told.apps[at].rights = nil }
        #expect(told == answer)
        var full = answer
        (full.apps[0].number, full.apps[0].name, full.apps[0].events) = (17, "jobs \"é", 3)
        (full.apps[0].rights, full.apps[0].stalledSeconds) = (["publish", "read"], 1.25)
        full.apps[0].refusal = .init(code: "bad_ttl", message: "a \"b\"", secondsAgo: 61.5)
        full.apps[1].rights = []
        #expect(try decoded(AppsAnswer.self, full.write) == full)
        // Recordings of earlier releases have none of this.
        let old =
            #"{"apps":[{"peer":"a:1","connected_seconds":1,"publishes":0,"bytes":0,"errors":0,"#
            + #""idle_seconds":0,"backlog_bytes":0}],"more":0}"#
        let row = try JSONDecoder().decode(AppsAnswer.self, from: Data(old.utf8)).apps[0]
        #expect(row.number == nil && row.name == nil && row.refusal == nil && row.rights == nil)
    }
    @Test func refusal() throws {
        let answer = try decoded(AppErrorAnswer.self) { out in
            out.append("{\"error\":")
            Answer.appendError("bad_most", "most is a whole number from 1 to 100", to: &out)
            out.append("}")
        }
        #expect(answer.error.code == "bad_most" && answer.error.message?.hasPrefix("most is") == true)
    }
}
