import Base
import Watch

// The keys that move the picture through time. A moment that is chosen stays, until the operator returns.
extension KeyHandler {
    func step(seconds: Int, _ session: inout Session) -> [Effect] {
        let reach = model.reach
        guard reach.last > reach.first else { return toast("no past is known yet", &session) }
        let from = session.moment ?? model.now
        func moved(_ seconds: Int) -> UInt64 {
            let step = UInt64(seconds.magnitude) * 1_000_000_000
            return seconds < 0 ? from - min(from, step) : from + step
        }
        var to = moved(seconds)
        // A step is a minute where only the minutes are known.
        if min(from, to) < reach.seconds { to = moved(seconds < 0 ? min(seconds, -60) : max(seconds, 60)) }
        return stand(at: to, &session)
    }
    /// Stands at this moment, or at the nearest that is known.
    func stand(at moment: UInt64, _ session: inout Session) -> [Effect] {
        let reach = model.reach
        if moment >= reach.last {
            session.moment = model.isReplay ? reach.last : nil
            return toast(model.isReplay ? "the end of the recording" : "now", &session)
        }
        session.moment = max(moment, reach.first)
        return moment < reach.first ? toast("nothing is known of the time before", &session) : []
    }
    /// Stands still, or goes on: a recording from here, the live picture with the present.
    func pause(_ session: inout Session) { session.moment = session.moment == nil ? model.now : nil }

    /// Returns to the present, or to the end of a recording. In the present the key has its other meaning.
    func now(_ session: inout Session) {
        if model.isReplay {
            session.moment = model.reach.last
        } else if session.moment != nil {
            session.moment = nil
        } else {
            _ = run(.bottom, &session)
        }
    }
    /// Space pauses and plays a recording, leaves the past, and in the present tries the supervisor again.
    func space(_ session: inout Session) -> [Effect] {
        guard model.isReplay || session.moment != nil else { return [.retry] }
        pause(&session)
        return []
    }

    /// `:goto 08:33:40`: the last second in which a clock showed this, in UTC as everywhere on the screens.
    func go(to text: String, _ session: inout Session) -> [Effect] {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard (2...3).contains(parts.count), let hour = parts[0], (0..<24).contains(hour), let minute = parts[1],
            (0..<60).contains(minute), let second = parts.count > 2 ? parts[2] : 0, (0..<60).contains(second)
        else { return toast(":goto 08:33:40, or 08:33 (UTC)", &session) }
        let reach = model.reach
        let day: UInt64 = 86_400_000
        let wanted = UInt64(hour * 3600 + minute * 60 + second) * 1000
        // The wall clock at the last moment.
        let last = model.wall + (reach.last - min(reach.last, model.now)) / 1_000_000
        let back = (last % day + day - wanted) % day
        let begin = reach.last - min(reach.last, back * 1_000_000)
        // The middle of the second: the two clocks differ by a millisecond now and then, which must not show the second
        // before.
        let moment = min(begin + 500_000_000, max(begin, reach.last - min(reach.last, 1)))
        guard begin + 1_000_000_000 > reach.first else {
            let first = last - min(last, (reach.last - reach.first) / 1_000_000)
            return toast("known are \(UTC.clock(first)) to \(UTC.clock(last))", &session)
        }
        return stand(at: moment, &session)
    }
}
