import Dashboard
import Glibc
import Stats
import Supervision
import TestSupport
import Testing
import Watch

/// The page for a colleague.
struct ReportPageTests {
    private static let capabilities = Capabilities(isUTF8: true)

    private func html(
        _ model: Model = Samples.shown, _ session: Session = Session(), seconds: Double = 600,
        _ change: (inout ReportPage.Gathered) -> Void = { _ in }
    ) -> String {
        var gathered = ReportPage.Gathered()
        gathered.status = "{\"ok\":true,\"ready\":false,\"processes\":[{\"name\":\"manager\"},{\"name\":\"worker-0\"}]}"
        gathered.configuration = "[app]\nkey = \"***\"\n"
        gathered.machine = [
            ("/proc/loadavg", .success("0.5 0.4 0.3 1/400 1\n")),
            ("/proc/pressure/cpu", .failure(ReportPage.Missing(reason: "Permission denied"))),
        ]
        change(&gathered)
        return ReportPage.html(model, session, ReportPageTests.capabilities, seconds: seconds, gathered)
    }
    /// The text of each section by its title.
    private func sections(_ html: String) throws -> [String: String] {
        let page = try Markup(html)
        let titles = page.elements.filter { $0.tag.name == "h2" }, texts = page.elements.filter { $0.tag.name == "pre" }
        try #require(titles.count == texts.count)
        return Dictionary(uniqueKeysWithValues: zip(titles.map(\.text), texts.map(\.text)))
    }
    private func section(_ start: String, _ html: String) throws -> String {
        try #require(try sections(html).first { $0.key.hasPrefix(start) }?.value, "no section \(start)")
    }

    @Test func everySection_isThere() throws {
        let html = html()
        #expect(try section("ALERTS", html).contains(": w5 is down: BACKOFF"))
        #expect(try section("EVENTS", html).contains("E w5 EXIT pid 24417 SIGSEGV after 3.1s"))
        #expect(try section("DOCTOR", html).contains("! net.core.rmem_max  212992  want >= 1048576"))
        #expect(try section("STATUS", html).contains("\n{\"name\":\"worker-0\"}"))
        #expect(try section("CONFIGURATION", html).contains("key = \"***\""))
        #expect(try section("CRASH REPORTS", html).contains("SIGSEGV, core left"))
        #expect(try section("LAST OUTPUT", html).contains("14:02:25 worker 5 ready"))
        #expect(try section("LAST OUTPUT", html).contains("== w4: not had"))
        #expect(try section("MACHINE", html).contains("== /proc/loadavg\n0.5 0.4"))
        #expect(try section("MACHINE", html).contains("/proc/pressure/cpu: not had: Permission denied"))
        #expect(try section("METRICS", html).contains("megacomet_worker_conns_open"))
        for screen in Screen.allCases {
            #expect(try section("SCREEN \(screen.rawValue)", html).contains(screen.title))
        }
    }

    @Test func events_areThoseOfTheSpan() throws {
        #expect(try !section("EVENTS", html()).contains("RELOAD"))
        #expect(try section("EVENTS", html(seconds: 86_400)).contains("RELOAD"))
    }

    @Test func clientIDs_areHashed_unlessTheOperatorShowsThem() {
        var session = Session()
        for isShown in [false, true] {
            session.showsClientIDs = isShown
            session.adminUntil = isShown ? .max : nil
            let html = html(Samples.shown, session)
            #expect(html.contains("alice") == isShown)
            #expect(html.contains("c#") != isShown)
        }
        // Admin mode has ended since.
        session.adminUntil = 1
        #expect(!html(Samples.shown, session).contains("alice"))
    }
    /// An id that was typed may be seen on the screen by the operator, but the report is for others.
    @Test func whatWasTyped_isNotInIt() {
        var session = Session()
        session.overlay = .client(ClientLook(id: "MARKtyped", isTyped: true))
        session.commands = ["client MARKtyped"]
        session.filter = Filter("MARKtyped")
        #expect(!html(Samples.shown, session).contains("MARKtyped"))
    }

    @Test func missingParts_sayWhy() throws {
        var model = Samples.shown
        model.told = Told()
        let html = html(model) {
            $0 = ReportPage.Gathered()
            $0.problem = "no supervisor answers"
        }
        for title in ["DOCTOR", "STATUS", "CRASH REPORTS"] {
            #expect(try section(title, html) == "\nnot had: no supervisor answers\n")
        }
        #expect(try section("CONFIGURATION", html).hasPrefix("\nnot had: "))
        #expect(try section("ALERTS", self.html(Model())) == "\nnone\n")
    }

    @Test func aFlood_isCut_andSaysSo() throws {
        var model = Samples.shown
        let flood = Array(repeating: String(repeating: "<&", count: 4000), count: 20)
        for id in model.processes.keys { model.told.children[id] = Samples.child("", flood) }
        for _ in 0..<20 {
            model.take(Samples.event(time: model.wall, .info, "worker-1", "NOTE", String(repeating: "&", count: 8000)))
        }
        let html = html(model) { gathered in
            gathered.machine = [("/proc/flood", .success(flood.joined(separator: "\n")))]
            gathered.configuration = flood.joined(separator: "\n")
        }
        #expect(html.utf8.count < 8 << 20)
        for title in ["EVENTS", "CONFIGURATION", "LAST OUTPUT", "MACHINE"] {
            #expect(try section(title, html).hasSuffix("cut here: the section is longer than it may be\n"))
        }
    }

    @Test func nothingOfStrangers_isMarkup() throws {
        let hostile = "</pre><script>alert(1)</script>&\"'\u{1B}[2J\u{202E}"
        var model = Samples.shown
        model.server.host = hostile
        model.take(Samples.event(time: model.wall, .error, "worker-1", "EXIT", hostile))
        model.told.children[.worker(1)] = Samples.child(hostile, [hostile])
        model.told.crashes = [Told.CrashReport(id: "1-worker-1", lines: [hostile])]
        let html = html(model) {
            $0.status = hostile
            $0.configuration = hostile
            $0.machine = [(hostile, .success(hostile)), (hostile, .failure(ReportPage.Missing(reason: hostile)))]
        }
        #expect(
            Set(try Markup(html).names).isSubset(of: [
                "html", "head", "meta", "title", "style", "body", "h2", "pre", "span",
            ]))
        #expect(!html.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{202E}" })
    }

    @Test func command_takesASpan() {
        let wanted: [(String, [Effect])] = [
            ("report", [.report(seconds: 600)]), ("report 10m", [.report(seconds: 600)]),
            ("report 90s", [.report(seconds: 90)]), ("report 2h", [.report(seconds: 7200)]),
            ("report 1d", [.report(seconds: 86_400)]), ("report 0m", []), ("report soon", []), ("report 10", []),
            ("report 9999999d", []),
        ]
        for (line, effects) in wanted {
            var session = Session()
            let handler = KeyHandler(Samples.shown, Size(80, 24))
            for key in ":" + line { _ = handler.handle(.character(key), &session) }
            #expect(handler.handle(.enter, &session) == effects, "\(line)")
            #expect((session.toast != nil) == effects.isEmpty)
        }
    }
}
