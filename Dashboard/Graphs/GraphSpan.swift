/// How far back graphs and history lines look.
package enum GraphSpan: String, CaseIterable, Sendable {
    case minutes = "10min"
    case hour = "1h"
    case day = "24h"

    package var seconds: Int {
        switch self {
        case .minutes: 600
        case .hour: 3600
        case .day: 86_400
        }
    }
    package var words: String {
        switch self {
        case .minutes: "10 min"
        case .hour: "1 h"
        case .day: "24 h"
        }
    }
    /// The label at the left end of a time axis.
    package var start: String { "-" + (self == .minutes ? "10m" : rawValue) }
    /// The parts between the ticks of a time axis: two minutes, ten minutes, or four hours.
    package var parts: Int { self == .minutes ? 5 : 6 }
    /// The next span for the key that steps through them.
    package var next: GraphSpan {
        switch self {
        case .minutes: .hour
        case .hour: .day
        case .day: .minutes
        }
    }
}
