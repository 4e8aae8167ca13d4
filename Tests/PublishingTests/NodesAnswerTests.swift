import Comet
import Testing
import Wire

@testable import Publishing

@Suite struct NodesAnswerTests {
    private func look() -> NodesAnswer {
        var engine = NodesAnswer.Engine(address: "10.0.0.7:6379", up: true, sinceSeconds: 3600)
        engine.role = "master"
        engine.version = "7.0.15"
        engine.memoryBytes = 2048
        engine.memoryMaxBytes = 4096
        engine.latencyMicroseconds = 412
        engine.latencyMaxMicroseconds = 1890
        engine.backlogBytes = 7
        engine.lagSeconds = 0.004
        engine.appendsPerSecond = 512
        engine.replicas = 1
        var own = NodesAnswer.Node(node: "a", own: true, state: "up", ageSeconds: 0.31, version: "1.2.0")
        own.clients = 50210
        own.publishesPerSecond = 2100
        own.queued = 17
        own.lagSeconds = 0.004
        own.latencyMicroseconds = 412
        let other = NodesAnswer.Node(node: "b", own: false, state: "gone", ageSeconds: 12, version: "")
        return NodesAnswer(engine: engine, nodes: [own, other])
    }

    @Test func oneMachine_saysSo() {
        let got = answer(App().send(App.get("/nodes")))
        #expect(got.status == 200 && got.body == #"{"engine":null,"nodes":[]}"#)
    }
    @Test func theClusterIsTold_asOfNow() {
        let app = App()
        app.port.cluster = (look(), 9_000_000)
        app.now = 9_000_690
        #expect(
            answer(app.send(App.get("/nodes"))).body
                == #"{"engine":{"address":"10.0.0.7:6379","up":true,"since_seconds":3600.690,"why":null,"#
                + #""role":"master","version":"7.0.15","memory_bytes":2048,"memory_max_bytes":4096,"latency_us":412,"#
                + #""latency_max_us":1890,"backlog_bytes":7,"lag_seconds":0.004,"appends_per_second":512,"replicas":1},"#
                + #""nodes":[{"node":"a","own":true,"state":"up","age_seconds":1.000,"version":"1.2.0","clients":50210,"#
                + #""publishes_per_second":2100,"queued":17,"lag_seconds":0.004,"latency_us":412},"#
                + #"{"node":"b","own":false,"state":"gone","age_seconds":12.690,"version":"","clients":0,"#
                + #""publishes_per_second":0,"queued":0,"lag_seconds":0.000,"latency_us":null}]}"#)
    }
    @Test func anEngineThatIsAway_saysWhy_andWhatIsNotKnownIsNull() {
        var look = look()
        look.engine = NodesAnswer.Engine(address: "10.0.0.7:6379", up: false, sinceSeconds: 0)
        look.engine?.why = "no connection to 10.0.0.7:6379: Connection refused"
        let app = App()
        app.port.cluster = (look, 9_000_000)
        app.now = 9_000_000
        let body = answer(app.send(App.get("/nodes"))).body
        #expect(body.contains(#""up":false,"since_seconds":0.000,"why":"no connection to 10.0.0.7:6379: Connection "#))
        #expect(body.contains(#""latency_us":null,"latency_max_us":null,"backlog_bytes":0,"#))
        #expect(body.contains(#""role":null,"version":null,"memory_bytes":null,"memory_max_bytes":null,"#))
    }

    @Test func summaries_areReadBack_andThoseOfOtherVersionsToo() {
        var summary = NodeSummary()
        summary.version = "1.2.0"
        summary.clients = 1_000_000
        summary.publishesPerSecond = 3
        summary.queued = .max
        summary.lagMilliseconds = 5
        summary.latencyMicroseconds = 6
        #expect(NodeSummary("\(summary)") == summary)
        var known = NodeSummary()
        known.version = "9"
        known.queued = 4
        #expect(NodeSummary("version=9 new=1 queued=4 clients=-1 lag= =7 latency") == known)
        #expect(NodeSummary("") == NodeSummary())
        summary.version = "1 clients=9"
        #expect(NodeSummary("\(summary)").clients == 1_000_000)
    }
    @Test func aMachine_isLateAfterThreeSeconds_andGoneWhenItWasGivenUp() {
        #expect(NodeState(silentMilliseconds: 2999, isGone: false) == .up)
        #expect(NodeState(silentMilliseconds: 3000, isGone: false) == .late)
        #expect(NodeState(silentMilliseconds: 60_000, isGone: false) == .late)
        #expect(NodeState(silentMilliseconds: 0, isGone: true) == .gone)
    }
}
