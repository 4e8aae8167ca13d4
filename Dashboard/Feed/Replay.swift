import ControlLines
package import Stats
import Supervision
package import Watch

/// A recording and the model that it makes, at any of its moments.
///
/// The picture of a moment depends on nothing but the moment: the model counts its alerts and histories once for each
/// second of the recording, however fast it is played and wherever it was before. Backwards it plays from the last of
/// 16 copies that it kept on its way, so that no more than a 16th of the recording is played again.
package struct Replay {
    private static let checkpoints = 16
    /// Later than this after the last report nothing changes any more.
    private static let silenceNanoseconds: UInt64 = 70_000_000_000
    private static let second: UInt64 = 1_000_000_000

    private struct Checkpoint {
        var player: Player
        var model: Model
        var counted: UInt64
    }
    package private(set) var model: Model
    private var player: Player
    /// The last second that the model has counted.
    private var counted: UInt64
    private var kept: [Checkpoint] = []
    /// The clock of the player: what it shows at `startedAt`, and how fast it runs. `nil` while it stands.
    private var startedAt: UInt64?
    private var startedFrom: UInt64
    private let speed: Double
    /// When events came, with their severity. `nil` until somebody asks.
    private var eventTimes: [(time: UInt64, severity: Severity)]?

    /// `from` and `to` are seconds since the recording's start. `now` is in ns of any clock.
    package init(
        _ pieces: [Recording.Piece], _ server: Model.Server, from: Double, to: Double?, speed: Double, now: UInt64
    ) {
        player = Player(pieces, to: to)
        model = Model()
        model.server = server
        self.speed = speed.isFinite ? max(0.01, speed) : 1
        counted = player.first / Replay.second
        startedAt = now
        startedFrom = min(player.last, player.first &+ Player.nanoseconds(from * 1e9))
        keep()
        show(startedFrom)
    }
    package var first: UInt64 { player.first }
    package var last: UInt64 { player.last }

    /// Shows what the recording has after so much time, or stands at `moment`.
    package mutating func advance(now: UInt64, moment: UInt64?) {
        if let moment {
            startedAt = nil
            startedFrom = min(max(moment, first), last)
            return show(startedFrom)
        }
        let began = startedAt ?? now
        startedAt = began
        let run = Player.nanoseconds(Double(now - min(began, now)) * speed)
        show(min(last, startedFrom &+ min(run, last)))
    }
    private mutating func show(_ moment: UInt64) {
        if moment < model.now {
            let checkpoint = kept.last { $0.model.now <= moment } ?? kept[0]
            (player, model, counted) = (checkpoint.player, checkpoint.model, checkpoint.counted)
        }
        // A second is counted with the pieces that came until it was over.
        while let due = nextSecond, due <= moment {
            play(until: due)
            counted = due / Replay.second
            model.tick()
            keep()
        }
        play(until: moment)
        var reach = Model.Reach()
        (reach.first, reach.seconds, reach.last, reach.speed) = (first, first, last, speed)
        model.reach = reach
        model.link = .replay(isOver: moment >= last)
    }
    /// The end of the next second in which something changes.
    private var nextSecond: UInt64? {
        let next = (counted + 1) * Replay.second
        if let heard = player.heardAt, next <= heard &+ Replay.silenceNanoseconds { return next }
        guard let piece = player.nextTime else { return nil }
        return max(next, (piece / Replay.second + 1) * Replay.second)
    }
    private mutating func play(until moment: UInt64) {
        model.now = moment
        player.play(until: moment) { model.take($0) }
        model.wall = player.wall(at: moment)
    }
    /// Keeps a copy of each 16th of the pieces.
    private mutating func keep() {
        guard player.next >= (kept.last.map { $0.player.next + max(1, player.count / Replay.checkpoints) } ?? 0) else {
            return
        }
        kept.append(Checkpoint(player: player, model: model, counted: counted))
    }

    /// The moment of the next event from this severity on, after or before another moment. `nil` if there is none.
    package mutating func moment(ofEvent forward: Bool, from moment: UInt64, _ level: Severity) -> UInt64? {
        let times = eventTimes ?? player.eventTimes()
        eventTimes = times
        return nextEvent(times.filter { $0.severity >= level }.map(\.time), forward: forward, from: moment)
    }
}

/// Events that came within this time are one stop.
private let togetherNanoseconds: UInt64 = 200_000_000
/// The picture is taken a moment after the event, so that the event is in it.
private let afterNanoseconds: UInt64 = 50_000_000

private func nextEvent(_ times: [UInt64], forward: Bool, from moment: UInt64) -> UInt64? {
    let found =
        forward
        ? times.filter { $0 > moment }.min() : times.filter { $0 + togetherNanoseconds < moment }.max()
    return found.map { $0 + afterNanoseconds }
}

extension Model {
    /// The same for the events of the live model. Those of its own list have wall time.
    package func moment(ofEvent forward: Bool, from moment: UInt64, _ level: Severity) -> UInt64? {
        let times = events.filter { $0.severity >= level && $0.time <= wall }.map { event in
            now - min(now, (wall - event.time) * 1_000_000)
        }
        return nextEvent(times, forward: forward, from: moment)
    }

    /// Takes a piece of a recording.
    mutating func take(_ piece: Player.Piece) {
        switch piece {
        case .datagram(let outcome, let reader): take(outcome, reader, withEvents: !hasFollowedEvents)
        case .answer(let text, let question, let time): take(text, to: question, time: time)
        }
    }
    /// Takes what a reader has made of a datagram. Events of the control socket have numbers, and earlier events come
    /// with them; so events of datagrams are taken only without it.
    mutating func take(_ outcome: StatsReader.Outcome, _ reader: StatsReader, withEvents: Bool) {
        switch outcome {
        case .report(let boot, _, let lost):
            if let source = reader.sources[boot] { take(Report(source, lost: lost)) }
        case .event(let json, _): if withEvents, let event = try? Event(json: json) { take(event) }
        case .history(let history): take(history)
        case .late, .control, .dropped: break
        }
    }
}
