import Reactor
import Watch

// The facts about the other machine that no report has.
extension RemoteHost {
    /// Takes up what the other machine says of itself.
    func describe(_ model: inout Model) {
        guard let state else {
            model.server.remote = name
            model.server.host = name
            (model.server.kernel, model.server.runDirectory) = ("", "")
            model.server.statsAddress = name
            return
        }
        // Another boot has another clock, so no report of the one before can be compared.
        if !bootID.isEmpty, bootID != state.bootID {
            var fresh = Model()
            (fresh.server, fresh.events) = (model.server, model.events)
            model = fresh
        }
        bootID = state.bootID
        (model.server.version, model.server.kernel) = (state.version, state.kernel)
        (model.server.runDirectory, model.server.statsAddress) = (state.runDirectory, "\(state.stats) of \(name)")
        model.server.policy.watchdog = state.watchdog
        model.health.isUnauthenticated = state.isUnauthenticated
        let names = Set(state.gone)
        let gone = Set(model.processes.values.filter { names.contains("\($0.id)") }.map(\.pid))
        model.markGone { gone.contains(UInt32(bitPattern: $0)) }
    }
    /// Sets the clock and the link, for a picture. `startedAt` is when megatop began to look.
    func update(_ model: inout Model, now: UInt64, startedAt: UInt64) {
        let time = time(now)
        model.now = time?.monotonic ?? now
        model.wall = time?.wall ?? Clock.wallMilliseconds
        let silence = now - min(now, heardAt ?? startedAt)
        let since = model.now - min(model.now, silence)
        model.server.retry = ""
        if let state, child != nil {
            guard silence <= RemoteHost.lostNanoseconds else {
                model.link = .lost(since: since, reason: "ssh is connected, but \(name) is silent")
                return
            }
            switch state.link {
            case .live: model.link = .live
            case .waiting: if !model.isLost { model.link = .waiting }
            case .lost: model.link = .lost(since: min(state.since, model.now), reason: state.reason)
            }
            return
        }
        guard let problem else {
            model.link = .waiting
            return
        }
        model.server.retry = retryAt > now ? "in \(Format.span(Double(retryAt - now) / 1e9))" : "now"
        model.link = .lost(since: since, reason: problem)
    }
}
