import Base

/// The table of a comparison. Each row has a figure of MegaComet, those of the limit and of nchan from the same run,
/// and its target.
///
/// Absolute figures say more about the machine than about the server, so the ratio is judged.
struct Comparison {
    /// The ratio that MegaComet's figure should reach.
    enum Target: Equatable {
        /// At least these parts of the limit and of nchan.
        case atLeast(ofLimit: Double?, ofNchan: Double?)
        /// At most this part of nchan's.
        case atMost(ofNchan: Double)
        case below(Double)
        case above(Double)
        /// The figure is printed and not judged.
        case none

        var text: String {
            switch self {
            case .atLeast(let limit, let nchan):
                [limit.map { "\(Measurement.plain($0)) of limit" }, nchan.map { "\(Measurement.plain($0))x nchan" }]
                    .compactMap { $0 }.joined(separator: ", ")
            case .atMost(let part): part == 1 ? "under nchan" : "under \(Measurement.plain(part)) of nchan"
            case .below(let bound): "under \(Measurement.plain(bound))"
            case .above(let bound): "over \(Measurement.plain(bound))"
            case .none: ""
            }
        }
    }

    struct Row {
        /// The name of the figure, with its unit.
        var what: String
        /// The figures of each server's runs.
        var limit: [Double] = []
        var nchan: [Double] = []
        var megacomet: [Double] = []
        var target: Target

        /// `nil` if the figure to compare with was not measured.
        var isMet: Bool? {
            guard let own = Self.median(megacomet) else { return nil }
            switch target {
            case .atLeast(let ofLimit, let ofNchan):
                var verdict: Bool?
                for (part, other) in [(ofLimit, limit), (ofNchan, nchan)] {
                    if let part, let other = Self.median(other) { verdict = (verdict ?? true) && own >= part * other }
                }
                return verdict
            case .atMost(let part): return Self.median(nchan).map { own <= part * $0 }
            case .below(let bound): return own < bound
            case .above(let bound): return own > bound
            case .none: return nil
            }
        }

        /// The middle value. For an even number of runs it is the mean of the two middle ones.
        static func median(_ values: [Double]) -> Double? {
            guard !values.isEmpty else { return nil }
            let sorted = values.sorted()
            return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
        }

        /// The median, and in brackets the least and the most.
        static func text(_ values: [Double]) -> String {
            guard let middle = median(values), let least = values.min(), let most = values.max() else { return "-" }
            let plain = Measurement.plain(middle)
            return values.count == 1 ? plain : "\(plain) [\(Measurement.plain(least))..\(Measurement.plain(most))]"
        }

        func ratio(to other: [Double]) -> String {
            guard let own = Self.median(megacomet), let other = Self.median(other), other > 0 else { return "-" }
            return Measurement.plain(own / other)
        }
    }

    var rows: [Row] = []

    var text: String {
        let head = ["what", "limit", "nchan", "megacomet", "of limit", "of nchan", "target", ""]
        let cells =
            [head]
            + rows.map { row in
                [
                    row.what, Row.text(row.limit), Row.text(row.nchan), Row.text(row.megacomet),
                    row.ratio(to: row.limit), row.ratio(to: row.nchan),
                    row.target.text, row.isMet.map { $0 ? "met" : "MISSED" } ?? "",
                ]
            }
        let widths = head.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.map { line in
            var text = ""
            for (column, cell) in line.enumerated() {
                text += cell.leftAligned(widths[column] + 2)
            }
            return String(text.reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }

    var json: String {
        func list(_ values: [Double]) -> String { "[" + values.map(Measurement.plain).joined(separator: ",") + "]" }
        return "["
            + rows.map {
                "{\"what\":\"\($0.what)\",\"limit\":\(list($0.limit)),\"nchan\":\(list($0.nchan)),"
                    + "\"megacomet\":\(list($0.megacomet)),"
                    + "\"target\":\"\($0.target.text)\",\"met\":\($0.isMet.map(String.init) ?? "null")}"
            }.joined(separator: ",") + "]"
    }
}
