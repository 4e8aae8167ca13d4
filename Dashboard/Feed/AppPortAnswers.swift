import Reactor

extension AppPortClient.Failure {
    /// Why an app port gave no answer, for the screen.
    func text(_ endpoint: Endpoint) -> String {
        switch self {
        case .unreachable(let why): "\(endpoint): \(why)"
        case .silent: "\(endpoint) does not answer"
        case .cut: "\(endpoint) closed without an answer"
        case .tooMuch: "\(endpoint) answers too much"
        }
    }
}
