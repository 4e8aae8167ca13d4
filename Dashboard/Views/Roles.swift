// The roles of severities: the only place where words of the model get the look of cells.

import Stats
import Watch

extension Level {
    package var role: Role {
        switch self {
        case .fine: .normal
        case .warning: .warning
        case .critical: .critical
        }
    }
}

extension Severity {
    package var role: Role {
        switch self {
        case .info: .normal
        case .warning: .warning
        case .error, .critical: .critical
        }
    }
}

extension ProcessModel.State {
    /// An old report of a ready process is shown dim.
    package var role: Role { condition == .told(.ready) && freshness != .fresh ? .dim : level.role }
}
