import Dashboard
import Supervision
import Testing
import Watch
import Wire

/// The list of apps, whose rows are chosen, sorted and filtered, and all about one of them.
struct AppListTests {
    /// One publishes, one is refused, one does not read, and one has no name.
    private static func rows(_ back: Double) -> [AppsAnswer.Row] {
        func row(
            _ number: Double, _ name: String?, _ peer: String, key: String? = nil, perSecond: Double,
            refused: Double = 0, events: Double = 0, backlog: Double = 0, stalled: Double? = nil
        ) -> AppsAnswer.Row {
            let seconds = 1000 - back
            var row = AppsAnswer.Row(
                number: number, name: name, peer: peer, form: key == nil ? "lines" : "http", key: key,
                connectedSeconds: 7300 - back, publishes: perSecond * seconds, bytes: perSecond * 100 * seconds,
                errors: refused * seconds, idleSeconds: stalled ?? 0, backlogBytes: backlog)
            (row.events, row.stalledSeconds, row.rights) = (events * seconds, stalled, ["publish", "read"])
            if refused > 0 {
                row.refusal = .init(code: "queue_full", message: "the queue is full: try again later", secondsAgo: 0.4)
            }
            return row
        }
        return [
            row(17, "jobs", "10.0.1.5:51022", perSecond: 9100),
            row(21, "python-requests/2.31.0", "10.0.1.6:40110", key: "shop", perSecond: 40, refused: 12),
            row(9, "audit", "[2001:db8::1]:40111", perSecond: 0, events: 380, backlog: 1_048_576, stalled: 12),
            row(3, nil, "127.0.0.1:33218", key: "billing", perSecond: 0.5),
        ]
    }
    private static func model() -> Model {
        var model = Samples.shown
        model.told.apps = Told.Apps()
        for back in [4.0, 2, 0] {
            model.told.apps.take(rows(back), more: 3, keys: Samples.keys, time: model.now - UInt64(back * 1e9))
        }
        return model
    }
    private func text(_ overlay: Overlay, _ model: Model = model(), _ size: Size = Size(80, 24)) -> String {
        var session = Session()
        session.overlay = overlay
        return Views.draw(model, session, size, Capabilities()).text
    }
    private func press(_ text: String, _ session: inout Session, _ model: Model = model()) {
        for character in text {
            _ = KeyHandler(model, Size(80, 24)).handle(character == "\n" ? .enter : .character(character), &session)
        }
    }
    private func peers(_ session: Session) -> [String] { Views.shownApps(Self.model(), session).map(\.peer) }

    @Test(arguments: [Size(40, 12), Size(80, 24), Size(140, 36)]) func screens_areAsTheyWere(_ size: Size) throws {
        let place = "\(size.width)x\(size.height)"
        try Golden.compare("apps-\(place)", text(.apps(AppsLook(chosen: "10.0.1.6:40110")), Self.model(), size))
        for (name, peer) in [("refused", "10.0.1.6:40110"), ("stalled", "[2001:db8::1]:40111")] {
            try Golden.compare("app-\(name)-\(place)", text(.app(AppsLook(chosen: peer)), Self.model(), size))
        }
    }
    @Test func everyColumnThatIsNeeded_fitsIn80() {
        let heading = text(.apps(AppsLook())).split(separator: "\n").first { $0.contains("NAME") } ?? ""
        for title in ["NAME", "PEER", "PUB/sv", "REFUSED/s", "LAG"] { #expect(heading.contains(title), "\(heading)") }
        // The backlog of an app is bytes, and not a time.
        #expect(text(.apps(AppsLook())).contains("1.0MB"))
    }
    @Test func aKey_opensThem_andTheCursorStaysWithItsApp() {
        var session = Session()
        session.screen = .delivery
        press("aj", &session)
        #expect(session.overlay == .apps(AppsLook(chosen: "10.0.1.6:40110")))
        press("I", &session)
        #expect(session.overlay == .apps(AppsLook(chosen: "10.0.1.6:40110")))
        press("\n", &session)
        #expect(session.overlay == .app(AppsLook(chosen: "10.0.1.6:40110")) && session.showsApps)
        _ = KeyHandler(Self.model(), Size(80, 24)).handle(.escape, &session)
        #expect(session.overlay == .apps(AppsLook(chosen: "10.0.1.6:40110")))
        press("a", &session)
        #expect(session.overlay == nil)
        // The key means something else on other screens.
        session.screen = .events
        press("a", &session)
        #expect(session.overlay == nil)
    }
    @Test func rows_areSorted_andFiltered() {
        var session = Session()
        session.overlay = .apps(AppsLook())
        #expect(peers(session).first == "10.0.1.5:51022")
        press("s", &session)
        #expect(session.appSort == Sort("refused", descending: true) && peers(session).first == "10.0.1.6:40110")
        press("<<<", &session)
        #expect(session.appSort == Sort("peer", descending: false) && peers(session).first == "10.0.1.5:51022")
        press("/refused/s>1\n", &session)
        #expect(peers(session) == ["10.0.1.6:40110"])
        press("/", &session)
        for _ in "refused/s>1" { _ = KeyHandler(Self.model(), Size(80, 24)).handle(.backspace, &session) }
        press("audit\n", &session)
        #expect(peers(session) == ["[2001:db8::1]:40111"])
    }
    @Test func commands_findAnApp_byItsNumber_itsName_orItsPeer() {
        for (typed, peer) in [
            (":app 17\n", "10.0.1.5:51022"), (":app python\n", "10.0.1.6:40110"),
            (":app [2001\n", "[2001:db8::1]:40111"),
            (":app billing\n", "127.0.0.1:33218"),
        ] {
            var session = Session()
            press(typed, &session)
            #expect(session.overlay == .app(AppsLook(chosen: peer)), "\(typed)")
        }
        var session = Session()
        press(":app nobody\n", &session)
        #expect(session.overlay == .apps(AppsLook()) && session.toast == "no app \"nobody\" among these")
        press(":apps\n", &session)
        #expect(session.overlay == .apps(AppsLook()))
    }
    @Test func oneApp_isToldInWords_withItsLastRefusal() {
        let refused = text(.app(AppsLook(chosen: "10.0.1.6:40110")))
        #expect(refused.contains("IS REFUSED 12.0/s; it publishes 40.0/s"))
        #expect(refused.contains("last refused 0.4s ago: queue_full: the queue is full: try again later"))
        #expect(refused.contains(" MAY    publish, read  by the key shop"))
        let stalled = text(.app(AppsLook(chosen: "[2001:db8::1]:40111")))
        #expect(stalled.contains("DOES NOT READ for 12s: 1.0MB of answers wait for it, so nothing more is taken"))
        #expect(text(.app(AppsLook(chosen: "10.0.1.5:51022"))).contains("Publishes 9.1k/s, nothing of it is refused"))
        #expect(text(.app(AppsLook(chosen: "gone:1"))).contains("this connection has ended"))
    }
    @Test func theProcessAtTheOtherEnd_isLookedForOnce_andShown() {
        var session = Session()
        session.overlay = .apps(AppsLook())
        let handler = KeyHandler(Self.model(), Size(80, 24))
        #expect(handler.handle(.enter, &session) == [.findProcess(peer: "10.0.1.5:51022")])
        session.peerProcess = PeerFound(peer: "10.0.1.5:51022", process: PeerProcess(pid: 77, program: "python3"))
        #expect(Views.draw(Self.model(), session, Size(80, 24), Capabilities()).text.contains("pid 77 python3"))
        session.overlay = .apps(AppsLook())
        #expect(handler.handle(.enter, &session) == [])
        #expect(handler.handle(.tab, &session) == [.findProcess(peer: "10.0.1.6:40110")])
        #expect(!Views.draw(Self.model(), session, Size(80, 24), Capabilities()).text.contains("pid 77"))
    }
    @Test func anOldAnswer_isMarked() {
        var model = Self.model()
        model.now += 7 * Samples.second
        #expect(text(.apps(AppsLook()), model).contains("9.1k~"))
        #expect(text(.app(AppsLook(chosen: "10.0.1.6:40110")), model).contains("IS REFUSED~") == false)
        #expect(text(.app(AppsLook(chosen: "10.0.1.6:40110")), model).contains("12.0~"))
        model.now += 60 * Samples.second
        let row = text(.apps(AppsLook()), model).split(separator: "\n").first { $0.contains("jobs") } ?? ""
        #expect(row.contains(" ? ") && !row.contains("9.1k"))
    }
    @Test func histories_areBounded_andEndWithTheConnection() {
        var apps = Told.Apps()
        for second in 0..<400 {
            apps.take(Self.rows(400 - Double(second)), more: 0, time: UInt64(second))
        }
        #expect(apps.rows.allSatisfy { $0.history.count == Told.Apps.kept })
        // Another connection on the same port is younger, and begins anew.
        var other = Self.rows(0)
        other[0].connectedSeconds = 1
        apps.take(other, more: 0, time: 401)
        #expect(apps.rows[0].history.isEmpty && apps.rows[1].history.count == Told.Apps.kept)
    }
    @Test func hostileNames_moveNoCursor() {
        var model = Samples.shown
        model.take(
            "{\"apps\":[{\"name\":\"a\\u001b[2Jb\\n\",\"peer\":\"x:1\",\"form\":\"lines\",\"connected_seconds\":1,"
                + "\"publishes\":1,\"bytes\":1,\"errors\":0,\"idle_seconds\":0,\"backlog_bytes\":0}],\"more\":0}",
            to: .apps, time: model.now)
        let grid = Views.draw(
            model,
            {
                var it = Session()
                it.overlay = .apps(AppsLook())
                return it
            }(), Size(80, 24), Capabilities())
        #expect(grid.lines.contains { $0.contains(#"a\u001b[2Jb\n"#) })
    }
}
