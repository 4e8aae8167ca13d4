import Dashboard
import Testing

struct KeyTests {
    private let handler = KeyHandler(Samples.shown, Size(80, 24))
    private func press(_ text: String, _ session: inout Session) -> [Effect] {
        var effects: [Effect] = []
        for character in text { effects += handler.handle(character == "\n" ? .enter : .character(character), &session) }
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
    @Test func noKey_isBoundTwice() {
        let keys = Binding.all.flatMap(\.keys)
        #expect(Set(keys).count == keys.count)
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
        // Fixed when the box opened: the supervisor refuses where it is another by then.
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
            #expect(Views.draw(Samples.shown, session, Size(80, 24), Capabilities()).lines.contains { $0.hasPrefix(">w3") })
        }
    }
    @Test func commandLine_completesAndRuns() {
        var session = Session()
        _ = press(":re", &session)
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
    @Test func help_namesEveryKey() {
        let text = Views.helpLines(Session(), now: 0, width: 80).joined(separator: "\n")
        for binding in Binding.all where !binding.help.isEmpty { #expect(text.contains(binding.help)) }
    }
}
