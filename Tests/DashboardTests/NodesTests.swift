import Base
import Dashboard
import Supervision
import Testing
import Watch
import Wire

/// The machines of a cluster, and the engine that they share.
struct NodesTests {
    private static func answer(up: Bool = true) -> NodesAnswer {
        var engine = NodesAnswer.Engine(address: "10.0.0.7:6379", up: up, sinceSeconds: up ? 86_400 : 42)
        engine.why = up ? nil : "no connection to 10.0.0.7:6379: Connection refused"
        engine.role = "master"
        engine.version = "7.0.15"
        engine.memoryBytes = 1_932_735_283
        engine.memoryMaxBytes = 2_147_483_648
        engine.latencyMicroseconds = 412
        engine.latencyMaxMicroseconds = 128_900
        engine.backlogBytes = 20_480
        engine.lagSeconds = 0.004
        engine.appendsPerSecond = 512
        engine.replicas = 1
        let rows: [(String, String, Double, Double)] = [
            ("a", "up", 0.31, 50_210), ("b", "up", 0.9, 49_980), ("c", "late", 4.2, 51_003), ("d", "gone", 754, 9),
        ]
        let nodes = rows.map { name, state, age, clients in
            var node = NodesAnswer.Node(
                node: name, own: name == "b", state: state, ageSeconds: age, version: "1.2.0")
            node.clients = clients
            node.publishesPerSecond = 2100
            node.queued = 17
            node.lagSeconds = 0.004
            node.latencyMicroseconds = 412
            return node
        }
        return NodesAnswer(engine: engine, nodes: nodes)
    }
    private func model(_ answer: NodesAnswer?, age: Double = 0) -> Model {
        var model = Samples.shown
        model.told.nodes = Told.Nodes()
        if let answer { model.told.nodes.take(answer, time: model.now - UInt64(age * 1e9)) }
        return model
    }
    private func text(
        _ model: Model, _ size: Size = Size(100, 24), filter: String = "", isUTF8: Bool = false
    ) -> String {
        var session = Session()
        session.screen = .nodes
        session.filter = Filter(filter)
        return Views.draw(model, session, size, Capabilities(isUTF8: isUTF8)).text
    }

    @Test(arguments: GoldenTests.sizes.dropFirst()) func theCluster_isDrawnAsItWas(_ size: Size) throws {
        let name = "\(size.width)x\(size.height)"
        try Golden.compare("cluster-\(name)", text(model(Self.answer()), size))
        try Golden.compare("cluster-away-\(name)", text(model(Self.answer(up: false)), size))
        try Golden.compare("cluster-none-\(name)", text(model(NodesAnswer()), size))
    }

    @Test func oneMachine_saysHowAClusterIsMade() {
        let shown = text(model(NodesAnswer()))
        #expect(shown.contains("ONE MACHINE") && shown.contains("[cluster]") && shown.contains("name = \"a\""))
        #expect(!shown.contains("STATE"))
    }
    @Test func oneMachine_isNotCutAt80Columns() {
        for width in [72, 80, 100] {
            let shown = text(model(NodesAnswer()), Size(width, 24))
            #expect(!shown.split(separator: "\n").dropFirst(4).contains { $0.contains("..") }, "\(shown)")
        }
    }
    @Test func whatIsNotKnown_isADash() {
        var engine = NodesAnswer.Engine(address: "10.0.0.7:6379", up: false, sinceSeconds: 3)
        engine.why = "no connection to 10.0.0.7:6379: Connection refused"
        var node = NodesAnswer.Node(node: "a", own: true, state: "up", ageSeconds: 0.1, version: "1.2.0")
        node.latencyMicroseconds = nil
        let shown = text(model(NodesAnswer(engine: engine, nodes: [node])))
        #expect(shown.contains("memory -  appends 0/s  each - most -  "), "\(shown)")
        #expect(shown.split(separator: "\n").contains { $0.hasPrefix(">a *") && $0.hasSuffix("       -") }, "\(shown)")
        #expect(!shown.contains("no bound"))
    }
    @Test func whyThereIsNothing_isSaid() {
        #expect(text(model(nil)).contains("asking the manager ..."))
        var refused = model(nil)
        refused.take(#"{"error":{"code":"no_such_path","message":"here are /publish"}}"#, to: .nodes, time: 1)
        #expect(text(refused).contains("the manager says: here are /publish"))
        refused.miss(.nodes, why: "127.0.0.1:9001: Connection refused")
        #expect(text(refused).contains("127.0.0.1:9001: Connection refused"))
        var replayed = model(nil)
        replayed.link = .replay(isOver: false)
        #expect(text(replayed).contains("the recording has none yet"))
        #expect(text(model(NodesAnswer(engine: Self.answer().engine))).contains("no machine has spoken yet"))
    }
    @Test func theAnswerOfTheManager_isTaken() {
        var model = model(nil)
        model.take(JSONLine.text(Self.answer()), to: .nodes, time: model.now)
        #expect(model.told.nodes.answer == Self.answer())
        #expect(Question(name: Question.nodes.name) == .nodes && Question.nodes.target == "/nodes")
    }
    @Test func theFilter_choosesMachines() {
        func names(_ filter: String) -> [String] {
            var session = Session()
            session.filter = Filter(filter)
            return Views.shownNodes(model(Self.answer()), session).map(\.node)
        }
        #expect(names("") == ["a", "b", "c", "d"])
        #expect(names("state=gone") == ["d"] && names("clients>50k") == ["a", "c"] && names("!up") == ["c", "d"])
        #expect(text(model(Self.answer()), filter: "name=z").contains("no machine matches the filter"))
    }
    /// Names and reasons come from other machines.
    @Test func whatOthersSay_isNoTerminalCode() {
        var answer = Self.answer(up: false)
        answer.engine?.why = "a\u{1B}[31mred\nline"
        answer.engine?.address = "redis://\u{7}h"
        answer.nodes[0].node = "\u{1B}]0;x"
        answer.nodes[0].version = "\u{9B}1m"
        let shown = text(model(answer), isUTF8: true)
        #expect(!shown.contains("\u{1B}") && !shown.contains("\u{7}") && !shown.contains("\u{9B}"))
    }
    @Test func theCursor_goesThroughTheMachines() {
        let model = model(Self.answer())
        var session = Session()
        session.screen = .nodes
        let handler = KeyHandler(model, Size(80, 24))
        for _ in 0..<9 { _ = handler.handle(.down, &session) }
        #expect(session.cursor == .line(3))
        let effects = handler.handle(.character("C"), &session)
        #expect("\(effects)".contains("\\\"node\\\":\\\"d\\\""), "\(effects)")
        _ = handler.handle(.enter, &session)
        #expect(session.overlay == nil)
    }
}
