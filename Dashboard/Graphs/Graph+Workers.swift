import Stats
import Watch

// The worker map: a row for each worker, and the darker a cell, the later the messages of its span. All workers have
// one scale, so that the sick one of many is seen.
extension Graph {
    /// A row of the map: the bucket of each column in which 99% of its messages were delivered. `nil`: not known, or no
    /// messages.
    package struct WorkerRow: Equatable, Sendable {
        package var label: String
        package var buckets: [Int?]
        package init(_ label: String, _ buckets: [Int?]) {
            self.label = label
            self.buckets = buckets
        }
        /// A column in a slower bucket counts more than all columns in the next faster one, or nearly so.
        fileprivate var weight: Int { buckets.reduce(0) { $0 + ($1.map { 1 << (3 * $0) } ?? 0) } }
    }
    private static let ascii = Array(".:-=+*#@")
    private static let shades = Array("··░░▒▓▓█")

    /// The rows that are shown in so many lines: all in their order if they fit. Otherwise the worst, the worst first,
    /// and below them the rest, of which each column has the slowest.
    package static func folded(_ rows: [WorkerRow], lines: Int) -> [WorkerRow] {
        guard rows.count > lines, lines > 0 else { return rows }
        let sorted = rows.enumerated().sorted { one, other in
            (other.element.weight, one.offset) < (one.element.weight, other.offset)
        }
        .map(\.element)
        let rest = sorted[(lines - 1)...]
        let columns = rest.first?.buckets.count ?? 0
        let slowest = (0..<columns).map { column in rest.lazy.compactMap { $0.buckets[column] }.max() }
        return sorted[..<(lines - 1)] + [WorkerRow("+\(rest.count)", slowest)]
    }
    /// The bucket in which a share of the messages was delivered. `nil` without messages.
    package static func bucket(_ share: Double, _ counts: [Double]) -> Int? {
        let all = counts.reduce(0, +)
        var below = 0.0
        return counts.indices.first { bucket in
            below += counts[bucket]
            return counts[bucket] > 0 && below >= all * share
        }
    }
    func drawWorkers(_ rows: [WorkerRow], on grid: inout Grid, _ place: Place, _ capabilities: Capabilities) {
        let shown = Graph.folded(rows, lines: place.rows)
        let levels = capabilities.isUTF8 ? Graph.shades : Graph.ascii
        for row in 0..<place.rows {
            let worker = row < shown.count ? shown[row] : nil
            grid.put(
                Format.right(worker?.label ?? "", Graph.axisWidth - 1) + (capabilities.isUTF8 ? "│" : "|"),
                row: place.row + 1 + row, column: place.column, role: .dim)
            for (index, bucket) in (worker?.buckets ?? []).enumerated() {
                guard let bucket else { continue }
                grid.put(
                    String(levels[bucket]), row: place.row + 1 + row,
                    column: place.plotColumn + place.columns - (worker?.buckets.count ?? 0) + index,
                    role: Graph.latencyRole(bucket))
            }
        }
    }
    /// The same levels as in the column p99.
    static func latencyRole(_ bucket: Int) -> Role {
        let least = bucket == 0 ? 0 : LatencyBuckets.boundsMilliseconds[bucket - 1]
        return least >= 500 ? .critical : least >= 100 ? .warning : .normal
    }
}
