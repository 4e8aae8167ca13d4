import Dashboard
import Supervision
import Testing
// One file: the actions of all keys.
import Watch

struct KeyTests {
    private let handler = KeyHandler(Samples.shown, Size(80, 24))
    private func press(_ text: String, _ session: inout Session) -> [Effect] {
        var effects: [Effect] = []
        for character in text {
            effects += handler.handle(character == "\n" ? .enter : .character(character), &session)
        }
        return effects
    }

    @Test func sequences_areKeys_wholeAndInPieces() {
        let bytes: [UInt8] = [27, 91, 65, 27, 79, 66, 27, 91, 53, 126, 113, 27, 91, 49, 49, 126, 195, 164]
        let wanted: [Key] = [.up, .down, .pageUp, .character("q"), .function(1), .character("ä")]
        var whole = KeyDecoder()
        #expect(whole.receive(bytes) == wanted)
        var pieces = KeyDecoder()
        #expect(bytes.flatMap { pieces.receive([$0]) } == wanted)
    }
    @Test func loneEscape_isOne_whenNothingFollows() {
        var decoder = KeyDecoder()
        #expect(decoder.receive([27]).isEmpty)
        #expect(decoder.flush() == [.escape])
        #expect(decoder.flush().isEmpty)
    }
    @Test func garbage_isGivenUp() {
        var decoder = KeyDecoder()
        for byte in 0...255 as ClosedRange<UInt8> { _ = decoder.receive([byte, 255, 91, 0]) }
        _ = decoder.receive([27, 91] + [UInt8](repeating: 48, count: 100))
        #expect(decoder.receive([113]).last == .character("q"))
    }
    /// Terminals without mode 1006 send ESC [ M and three bytes. Some of those are letters, and were once taken for
    /// keys.
    @Test func clickOfAnOldTerminal_isAClick_andNeverKeys() {
        func x10(_ button: UInt8, _ column: UInt8, _ row: UInt8) -> [UInt8] {
            [27, 91, 77, 32 + button, 32 + column, 32 + row]
        }
        // A press and its release, the wheel, the right button, a place that has no byte, and then a key.
        var bytes = x10(0, 33, 49) + x10(3, 33, 49) + x10(64, 1, 1) + x10(65, 1, 1) + x10(1, 75, 81)
        bytes += [27, 91, 77, 32, 0, 255] + [113]
        let wanted: [Key] = [.click(row: 48, column: 32), .wheelUp, .wheelDown, .character("q")]
        var whole = KeyDecoder()
        #expect(whole.receive(bytes) == wanted)
        for pause in [false, true] {
            var pieces = KeyDecoder()
            var keys: [Key] = []
            for (index, byte) in bytes.enumerated() {
                keys += pieces.receive([byte])
                // The pause may come between any two of the three bytes.
                if pause, index % 6 > 1 { keys += pieces.flush() }
            }
            #expect(keys == wanted)
        }
    }
    @Test func everyClick_isNoKey() {
        for byte in 0...255 as ClosedRange<UInt8> {
            for place in 0..<3 {
                var three: [UInt8] = [32, 33, 33]
                three[place] = byte
                var decoder = KeyDecoder()
                let keys = decoder.receive([27, 91, 77] + three)
                #expect(!decoder.isWaiting)
                for key in keys {
                    switch key {
                    case .click, .wheelUp, .wheelDown: break
                    default: Issue.record("\(key)")
                    }
                }
            }
        }
    }
    /// The answer of a terminal to the question for its background may come in pieces, and after a pause.
    @Test(arguments: ["\u{07}", "\u{1B}\\"]) func answerOfTheTerminal_isNoKey(_ end: String) {
        let bytes = Array("a\u{1B}]11;rgb:ffff/ffff/ffff\(end)b\u{1B}]10;rgb:0/0/0\(end)c".utf8)
        let wanted: [Key] = [.character("a"), .background(isLight: true), .character("b"), .character("c")]
        var whole = KeyDecoder()
        #expect(whole.receive(bytes) == wanted)
        for pause in [false, true] {
            var pieces = KeyDecoder()
            var keys: [Key] = []
            for (index, byte) in bytes.enumerated() {
                keys += pieces.receive([byte])
                // A pause right behind its first two bytes would make them the key Escape.
                if pause, bytes[index] != 27, bytes[index] != 93 { keys += pieces.flush() }
            }
            #expect(keys == wanted)
        }
        var session = Session()
        #expect(handler.handle(.background(isLight: true), &session).isEmpty)
    }
    @Test func noKey_isBoundTwice() {
        for screen in Screen.allCases {
            let keys = Binding.all.filter { $0.screen == nil || $0.screen == screen }.flatMap { binding in
                binding.keys.map { ($0, binding.screen) }
            }
            // A key of one screen may hide a key of all screens.
            for (key, owner) in keys {
                #expect(keys.count { $0.0 == key && $0.1 == owner } == 1, "\(key) on \(screen)")
            }
        }
    }

    @Test func action_needsAdminMode() {
        var session = Session()
        session.cursor = .process(.worker(2))
        #expect(press("R", &session).isEmpty)
        #expect(session.overlay == nil)
        #expect(session.toast == "press A first: admin mode")
    }
    @Test func readOnly_neverActs() {
        var session = Session()
        session.isReadOnly = true
        #expect(press("AR", &session).isEmpty)
        #expect(session.overlay == nil)
        #expect(!session.isAdmin(Samples.shown.now))
    }
    @Test func enterAlone_neverActs_andTheTypedNameDoes() {
        var session = Session()
        session.cursor = .process(.worker(2))
        #expect(press("AR\n", &session).isEmpty)
        #expect(session.overlay == nil)
        #expect(press("Rw3\n", &session).isEmpty)
        #expect(handler.handle(.escape, &session).isEmpty)
        guard case .act(let box)? = press("Rw2\n", &session).first else {
            Issue.record("nothing was asked for")
            return
        }
        #expect(box.target == .worker(2))
        // The pid is fixed when the box opens. The supervisor refuses if it has changed by then.
        #expect(box.pid == 2112)
        #expect(box.boot == 0x9AC4_1F20_0000_0002)
    }
    @Test func kill_needsItsWord() {
        var session = Session()
        session.cursor = .process(.worker(2))
        #expect(press("AKw2\n", &session).isEmpty)
        #expect(handler.handle(.escape, &session).isEmpty)
        #expect(press("Kkill w2\n", &session).count == 1)
    }
    @Test func filter_hidesRows_butNotTotals() {
        var session = Session()
        _ = press("/state=backoff\n", &session)
        let text = Views.draw(Samples.shown, session, Size(80, 24), Capabilities()).text
        #expect(text.contains(">w5"))
        #expect(!text.contains(" w4  "))
        #expect(text.contains("7/9 ok"))
        _ = handler.handle(.escape, &session)
        #expect(session.filter.isEmpty)
    }
    @Test(arguments: [("w5", 1), ("!ready", 2), ("conns>118750", 5), ("queue<4440 w", 2), ("nothing", 0)])
    func filters(_ filter: String, _ count: Int) {
        var session = Session()
        session.filter = Filter(filter)
        #expect(Table(.overview, Context(Samples.shown, session, Capabilities()), width: 80).rows.count == count)
    }
    @Test func sort_putsTheUnknownLast() {
        var session = Session()
        session.sorts[.overview] = Sort("conns", descending: true)
        let rows = Table.sorted(.overview, Context(Samples.shown, session, Capabilities())).map(\.id.short)
        #expect(rows.first == "w6")
        #expect(rows.last == "w5")
    }
    @Test func cursor_sticksToItsRow_whenTheOrderChanges() {
        var session = Session()
        session.cursor = .process(.worker(3))
        for column in ["id", "queue", "conns"] {
            session.sorts[.overview] = Sort(column, descending: true)
            #expect(
                Views.draw(Samples.shown, session, Size(80, 24), Capabilities()).lines.contains { $0.hasPrefix(">w3") })
        }
    }
    @Test func commandLine_completesAndRuns() {
        var session = Session()
        _ = press(":res", &session)
        _ = handler.handle(.tab, &session)
        guard case .edit(let editor)? = session.overlay else {
            Issue.record("no command line")
            return
        }
        #expect(editor.text == "restart ")
        _ = handler.handle(.escape, &session)
        _ = press(":sort queue\n", &session)
        #expect(session.sorts[.overview] == Sort("queue", descending: true))
        _ = press(":set interval 5\n", &session)
        #expect(session.interval == 5)
        #expect(press(":quit\n", &session) == [.quit])
    }
    @Test func d_switchesTheHistoryLines_andTheLabelSaysTheSpan() {
        var session = Session()
        session.graph = .none
        let screen = session.screen
        func label(_ width: Int) -> String {
            Views.draw(Samples.afterTheNight, session, Size(width, 36), Capabilities()).lines.map {
                String($0.prefix(7))
            }.first { ["60s", "10min", "1h ", "24h"].contains(where: $0.contains) } ?? ""
        }
        #expect(label(80) == " 60s   " && label(140) == " 10min ")
        _ = press("d", &session)
        #expect(label(80) == " 1h    " && label(140) == " 1h    ")
        _ = press("d", &session)
        #expect(label(80) == " 24h   " && label(140) == " 24h   " && session.screen == screen)
        _ = press("d", &session)
        #expect(label(140) == " 10min ")
        _ = press(":set history 24h\n", &session)
        #expect(session.span == .day)
        _ = press(":set history 10min\n", &session)
        #expect(session.span == .minutes)
    }
    @Test func g_choosesTheFirstGraph_onTheOverviewAlone() {
        var session = Session()
        for wish in GraphWish.all.dropFirst() + [.automatic] {
            _ = press("g", &session)
            #expect(session.graph == wish)
        }
        session.screen = .queues
        session.cursor = .process(.worker(2))
        _ = press("g", &session)
        #expect(session.graph == .automatic && session.cursor == nil)
        _ = press(":set graph p99\n", &session)
        #expect(session.graph == .first(.latency))
    }
    @Test func help_namesEveryKey() {
        let text = Views.helpLines(Session(), now: 0, width: 80).joined(separator: "\n")
        for binding in Binding.all where !binding.help.isEmpty { #expect(text.contains(binding.help)) }
    }

    @Test func mouse_isKeys_onlyForWhatIsPressed() {
        var decoder = KeyDecoder()
        #expect(
            decoder.receive("\u{1B}[<0;7;10M\u{1B}[<0;7;10m\u{1B}[<64;1;1M\u{1B}[<65;1;1M\u{1B}[<2;1;1Mq".utf8) == [
                .click(row: 9, column: 6), .wheelUp, .wheelDown, .character("q"),
            ])
    }
    private static func place(of word: String, in line: String) -> Int? {
        let characters = Array(line)
        return characters.indices.first { characters[$0...].starts(with: word) }
    }
    @Test func click_choosesARow_aHeadingSorts_aTabOpens() throws {
        var session = Session()
        func click(row: Int, column: Int) {
            let shown = Views.draw(Samples.shown, session, Size(80, 24), Capabilities())
            _ = handler.click(shown.target(row: row, column: column), &session)
        }
        let lines = Views.draw(Samples.shown, session, Size(80, 24), Capabilities()).lines
        let row = try #require(lines.firstIndex { $0.hasPrefix(" w3") }),
            heading = try #require(lines.firstIndex { $0.contains("QUEUE   OLD") })
        click(row: row, column: 9)
        #expect(session.cursor == .process(.worker(3)))
        let column = try #require(Self.place(of: "QUEUE", in: lines[heading]))
        click(row: heading, column: column)
        #expect(session.sorts[.overview] == Sort("queue", descending: true))
        click(row: heading, column: column)
        #expect(session.sorts[.overview] == Sort("queue", descending: false))
        let tab = try #require(Self.place(of: "4 Procs", in: lines[23]))
        click(row: 23, column: tab + 2)
        #expect(session.screen == .procs)
        click(row: 200, column: 900)
    }
    @Test func nextMatch_goesRound() {
        var session = Session()
        #expect(press("n", &session).isEmpty)
        #expect(session.toast == "no filter: / sets one")
        _ = press("/ready\n", &session)
        session.cursor = .process(.worker(6))
        _ = press("n", &session)
        #expect(session.cursor == .process(.manager))
        _ = press("N", &session)
        #expect(session.cursor == .process(.worker(6)))
    }
    @Test func nextMatch_inAnOutput_isTheNextLineUpwards() {
        var model = Samples.shown
        model.told.children[.worker(5)]?.output = ["error one", "fine", "error two", "fine", "fine"]
        let handler = KeyHandler(model, Size(80, 24))
        var session = Session()
        session.overlay = .detail(.worker(5), .output(back: 0))
        for key in [Key.character("/"), .character("e"), .character("r"), .character("r"), .enter, .character("n")] {
            _ = handler.handle(key, &session)
        }
        #expect(session.overlay == .detail(.worker(5), .output(back: 2)))
        _ = handler.handle(.character("n"), &session)
        #expect(session.overlay == .detail(.worker(5), .output(back: 4)))
        _ = handler.handle(.character("N"), &session)
        #expect(session.overlay == .detail(.worker(5), .output(back: 2)))
    }
    @Test func commandLine_remembers() {
        var session = Session()
        _ = press(":sort queue\n:sort conns\n:", &session)
        func typed() -> String { if case .edit(let editor)? = session.overlay { editor.text } else { "" } }
        _ = handler.handle(.up, &session)
        #expect(typed() == "sort conns")
        _ = handler.handle(.up, &session)
        _ = handler.handle(.up, &session)
        #expect(typed() == "sort queue")
        _ = handler.handle(.down, &session)
        _ = handler.handle(.down, &session)
        #expect(typed().isEmpty)
    }
    @Test func capitalA_acknowledgesOnEvents_andIsAdminModeElsewhere() {
        var session = Session()
        session.screen = .events
        _ = press("A", &session)
        #expect(session.adminUntil == nil)
        #expect(Samples.shown.events.allSatisfy(session.isAcknowledged))
        session.screen = .overview
        _ = press("A", &session)
        #expect(session.isAdmin(Samples.shown.now))
    }
    @Test func clientIDs_areHashed_untilAskedForInAdminMode() {
        var session = Session()
        session.screen = .queues
        func text() -> String { Views.draw(Samples.shown, session, Size(140, 36), Capabilities()).text }
        #expect(text().contains("c#") && !text().contains("alice"))
        #expect(press("y", &session).isEmpty)
        #expect(!text().contains("alice"))
        #expect(press("Ay", &session).count == 1)
        #expect(text().contains("alice"))
        session.adminUntil = 0
        #expect(!text().contains("alice"))
    }
    @Test func rollingRestart_isEndedByItsBox_alsoByEscape() {
        let handler = KeyHandler(Samples.rolling, Size(80, 24))
        var session = Session()
        session.screen = .procs
        session.adminUntil = .max
        #expect(handler.handle(.escape, &session).isEmpty)
        var effects: [Effect] = []
        for key in [Key.enter, .character("P"), .character("e"), .character("n"), .character("d"), .enter] {
            effects += handler.handle(key, &session)
        }
        guard case .act(let box)? = effects.first else {
            Issue.record("nothing was asked for")
            return
        }
        #expect(box.action == .finish && box.action.operation == "rolling")
    }
    @Test func enterOnHost_explainsTheCounter() {
        var session = Session()
        session.screen = .host
        _ = press("jjj\n", &session)
        #expect(
            Views.draw(Samples.shown, session, Size(80, 24), Capabilities()).text.contains("tcp memory (pages)  (4 of"))
    }
}
