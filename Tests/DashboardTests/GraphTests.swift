import Dashboard
import Stats
import Supervision
import Testing
import Watch

/// Graphs show what was there, at the right height and place, and nothing else.
struct GraphTests {
    /// A graph alone on a grid, its plot so many columns wide.
    private static func drawn(
        _ graph: Graph, columns: Int, rows: Int, _ capabilities: Capabilities = Capabilities()
    ) -> Grid {
        var grid = Grid(Size(Graph.axisWidth + columns, rows + Graph.linesAround))
        graph.draw(
            on: &grid, Graph.Place(row: 0, column: 0, width: Graph.axisWidth + columns, rows: rows), capabilities)
        return grid
    }
    private static func graph(_ series: [Double?]...) -> Graph { Graph(["TEST"], .minutes, .series(series)) }
    /// A column of the plot, from the time axis upward.
    private static func column(_ grid: Grid, _ column: Int, rows: Int) -> [Character] {
        (0..<rows).map { grid[rows - $0, Graph.axisWidth + column].character }
    }
    /// A number as a person reads it from an axis.
    private static func read(_ label: String) -> Double? {
        let units: [Character: Double] = ["k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15]
        guard let last = label.last else { return nil }
        return units[last].flatMap { unit in Double(label.dropLast()).map { $0 * unit } } ?? Double(label)
    }

    @Test func theTopOfTheScale_isNotBelowTheValue_andNearIt_andReadsAsItIs() {
        var chance = PropertyTests.Chance(state: 9)
        let values = [0, 1, 2, 9, 10, 11, 99.5, 100, 400, 999, 1000, 1_000_001] as [Double]
        for value in values + (0..<2000).map({ _ in pow10(Double.random(in: -2...15, using: &chance)) }) {
            let top = Graph.top(value)
            #expect(top >= value && (top <= value * 1.7 || top <= 2), "\(value) has the top \(top)")
            for edge in [top, top / 2] {
                let read = Self.read(Graph.label(edge)) ?? -1
                #expect(abs(read - edge) <= edge * 1e-9, "\(edge) is written \(Graph.label(edge))")
                #expect(Graph.label(edge).count < Graph.axisWidth)
            }
        }
        #expect(Graph.top(.nan) == 1 && Graph.top(.infinity) == 1 && Graph.top(-5) == 1)
    }
    private func pow10(_ exponent: Double) -> Double {
        var value = 1.0, rest = exponent
        while rest >= 1 { (value, rest) = (value * 10, rest - 1) }
        while rest < 0 { (value, rest) = (value / 10, rest + 1) }
        return value * (1 + rest * 9)
    }

    /// For any values and any size: a column stands as high as a value of its part of the span, and is no value where
    /// there was none.
    @Test(arguments: [Capabilities(), Capabilities(isUTF8: true)])
    func everyColumn_isAValueThatWasThere(_ capabilities: Capabilities) {
        var chance = PropertyTests.Chance(state: 11)
        let heights: [Character: Double] =
            capabilities.isUTF8
            ? Dictionary(uniqueKeysWithValues: "▁▂▃▄▅▆▇█".enumerated().map { ($1, Double($0 + 1) / 8) })
            : [".": 1.0 / 3, ":": 2.0 / 3, "#": 1]
        for _ in 0..<150 {
            let columns = Int.random(in: 1...200, using: &chance), rows = Int.random(in: 1...10, using: &chance)
            let most = Double.random(in: 1...1e6, using: &chance)
            let values: [Double?] = (0..<[60, 600, 1440].randomElement(using: &chance)!).map { _ in
                Int.random(in: 0..<3, using: &chance) == 0 ? nil : Double.random(in: 0...most, using: &chance)
            }
            let grid = Self.drawn(Self.graph(values), columns: columns, rows: rows, capabilities)
            let top = Graph.top(values.compactMap(\.self).max() ?? 0)
            for column in 0..<columns {
                let first = column * values.count / columns
                let part = values[first..<max(first + 1, (column + 1) * values.count / columns)]
                let cells = Self.column(grid, column, rows: rows)
                guard let greatest = part.compactMap(\.self).max() else {
                    #expect(cells[0] == "x" || cells[0] == " ")
                    #expect(cells.dropFirst().allSatisfy { $0 == " " })
                    continue
                }
                let height = cells.reduce(0) { $0 + (heights[$1] ?? 0) }
                let wanted = greatest / top * Double(rows)
                #expect(abs(height - wanted) <= (wanted < 0.5 ? 0.34 : 0.17), "\(greatest) of \(top): \(cells)")
                #expect(cells.allSatisfy { heights[$0] != nil || $0 == " " || $0 == "_" })
            }
        }
    }
    @Test func unknown_isNoZero_andZeroIsNotUnknown() {
        let values: [Double?] = [nil, nil, 4, 0, nil, 4, nil, nil]
        let grid = Self.drawn(Self.graph(values), columns: 8, rows: 2)
        #expect((0..<8).map { Self.column(grid, $0, rows: 2)[0] } == Array("  #_x#xx"))
        // Nothing at all is known.
        let blank = Self.drawn(Self.graph([nil, nil]), columns: 8, rows: 2)
        #expect((0..<8).allSatisfy { Self.column(blank, $0, rows: 2) == [" ", " "] })
    }
    @Test func twoSeries_areOneBehindTheOther() {
        let grid = Self.drawn(Self.graph([4, 4, 1, nil], [2, 4, 4, 2]), columns: 4, rows: 4)
        #expect(
            (0..<4).map { String(Self.column(grid, $0, rows: 4)) } == ["##..", "####", "####", "##  "])
    }
    @Test func braille_hasTwoValuesInACell() {
        let fine = Capabilities(isUTF8: true, hasBraille: true)
        let grid = Self.drawn(Self.graph([4, 1, 0, nil]), columns: 2, rows: 1, fine)
        #expect(Self.column(grid, 0, rows: 1) == ["⣇"] && Self.column(grid, 1, rows: 1) == ["_"])
        // Two series could not be told apart.
        let two = Self.drawn(Self.graph([4, 4], [2, 2]), columns: 2, rows: 2, fine)
        #expect(Self.column(two, 0, rows: 2) == ["█", "░"])
    }
    @Test func bound_isALine_ifItIsNear() {
        var graph = Self.graph((0..<600).map { _ in 40 })
        graph.bound = 60
        let near = Self.drawn(graph, columns: 20, rows: 6).lines
        #expect(near[1].hasSuffix(String(repeating: "-", count: 20)) && near[1].hasPrefix("   60|"), "\(near)")
        graph.bound = 500
        let far = Self.drawn(graph, columns: 20, rows: 6).lines
        #expect(far[1].hasPrefix("   40|####"), "\(far)")
        #expect(far[4].hasPrefix("   20|####"), "\(far)")
    }
    @Test func marks_standAtTheirTime_theHeaviestFirst() {
        func event(_ back: UInt64, _ severity: Severity, _ name: String, _ kind: String) -> Event {
            Samples.event(time: Samples.wall - back * 1000, severity, name, kind, "")
        }
        let events = [
            event(599, .error, "worker-1", "EXIT"), event(601, .error, "worker-1", "EXIT"),
            event(300, .error, "manager", "EXIT"), event(300, .error, "worker-1", "EXIT"),
            event(120, .info, "worker-1", "EXIT"), event(60, .error, "worker-1", "HANG"),
            event(2, .info, "cfg", "RELOAD"),
        ]
        let placed = EventMark.placed(events, wall: Samples.wall, seconds: 600)
        #expect(placed.map { String($0.mark.letter) }.joined() == "MHXXC")
        #expect(EventMark.legend(placed) == ["M manager died", "H hang", "X exit", "C change"])
        var graph = Self.graph([1])
        graph.marks = placed
        for columns in [10, 60, 97, 200] {
            let axis = Array(Self.drawn(graph, columns: columns, rows: 1).lines[2]).dropFirst(Graph.axisWidth)
            let at = Dictionary(grouping: axis.enumerated().filter { "MHXC".contains($1) }, by: \.element)
                .mapValues { $0.map(\.offset) }
            let second = 600 / Double(columns)
            #expect(at["X"] == [0] && at["C"] == [columns - 1], "\(axis)")
            #expect(at["M"]?.count == 1 && at["H"]?.count == 1)
            for (letter, back) in [("M", 300.0), ("H", 60)] as [(Character, Double)] {
                let column = Double(at[letter]?[0] ?? -1)
                #expect(abs((Double(columns) - column) * second - back) <= second, "\(letter) at \(column)")
            }
        }
    }
    @Test func heat_showsWhereTheMessagesAre_andWhatIsNotKnown() {
        let sums: [[Double]?] = [
            nil, [90, 9, 0, 0, 0, 0, 0, 1], nil, [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 50, 50, 0, 0, 0],
        ]
        let graph = Graph(["p99"], .minutes, .heat { _ in sums })
        let four = Self.drawn(graph, columns: 5, rows: 4).lines
        #expect(Array(four[1...4]) == [" >.5s| .", " <.5s|", "<50ms|    @", " <2ms| @x_"])
    }
    @Test func heatRows_haveEachBucketOnce_andSayWhichOnes() {
        for rows in 1...20 {
            let heat = Graph.heatRows(rows)
            #expect(heat.count <= max(1, rows) && heat.reversed().flatMap { Array($0) } == Array(0..<8))
            #expect(heat.allSatisfy { Graph.heatLabel($0).count < Graph.axisWidth })
        }
        #expect(
            Graph.heatRows(8).map(Graph.heatLabel).joined(separator: " ")
                == ">.5s <.5s <.1s <50ms <10ms <5ms <2ms <1ms")
    }

    @Test func workers_areFolded_theWorstFirst_andTheSickOneIsSeen() {
        let well = (0..<64).map { Graph.WorkerRow("w\($0)", [1, 2, nil, 1]) }
        #expect(Graph.folded(well, lines: 64) == well)
        var rows = well
        rows[41] = Graph.WorkerRow("w41", [1, 1, nil, 6])
        rows[7] = Graph.WorkerRow("w7", [3, 3, 3, 3])
        let folded = Graph.folded(rows, lines: 4)
        #expect(folded.map(\.label) == ["w41", "w7", "w0", "+61"])
        #expect(folded[3].buckets == [1, 2, nil, 1])
        let graph = Graph(["WORKERS"], .minutes, .workers { [rows] _ in rows })
        #expect(
            Array(Self.drawn(graph, columns: 4, rows: 4).lines[1...4]) == [
                "  w41|:: #", "   w7|====", "   w0|:- :", "  +61|:- :",
            ])
    }
    @Test func bucketOfAShare_isWhereTheLatestOfThemAre() {
        #expect(Graph.bucket(0.99, [99, 0, 0, 1]) == 0 && Graph.bucket(0.99, [98, 0, 0, 2]) == 3)
        #expect(Graph.bucket(0.99, [0, 0, 0]) == nil && Graph.bucket(0.99, [0, 0, 1]) == 2)
    }

    // MARK: the overview

    @Test func layout_neverTakesMoreThanIsFree() {
        for width in stride(from: 20, through: 250, by: 5) {
            for height in 4...60 {
                for rows in -5...50 {
                    let layout = GraphLayout.fitting(Size(width, height), rows: rows, isWanted: false)
                    #expect(layout.map { $0.lines <= rows && $0.rows >= 3 && $0.count <= 4 } ?? true)
                    let wanted = GraphLayout.fitting(Size(width, height), rows: rows, isWanted: true)
                    #expect(layout == nil || wanted == layout)
                    #expect(wanted.map { $0.lines <= max(rows, height >= 36 ? 12 : 6) } ?? true)
                }
            }
        }
        #expect(GraphLayout.fitting(Size(80, 24), rows: 4, isWanted: false) == nil)
        #expect(GraphLayout.fitting(Size(80, 24), rows: 4, isWanted: true)?.rows == 3)
        #expect(GraphLayout.fitting(Size(120, 40), rows: 13, isWanted: false)?.count == 4)
        #expect(GraphLayout.fitting(Size(120, 40), rows: 7, isWanted: false)?.count == 2)
        #expect(GraphLayout.fitting(Size(200, 60), rows: 9, isWanted: false)?.across == 4)
    }
    /// Four workers over ten minutes: connections that leave, a queue that fills, and late messages.
    static let busy = {
        var model = Samples.incident(seconds: 30, workers: 4)
        func add(_ role: StatsPacket.Role, _ instance: UInt16, _ id: MetricID, _ value: (UInt64) -> UInt64?) {
            model.take(
                StatsHistory(
                    role: role, instance: instance, metric: id.rawValue, subject: nil, stepMilliseconds: 1000,
                    firstTime: Samples.start - 550 * Samples.second, values: (0..<550).map(value)))
        }
        for worker in UInt16(0)..<4 {
            add(.worker, worker, .connsOpen) { (200..<260).contains($0) ? 60_000 : 110_000 + $0 * 10 }
            add(.worker, worker, .delivered) { (200..<215).contains($0) ? nil : $0 * 2500 }
            for (bucket, id) in LatencyBuckets.ids.enumerated() {
                let late: UInt64 = bucket > 4 ? 40 : 0
                add(.worker, worker, id) { $0 * (900 >> UInt64(bucket)) + ($0 > 400 ? ($0 - 400) * late : 0) }
            }
        }
        add(.manager, 0, .publishes) { $0 * 18_000 }
        add(.manager, 0, .enqueued) { $0 * 900 }
        add(.manager, 0, .queueMessages) { $0 < 200 ? 0 : min(54_000, ($0 - 200) * 400) }
        for (number, (back, name, kind)) in [
            (400, "worker-1", "HANG"), (350, "worker-1", "EXIT"), (200, "manager", "EXIT"),
        ].enumerated() {
            model.take(
                Samples.event(
                    number: UInt64(number + 1), time: Samples.wall - UInt64(back) * 1000, .error, name, kind, "signal"))
        }
        return model
    }()
    @Test(arguments: [Size(20, 4), Size(80, 24), Size(120, 40), Size(200, 60)], [false, true])
    func overview_isAsItWas(_ size: Size, isUTF8: Bool) throws {
        var session = Session()
        let name = "\(size.width)x\(size.height)\(isUTF8 ? "-utf8" : "")"
        let capabilities = Capabilities(isUTF8: isUTF8)
        try Golden.compare("graphs-\(name)", Views.draw(Self.busy, session, size, capabilities).text)
        guard size == Size(80, 24) else { return }
        for kind in GraphKind.allCases {
            session.graph = .first(kind)
            try Golden.compare("graphs-\(kind)-\(name)", Views.draw(Self.busy, session, size, capabilities).text)
        }
    }
    @Test(arguments: [GraphSpan.hour, .day]) func longSpans_areAsTheyWere(_ span: GraphSpan) throws {
        var session = Session()
        session.span = span
        let size = Size(120, 40)
        let text = Views.draw(Samples.afterTheNight, session, size, Capabilities()).text
        try Golden.compare("graphs-\(span)-120x40", text)
    }
    private static func rows(_ grid: Grid) -> Int {
        (0..<grid.size.height).count { row in
            if case .row? = grid.target(row: row, column: 1) { true } else { false }
        }
    }
    /// The table keeps all its rows, unless the operator asks for a graph.
    @Test func graphs_takeNoRowOfTheTable() {
        for size in [Size(80, 24), Size(80, 30), Size(120, 30), Size(140, 36), Size(200, 60)] {
            var session = Session()
            session.graph = .none
            let without = Views.draw(Samples.shown, session, size, Capabilities())
            let with = Views.draw(Samples.shown, Session(), size, Capabilities())
            #expect(Self.rows(with) >= Self.rows(without))
        }
        var session = Session()
        session.graph = .first(.queue)
        #expect(Views.draw(Samples.shown, session, Size(80, 24), Capabilities()).text.contains("-- QUEUE"))
    }
}
