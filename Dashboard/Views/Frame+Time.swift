import Base
import Stats
import Supervision
import Watch

// The words about the time of the picture.
extension Frame {
    /// Whether the picture is live, and if not, from when it is.
    static func linkWord(_ context: Context) -> (String, Role) {
        let model = context.model
        if let past = model.past {
            let ago = Double(past.present - min(past.present, model.now)) / 1e9
            return ("\(UTC.clock(model.wall)), \(Format.age(ago)) ago", .warning)
        }
        switch model.link {
        case .waiting: return ("WAIT", .warning)
        case .live: return ("LIVE", .normal)
        case .replay(let isOver): return (position(context, isOver: isOver), .warning)
        case .lost(let since, _):
            return ("LOST " + Format.age(Double(context.now > since ? context.now - since : 0) / 1e9), .critical)
        }
    }
    /// `REPLAY 12:11 of 1h02 x4`: the time since the beginning of the recording, its length, and its speed.
    private static func position(_ context: Context, isOver: Bool) -> String {
        let reach = context.model.reach
        func age(_ end: UInt64) -> String { Format.age(Double(end - min(end, reach.first)) / 1e9) }
        if isOver { return "REPLAY END " + age(reach.last) }
        let isPaused = context.session.moment != nil
        let speed = isPaused || reach.speed == 1 ? "" : " x" + Format.decimals(reach.speed, reach.speed < 10 ? 1 : 0)
        return (isPaused ? "PAUSED " : "REPLAY ") + age(context.now) + " of " + age(reach.last) + speed
    }

    /// Nobody may take a picture of the past for the present.
    static func past(_ context: Context) -> [Page.HeaderLine] {
        guard let past = context.model.past else { return [] }
        var line = Line("## PAST", .warning)
        if past.totals != nil {
            line.add("only these totals were kept, by the minute", role: .warning, leaves: 2)
        } else {
            line.add(past.isWhole ? "as it was here" : "? was not kept", role: .warning, leaves: 2)
        }
        line.add("<- -> 1s  ( ) 10s  { } 1min  [ ] events", role: .dim, leaves: 3)
        line.add("End: now", role: .dim, leaves: 1)
        if let worst = past.alerts.first {
            let text = "now: \(past.alerts.count) " + (past.alerts.count == 1 ? "alert" : "alerts")
            line.addRight(text, role: worst.isCritical ? .critical : .warning)
        }
        return [Page.HeaderLine(line: line, from: 8)]
    }
}
