import Base
import Stats
import Supervision
import Testing
import Watch

@testable import Dashboard

/// Several machines on one screen.
struct HostsTests {
    /// One with an incident, a small healthy one, one whose ssh has ended, and one that was never reached.
    private static let models: [Model] = {
        var (incident, healthy, lost, unseen) = (
            Samples.shown, Samples.incident(workers: 2), Samples.shownLost, Model()
        )
        func name(_ model: inout Model, _ name: String) {
            model.server.remote = name
            model.server.host = name
        }
        name(&incident, "push1")
        name(&healthy, "ops@push2")
        name(&lost, "push3")
        name(&unseen, "push4")
        healthy.told.alerts = []
        lost.link = .lost(since: lost.now - 12 * Samples.second, reason: "Connection reset by peer (exit 255)")
        (lost.server.retry, unseen.now) = ("in 3.2s", 9 * Samples.second)
        unseen.link = .lost(since: 0, reason: "ssh: connect to host push4 port 22: Connection refused (exit 255)")
        return [incident, healthy, lost, unseen]
    }()
    private var started: Session {
        var session = Session()
        session.cursor = .line(0)
        return session
    }
    private func draw(_ session: Session, _ size: Size, _ models: [Model] = HostsTests.models) -> Grid {
        Views.drawHosts(models, session, wall: Samples.wall, size, Capabilities())
    }
    /// The names of the rows from the top.
    private func names(_ session: Session) -> [String] {
        HostTable(HostsTests.models, session, Capabilities()).shown.map(\.name)
    }

    @Test(arguments: [Size(20, 4), Size(40, 12), Size(80, 24), Size(120, 40)])
    func rowsAndAlerts_areAsTheyWere(_ size: Size) throws {
        try Golden.compare("hosts-\(size.width)x\(size.height)", draw(started, size).text)
    }
    @Test func aMachineThatIsLost_isAsItWas() throws {
        var session = Session()
        session.isOneOfSeveral = true
        let grid = Views.draw(HostsTests.models[2], session, Size(80, 24), Capabilities())
        try Golden.compare("host-lost-80x24", grid.text)
    }
    @Test func everySize_fits() {
        for width in stride(from: 1, to: 200, by: 7) {
            for height in stride(from: 1, to: 60, by: 3) {
                let lines = draw(started, Size(width, height)).lines
                #expect(lines.count == height && lines.allSatisfy { $0.count <= width })
            }
        }
    }
    @Test func valuesOfALostMachine_areOld_andUnknownIsNeverZero() {
        let rows = HostTable(HostsTests.models, started, Capabilities()).rows
        for column in HostColumn.all where !["state", "age"].contains(column.id) {
            let lost = column.cell(rows[2].context).text, unseen = column.cell(rows[3].context).text
            #expect(lost.hasSuffix("~") || lost == "?" || lost == "-", "\(column.id): \(lost)")
            #expect(unseen == "?", "\(column.id): \(unseen)")
        }
        #expect(HostColumn.named("ready")?.cell(rows[2].context).text == "6/8~", "as it was last seen")
        #expect(rows.map { HostState($0.context.model) } == [.act, .ok, .lost, .lost])
    }
    @Test func alerts_areThoseOfAllMachines_theWorstFirst() {
        let alerts = HostTable(HostsTests.models, started, Capabilities()).alerts
        let criticals = alerts.map(\.alert.isCritical)
        #expect(criticals == criticals.sorted { $0 && !$1 } && criticals.first == true)
        #expect(alerts.contains { $0.host == "push3" && $0.alert.sentence.hasPrefix("LOST 0:12: Connection reset") })
        #expect(alerts.contains { $0.host == "push1" && $0.alert.sentence.hasPrefix("w5 is down: BACKOFF") })
        // A filter hides rows, and no alert.
        var session = started
        session.filter = Filter("push2")
        #expect(HostTable(HostsTests.models, session, Capabilities()).alerts == alerts)
    }
    @Test func keys_sortFilterAndOpen() {
        var session = started
        let handler = HostsHandler(HostsTests.models, Size(80, 24))
        #expect(handler.handle(.enter, &session) == [.openHost(0, nil)])
        _ = handler.handle(.down, &session)
        #expect(handler.handle(.character("5"), &session) == [.openHost(1, .events)])
        _ = handler.handle(.character("G"), &session)
        #expect(session.cursor == .line(3))
        // By the state, the worst first; the cursor stays with its machine.
        _ = handler.handle(.character(">"), &session)
        #expect(names(session) == ["push1", "push3", "push4", "ops@push2"])
        #expect(handler.handle(.enter, &session) == [.openHost(3, nil)])
        _ = handler.handle(.character("I"), &session)
        #expect(names(session).first == "ops@push2")
        for key in "/state=lost" { _ = handler.handle(.character(key), &session) }
        _ = handler.handle(.enter, &session)
        #expect(names(session) == ["push3", "push4"])
        _ = handler.handle(.escape, &session)
        #expect(names(session).count == 4)
        for key in "/conns>1k" { _ = handler.handle(.character(key), &session) }
        #expect(names(session).contains("push1") && !names(session).contains("push4"))
        _ = handler.handle(.escape, &session)
        #expect(handler.handle(.character("q"), &session) == [.quit])
        #expect(handler.handle(.character(" "), &session) == [.retry])
        // No order has a meaning here.
        for key in "ARDSUKXPH" { #expect(handler.handle(.character(key), &session).isEmpty) }
        #expect(handler.click(.column("conns"), &session).isEmpty && session.hostSort.column == "conns")
        #expect(handler.click(.row(.line(2)), &session).isEmpty)
        #expect(handler.click(.row(.line(2)), &session) == [.openHost(2, nil)])
    }
    @Test func anotherMachine_isOnlyLookedAt() {
        var model = HostsTests.models[0]
        var session = Session()
        let handler = KeyHandler(model, Size(80, 24))
        _ = handler.handle(.character("A"), &session)
        for key in "RDSUKXPH" {
            #expect(handler.handle(.character(key), &session).isEmpty && session.overlay == nil)
            #expect(session.toast?.contains("ssh -t push1 megatop") == true)
        }
        #expect(handler.handle(.character("0"), &session) == [.hosts])
        // Also while it is lost: U would start a supervisor here.
        model.link = .lost(since: 0, reason: "gone")
        #expect(KeyHandler(model, Size(80, 24)).handle(.character("U"), &session).isEmpty && session.overlay == nil)
    }
    @Test func hostileNamesAndReasons_areNotObeyed() {
        let evil = "\u{1B}[2J\u{9B}31m\u{202E}\nforged"
        var model = HostsTests.models[0]
        model.server.host = evil
        model.link = .lost(since: .max, reason: evil)
        let models = [model, HostsTests.models[1]]
        var text = draw(started, Size(120, 30), models).text
        let table = HostTable(models, started, Capabilities())
        for format in [Options.Format.text, .json, .csv] { text += HostsText.sample(table, format, isFirst: true) }
        text += HostsText.check(table).0
        #expect(text.contains("forged"))
        #expect(!text.unicodeScalars.contains { $0.isObeyed && $0 != "\n" })
        #expect(!text.split(separator: "\n").contains { $0.hasPrefix("forged") })
    }
    @Test func check_hasALineForEach_andTheWorstCode() {
        func check(_ at: Int...) -> (String, Int32) {
            HostsText.check(HostTable(at.map { HostsTests.models[$0] }, Session(), Capabilities()))
        }
        #expect(check(1).1 == 0 && check(1, 3).1 == 3 && check(1, 3, 0).1 == 2)
        let lines = check(1, 3, 0).0.split(separator: "\n")
        #expect(lines.count == 4 && lines[0].hasPrefix("CRITICAL 3 hosts: 1 CRITICAL, 1 UNKNOWN, 1 OK | "))
        #expect(lines[1].hasPrefix("push1: CRITICAL") && lines[2].hasPrefix("push4: UNKNOWN LOST"))
        #expect(lines[0].contains(" ops@push2_conns=") && lines.allSatisfy { $0.count { $0 == "|" } <= 1 })
    }
}
