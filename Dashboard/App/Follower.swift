import Base
import Reactor
import Watch

/// Follows one client on the manager's app port, as `megacomet follow` does, for as long as it lives. If the manager
/// has gone, it is asked again each second. What comes goes into `followed`.
final class Follower {
    private static let patienceSeconds = 3.0
    private static let retrySeconds = 1.0
    /// Many events may come together. They are shown together, at most ten times a second.
    private static let pictureSeconds = 0.1

    private(set) var followed: Told.Followed
    private let loop: Loop
    private let endpoint: Endpoint
    private let key: String
    private let told: () -> Void
    private var lines: AppPortLines?
    private var retry: Timer?
    private var picture: Timer?
    private var isPictureDue = false

    /// `told` is called soon after `followed` has changed.
    init(_ loop: Loop, _ endpoint: Endpoint, key: String, client: String, told: @escaping () -> Void) {
        followed = Told.Followed(client: client)
        self.loop = loop
        self.endpoint = endpoint
        self.key = key
        self.told = told
        retry = Timer(loop) { [unowned self] in ask() }
        picture = Timer(loop) { [unowned self] in
            isPictureDue = false
            self.told()
        }
        ask()
    }

    /// Asks a manager again that has refused.
    func askAgain() {
        guard followed.isRefused else { return }
        followed.asks()
        ask()
    }
    private func ask() {
        let lines = AppPortLines(
            loop, endpoint, key: key,
            line: "{\"op\":\"follow\",\"client\":\(jsonText(followed.client)),\"contents\":false}",
            patienceSeconds: Follower.patienceSeconds)
        lines.began = { [unowned self] in change { $0.began(wall: Clock.wallMilliseconds) } }
        lines.received = { [unowned self] text in change { $0.take(json: text, wall: Clock.wallMilliseconds) } }
        lines.ended = { [unowned self] end in
            change { $0.ended(end, endpoint.onThisMachine, wall: Clock.wallMilliseconds) }
            if !followed.isRefused { retry?.start(after: Follower.retrySeconds) }
        }
        self.lines = lines
        lines.open()
    }
    private func change(_ change: (inout Told.Followed) -> Void) {
        change(&followed)
        guard !isPictureDue else { return }
        isPictureDue = true
        picture?.start(after: Follower.pictureSeconds)
    }
}
