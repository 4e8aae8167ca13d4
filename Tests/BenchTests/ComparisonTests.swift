import Testing

@testable import megabench

/// The table judges ratios of medians within one run.
struct ComparisonTests {
    @Test func median_isTheMiddle_whateverTheOrder() {
        #expect(Comparison.Row.median([9, 1, 5]) == 5)
        #expect(Comparison.Row.median([4, 1, 2, 3]) == 2.5)
        #expect(Comparison.Row.median([]) == nil)
    }

    @Test func rateIsMet_onlyWhenItIsBothOfTheLimitAndOverNchan() {
        var row = Comparison.Row(
            what: "rate", limit: [100], nchan: [20], megacomet: [70], target: .atLeast(ofLimit: 0.7, ofNchan: 3))
        #expect(row.isMet == true)
        row.megacomet = [69]
        #expect(row.isMet == false)
        (row.megacomet, row.nchan) = ([70], [30])
        #expect(row.isMet == false)
    }

    @Test func withoutNchan_theLimitAloneJudges() {
        let row = Comparison.Row(
            what: "rate", limit: [100], megacomet: [70], target: .atLeast(ofLimit: 0.7, ofNchan: 3))
        #expect(row.isMet == true)
        #expect(Comparison.Row(what: "latency", limit: [1], megacomet: [1], target: .atMost(ofNchan: 0.5)).isMet == nil)
    }

    @Test func table_linesUp() {
        let comparison = Comparison(rows: [
            .init(
                what: "delivered a second", limit: [100, 90, 110], nchan: [20], megacomet: [70, 80, 75],
                target: .atLeast(ofLimit: 0.7, ofNchan: 3)),
            .init(what: "p99 ms", limit: [], nchan: [1], megacomet: [0.6], target: .atMost(ofNchan: 0.5)),
        ])
        let lines = comparison.text.split(separator: "\n").map(String.init)
        #expect(lines[0] == "what                limit          nchan  megacomet    of limit  of nchan  target")
        #expect(
            lines[1]
                == "delivered a second  100 [90..110]  20     75 [70..80]  0.750     3.750     0.700 of limit, 3x "
                + "nchan  met"
        )
        #expect(
            lines[2]
                == "p99 ms              -              1      0.600        -         0.600     under 0.500 of nchan    "
                + "  MISSED"
        )
    }

    @Test func numbers_arePlain() {
        #expect(
            [0, 5, 0.0449, 12.3456, 99.9999, 123.4, -0.5].map(Measurement.plain) == [
                "0", "5", "0.045", "12.346", "100.000", "123", "-0.500",
            ])
    }
}
