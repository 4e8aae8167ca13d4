import Dashboard
import Glibc
import Stats
import TestSupport
import Testing
import Watch
import Wire

/// Pictures of the screen as files.
struct ShotTests {
    private static let capabilities = Capabilities(isUTF8: true, hasColour: true)
    /// Each text that strangers choose, as they would choose it to break out of a page.
    private static let hostile = "</text><script>alert(1)</script>&\"'\u{1B}[2J]]>"

    private func grid(_ model: Model, _ screen: Screen, _ size: Size = Size(120, 40)) -> (Grid, Context) {
        var session = Session()
        session.screen = screen
        let context = Context(model, session, ShotTests.capabilities)
        return (Views.draw(model, session, size, ShotTests.capabilities), context)
    }
    private static func hostileModel() -> Model {
        var model = Samples.shown
        model.server.host = hostile
        model.take(Samples.event(time: model.wall, .error, "worker-1", "EXIT", hostile))
        model.told.clients.rows[0].id = hostile
        model.told.apps.take(
            Samples.apps(0), more: 0, keys: [AppsAnswer.Key(key: hostile, idleSeconds: 1)], time: model.now)
        return model
    }

    @Test(arguments: Screen.allCases) func text_isTheScreen(_ screen: Screen) {
        let (grid, context) = grid(Samples.shown, screen)
        #expect(Shot.document(grid, .text, context) == grid.text)
    }

    @Test(arguments: Screen.allCases) func html_hasTheScreen_andNothingOfStrangersIsMarkup(_ screen: Screen) throws {
        for model in [Samples.shown, ShotTests.hostileModel()] {
            let (grid, context) = grid(model, screen)
            let page = try Markup(Shot.document(grid, .html, context))
            #expect(Set(page.names).isSubset(of: ["html", "head", "meta", "title", "style", "body", "pre", "span"]))
            let lines = try page.text(of: "pre").split(separator: "\n", omittingEmptySubsequences: false)
            // The newline behind `<pre>` does not count, and the last line ends with one.
            #expect(lines.dropFirst().dropLast().map { trimmed($0) } == grid.lines)
        }
    }

    @Test(arguments: Screen.allCases) func svg_isXML_andHasEachWordAtItsPlace(_ screen: Screen) throws {
        for model in [Samples.shown, ShotTests.hostileModel()] {
            let (grid, context) = grid(model, screen)
            let drawing = try Markup(Shot.document(grid, .svg, context))
            #expect(Set(drawing.names).isSubset(of: ["svg", "title", "style", "rect", "g", "text", "path"]))
            var cells = Array(repeating: Array(repeating: Character(" "), count: 120), count: 40)
            for (tag, text) in drawing.elements where tag.name == "text" {
                let x = try #require(Int(tag["x"])), y = try #require(Int(tag["y"]))
                #expect(Int(tag["textLength"]) == text.count * 8)
                for (offset, character) in text.enumerated() { cells[(y - 12) / 16][x / 8 + offset] = character }
            }
            let words = grid.lines.map { $0.map { ("\u{2581}"..."\u{258F}").contains($0) ? " " : $0 } }
            #expect(cells.map { trimmed(String($0)) } == words.map { trimmed(String($0)) })
            #expect(drawing.elements.contains { $0.tag.name == "path" } == grid.text.contains("█"))
        }
    }

    @Test func json_isTheSampleOfBatchOutput_withThePicture() throws {
        let (grid, context) = grid(ShotTests.hostileModel(), .queues)
        let text = Shot.document(grid, .json, context)
        #expect(text.hasPrefix("{\"schema\":1,") && text.hasSuffix("]}\n"))
        #expect(text.filter { $0 == "\n" }.count == 1)
        let object = try JSON.parse(text)
        #expect(object["screen"]?.string == "queues")
        #expect(object["host"]?.string == ShotTests.hostile)
        #expect(object["time"]?.string == "2026-11-23T14:02:31.000Z")
        #expect(object["lines"]?.array?.map(\.string) == grid.lines.map { $0 })
        #expect(object["totals"] != nil && object["alerts"] != nil && object["procs"]?.array?.count == 9)
    }

    @Test(arguments: Shot.Format.allCases) func clientIDs_areHashed_asOnTheScreen(_ format: Shot.Format) {
        var session = Session()
        session.overlay = .clients(chosen: nil)
        for isShown in [false, true] {
            session.showsClientIDs = isShown
            session.adminUntil = isShown ? .max : nil
            let context = Context(Samples.shown, session, ShotTests.capabilities)
            let grid = Views.draw(Samples.shown, session, Size(120, 40), ShotTests.capabilities)
            let text = Shot.document(grid, format, context)
            #expect(text.contains("alice") == isShown)
            #expect(text.contains("c#") != isShown)
        }
    }

    @Test func chosenRow_isReversed() throws {
        let (grid, context) = grid(Samples.shown, .overview)
        #expect(Shot.document(grid, .html, context).contains(" reversed\"><span class=\"paper\">&gt;"))
        let drawing = try Markup(Shot.document(grid, .svg, context))
        let bars = drawing.elements.filter { $0.tag.name == "rect" && $0.tag["height"] == "16" }
        #expect(bars.reduce(0) { $0 + (Int($1.tag["width"]) ?? 0) } == 120 * 8)
    }

    /// WCAG 2.1, 1.4.3 and 1.4.11: the contrast of text is at least 4.5 to 1, and that of shades 3 to 1.
    @Test func eachColour_canBeRead() {
        func light(_ colour: String) -> Double {
            let channels = stride(from: 1, to: 7, by: 2).map { at in
                let share = Double(Int(colour.dropFirst(at).prefix(2), radix: 16) ?? 0) / 255
                return share <= 0.03928 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
            }
            return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
        }
        let shades: [Role] = [.shade1, .shade2, .shade3, .shade4]
        for isLight in [false, true] {
            for role in Role.allCases {
                let (ink, paper) = (
                    light(Sheet.colour(role, isLight: isLight).css), light(Sheet.paper(isLight: isLight).css)
                )
                let least = shades.contains(role) ? 3.0 : 4.5
                #expect((max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) >= least, "\(role)")
            }
        }
    }

    @Test func commandLine_takesFormatAndFile() {
        let wanted: [(String, [Effect])] = [
            ("shot", [.shot(.text, path: nil)]), ("shot svg", [.shot(.svg, path: nil)]),
            ("shot html a b.html", [.shot(.html, path: "a b.html")]), ("shot x.json", [.shot(.json, path: "x.json")]),
            ("shot json x.txt", [.shot(.json, path: "x.txt")]), ("w", [.shot(.text, path: nil)]),
            ("write notes", [.shot(.text, path: "notes")]), ("shot png", []),
        ]
        for (line, effects) in wanted {
            var session = Session()
            let handler = KeyHandler(Samples.shown, Size(80, 24))
            for key in ":" + line { _ = handler.handle(.character(key), &session) }
            #expect(handler.handle(.enter, &session) == effects, "\(line)")
            #expect((session.toast != nil) == effects.isEmpty)
        }
    }

    private func trimmed(_ text: some StringProtocol) -> String {
        String(text.reversed().drop { $0 == " " }.reversed())
    }
}
