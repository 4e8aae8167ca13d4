import Dashboard
import Testing

/// The operator chooses the columns of a screen.
struct ColumnsTests {
    private let handler = KeyHandler(Samples.shown, Size(100, 30))

    private func press(_ keys: [Key], _ session: inout Session) -> [Effect] {
        keys.flatMap { handler.handle($0, &session) }
    }
    private func heading(_ session: Session, width: Int = 100) throws -> [Substring] {
        let lines = Views.draw(Samples.shown, session, Size(width, 30), Capabilities()).lines
        return try #require(lines.first { $0.hasPrefix(" ID") }).split(separator: " ")
    }

    @Test func menu_hidesAndMovesColumns_andIDStays() throws {
        var session = Session()
        let before = try heading(session)
        #expect(before.prefix(4) == ["ID^", "STATE", "UP", "CONNS"])
        _ = press([.character("o"), .character(" ")], &session)
        #expect(session.toast == "ID always stays")
        // STATE away. CONNS, which is the fifth of all, goes to the second place.
        _ = press([.down, .character(" "), .down, .down, .down, .left, .left, .left], &session)
        #expect(try heading(session).isEmpty == false)
        _ = press([.escape], &session)
        #expect(session.overlay == nil)
        #expect(try heading(session).prefix(2) == ["ID^", "CONNS"])
        #expect(session.columns[.overview]?.contains("state") == false)
        // Nothing goes before ID.
        _ = press([.function(2), .down, .left, .left, .escape], &session)
        #expect(session.columns[.overview]?.prefix(2) == ["id", "conns"])
        // By default again.
        _ = press([.character("o"), .character("d"), .escape], &session)
        #expect(session.columns.isEmpty)
        #expect(try heading(session) == before)
    }
    @Test func menu_saves_andShowsWhatIsChosen() throws {
        var session = Session()
        #expect(press([.character("o"), .down, .character(" ")], &session).isEmpty)
        let text = Views.draw(Samples.shown, session, Size(100, 30), Capabilities()).text
        #expect(text.contains("COLUMNS OF OVERVIEW") && text.contains("[*] ID ") && text.contains("> [ ] STATE"))
        #expect(press([.character("S")], &session) == [.saveSettings])
        _ = press([.escape], &session)
        session.screen = .events
        #expect(press([.character("o")], &session).isEmpty)
        #expect(session.overlay == nil && session.toast == "no columns to choose here")
    }
    /// Its own threshold does not hide a column that was chosen. The room does.
    @Test func chosenColumns_areShownAsFarAsTheyFit() throws {
        var session = Session()
        session.columns[.overview] = ["id", "fd", "pid", "conns10", "state"]
        #expect(try heading(session, width: 80) == ["ID^", "FD%", "PID", "CONNS", "0-119k,", "10", "MIN", "STATE"])
        #expect(try heading(session, width: 26).first == "ID^")
        for width in 24...140 {
            let grid = Views.draw(Samples.shown, session, Size(width, 30), Capabilities())
            #expect(grid.lines.contains { $0.hasPrefix(" ID") })
        }
        // A history that is not the last takes the spare room, and those behind it stay.
        let line = try #require(
            Views.draw(Samples.shown, session, Size(80, 30), Capabilities()).lines.first { $0.hasPrefix(" w0 ") })
        #expect(line.contains("READY") && line.count <= 80)
    }
    @Test func filterAndSort_alsoKnowHiddenColumns() {
        var session = Session()
        session.columns[.overview] = ["id", "state"]
        session.filter = Filter("conns>1")
        #expect(Views.draw(Samples.shown, session, Size(100, 30), Capabilities()).text.contains("\n w0 "))
    }
}
