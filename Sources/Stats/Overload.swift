/// Decides when a process says in its reports that it is OVERLOADED. Either it is full and refuses what comes, or its
/// loop is late again and again. It is a pure value that is asked once for each report.
///
///     not full --at its bound, or it refused something--> full
///     full --under 95 % of the bound, and nothing refused--> not full
///     timely --lag critical in three reports in a row--> late --lag under the warning in three in a row--> timely
package struct Overload: Equatable, Sendable {
    package struct Load: Equatable, Sendable {
        /// The process's load, as a share of the most that it may hold.
        package var share: Double
        /// How much it has refused since its start because it was full.
        package var refused: UInt64
        package init(share: Double = 0, refused: UInt64 = 0) {
            self.share = share
            self.refused = refused
        }
    }
    package private(set) var isFull = false
    package private(set) var isLate = false
    private var refused: UInt64 = 0
    /// Reports in a row that speak against `isLate`.
    private var streak = 0

    private static let relievedShare = 0.95
    private static let reportsInARow = 3

    package init() {}

    package var isOverloaded: Bool { isFull || isLate }

    /// `lag` is the loop's lag since the last report, in microseconds. The thresholds of `loop_lag_max_us` judge it.
    package mutating func note(_ load: Load, lag: UInt64) {
        isFull = load.share >= 1 || load.refused > refused || isFull && load.share >= Overload.relievedShare
        refused = load.refused
        guard let threshold = Metric[.loopLagMax].threshold else {
            preconditionFailure("the loop's lag has thresholds")
        }
        let isOtherwise = isLate ? Double(lag) < threshold.warning : Double(lag) >= threshold.critical
        streak = isOtherwise ? streak + 1 : 0
        guard streak == Overload.reportsInARow else { return }
        isLate.toggle()
        streak = 0
    }
}
