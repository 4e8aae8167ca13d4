import Stats
import Supervision
import Watch

/// The picture of the moment that the operator looks at, while it is not live. It is made once, and stays although the
/// archive forgets that moment after ten minutes.
struct PastPicture {
    private(set) var model: Model?
    private var moment: UInt64?
    /// The pieces of the hub's history that were known when it was made.
    private var pieces = 0

    /// `moment` is `nil` for the present.
    mutating func show(_ moment: UInt64?, of live: Model, _ archive: StatsArchive, pieces: Int) {
        defer { (self.moment, self.pieces) = (moment, pieces) }
        guard let moment else { return model = nil }
        let isKnown = moment == self.moment && (pieces == self.pieces || model?.past?.isWhole == true)
        if isKnown, model != nil {
            model?.past?.present = live.now
        } else if moment == live.now {
            // The operator has stopped the live picture.
            model = live
            model?.past = Model.Past(present: live.now)
            model?.past?.isWhole = true
        } else {
            model = live.past(at: moment, archive)
        }
        model?.past?.alerts = live.alerts.filter(\.isOpen)
        model?.reach = live.reach
    }
}
