package import Base

/// The sentinels' answers to the question where the server is.
package struct SentinelVote {
    package enum Answer: Equatable {
        case address(Endpoint)
        /// It knows no server of that name.
        case unknown
        /// It gave no answer, for this reason.
        case none(String)
    }
    private let name: String
    private var answers: [Answer?]

    /// `count` sentinels are asked for `name`.
    package init(name: String, count: Int) {
        self.name = name
        answers = Array(repeating: nil, count: count)
    }

    /// The answer of the sentinel at a place. The result is what all answers so far come to: `nil` while it may change.
    package mutating func take(_ answer: Answer, from place: Int) -> Result<Endpoint, EngineFault>? {
        answers[place] = answer
        let votes = answers.compactMap { if case .address(let endpoint)? = $0 { endpoint } else { nil } }
        func count(_ endpoint: Endpoint) -> Int { votes.filter { $0 == endpoint }.count }
        if let sure = votes.first(where: { count($0) * 2 > answers.count }) { return .success(sure) }
        guard !answers.contains(nil) else { return nil }
        // Without a majority of all, it is what most of those say that have answered; of equal numbers, the first.
        var best: Endpoint?
        for endpoint in votes where best.map({ count(endpoint) > count($0) }) ?? true { best = endpoint }
        if let best { return .success(best) }
        if answers.contains(.unknown) { return .failure(.unknownMaster(name)) }
        let reasons = answers.compactMap { if case .none(let reason)? = $0 { reason } else { nil } }
        return .failure(.noSentinel(reasons: reasons.joined(separator: "; ")))
    }
}
