// How the words of the model look: the one place where severities become the roles of cells.

extension Level {
    package var role: Role {
        switch self {
        case .fine: .normal
        case .warning: .warning
        case .critical: .critical
        }
    }
}

extension Event.Severity {
    package var role: Role {
        switch self {
        case .info: .normal
        case .warning: .warning
        case .error, .critical: .critical
        }
    }
}

extension ProcessModel.State {
    /// A state that is ready, and old, is shown dim.
    package var role: Role { level == .fine && word == "READY" && freshness != .fresh ? .dim : level.role }
}
