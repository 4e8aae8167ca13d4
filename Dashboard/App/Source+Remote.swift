import Reactor
import Stats
import Watch

// Another machine, as its `megatop --serve` tells of it.
extension Source {
    func followRemote(_ remote: RemoteHost, _ now: UInt64) {
        remote.check(now)
        let before = live.link
        remote.update(&live, now: now, startedAt: startedAt)
        if case .lost(_, let reason) = live.link {
            if case .live = before { own("LOST", .error, "\(reason); the last values are shown") }
        } else if case .lost = before, live.link == .live {
            own("LIVE", .info, "\(remote.name) answers again")
        }
    }
    func take(_ piece: Served.Piece) {
        switch piece.content {
        case .datagram(let bytes):
            guard let remote else { return }
            take(bytes.withUnsafeBytes { remote.reader.receive($0, length: $0.count, now: piece.time) }, remote.reader)
            remote.reader.forget(olderThan: 120_000, now: piece.time)
        case .answer(let text, let question):
            // It sends these by itself. Any other answer belongs to a question.
            let isOwn = question == .status || question == .events
            guard unanswered.contains(question) || isOwn else { return }
            answered(text, question, at: piece.time)
        case .missed(let question, let why):
            if unanswered.contains(question) { missed(question, why: why) }
        case .state: remote?.describe(&live)
        }
        if !live.isPlausible { remote?.refuse("it tells of more than an appliance has") }
    }
    func lostRemote() {
        for question in unanswered { missed(question, why: remote?.problem ?? "no answer") }
        told()
    }
}
