import Base
import Dashboard
import Stats
import Supervision
import Testing
import Watch

/// Nothing is cut without a sign: a number is rounded and keeps its unit, and a text ends with two points.
struct FittingTests {
    @Test(arguments: [
        ("+1.2k", 4, "+1k"), ("-1.5k", 4, "-2k"), ("+999k", 4, "999k"), ("-999k", 4, "####"), ("15.6k~", 5, "16k~"),
        ("100%~", 4, "100~"),
        ("242ms~", 5, "0.2s~"), ("1m02s", 4, "1m"), ("12d03h~", 6, "12d~"), ("59:59~", 5, "59m~"),
        ("12,345", 5, "12.3k"),
        ("812,344~", 5, "812k~"), ("1,234", 3, "1k"), ("4,294,967", 4, "4M"), ("?", 4, "?"), (">.5s~", 4, "####"),
    ]) func number_isRounded_andKeepsItsUnit(_ text: String, _ width: Int, _ shown: String) {
        #expect(Format.fitted(text, width) == shown)
    }
    @Test func text_endsWithTwoPoints() {
        #expect(Format.cut("ROLLING_FAILED", 9) == "ROLLING..")
        #expect(Format.cut("READY", 5) == "READY" && Format.cut("READY", 3) == "REA")
        var grid = Grid(Size(20, 2))
        var line = Line("! a text that is too long for it")
        line.add("and more", gap: 1)
        line.draw(on: &grid, row: 0, Capabilities())
        Line("12345678901234567890").draw(on: &grid, row: 1, Capabilities())
        #expect(grid.lines == ["! a text that is t..", "12345678901234567890"])
    }

    /// The number that a cell shows is the number that was measured, to the digits that are there.
    @Test func growth_isNeverCut_atAnyWidth() throws {
        let sizes = [1, 12, 999, 1000, 1234, 1500, 9999, 12_345, 99_999, 123_456, 999_999, 1_234_567]
        for growth in sizes + sizes.map({ -$0 }) {
            var model = Model()
            for (second, count) in [2_000_000, 2_000_000 + growth].enumerated() {
                var report = Report(.worker, 0, boot: 1, time: Samples.start + UInt64(second) * Samples.second)
                report.values[raw: MetricID.connsOpen.rawValue] = UInt64(count)
                model.take(report)
                model.now = report.time
            }
            for width in 64...250 {
                let table = Table(.overview, Context(model, Session(), Capabilities()), width: width).over(width)
                let column = try #require(table.columns.first { $0.id == "grow" })
                var grid = Grid(Size(width, 2))
                table.draw(on: &grid, row: 0, height: 2)
                let end = try #require(grid.lines[0].firstRange(of: "+/-s")).upperBound
                let place = grid.lines[0].distance(from: grid.lines[0].startIndex, to: end)
                let cell = (place - column.width..<place).map { grid[1, $0].character }
                let text = String(cell.filter { $0 != " " })
                if growth <= -99_500, growth > -999_500 {
                    #expect(text == "####")  // four columns have no room for the sign, three digits and the unit
                    continue
                }
                let value = try #require(Filter.number(text.lowercased()), "\(text) for \(growth) at \(width)")
                try #require(abs(value / Double(growth) - 1) < 0.34, "\(text) for \(growth) at \(width)")
            }
        }
    }
    /// Every cell of every screen, with numbers of any size: it is as wide as its column, or it is shortened to that.
    @Test func everyNumber_fitsItsColumn_withItsUnit() {
        var chance = PropertyTests.Chance(state: 7)
        for _ in 0..<12 {
            let model = PropertyTests.model(&chance)
            let context = Context(model, Session(), Capabilities())
            for column in [Screen.overview, .queues, .delivery, .procs].flatMap(Columns.of) where !column.isLeft {
                for process in model.processes.values {
                    let text = column.cell(process, context).text
                    let shown = Format.fitted(text, column.width)
                    #expect(shown.count <= column.width, "\(column.id): \(text)")
                    // The last character is the unit or the mark of an old value. A span has two units.
                    let isHidden = shown.allSatisfy { $0 == "#" }
                    #expect(
                        isHidden || shown == text || text.hasSuffix("~") == shown.hasSuffix("~"),
                        "\(column.id): \(text) is \(shown)")
                    #expect(!shown.hasSuffix(".") && !shown.hasSuffix(","), "\(column.id): \(text) is \(shown)")
                }
            }
        }
    }
    @Test func longKinds_areWhole() {
        var model = Samples.shown
        model.take(
            Samples.event(time: model.wall, .error, "worker-0", "ROLLING_FAILED", "0 of 4 done: the new one ended"))
        for (screen, size) in [(Screen.overview, Size(80, 24)), (.events, Size(80, 24)), (.events, Size(140, 36))] {
            var session = Session()
            session.screen = screen
            let lines = Views.draw(model, session, size, Capabilities()).lines
            #expect(lines.contains { $0.contains("w0  ROLLING_FAILED") })
        }
    }
}
