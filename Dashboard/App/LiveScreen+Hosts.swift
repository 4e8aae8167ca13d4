import Watch

// Several machines: their rows, or one of them with all its screens.
extension LiveScreen {
    /// The session that is shown first, and those of all machines and of their rows. The filter is for what is shown
    /// first.
    static func sessions(_ options: Options, of count: Int) -> (Session, [Session], mistakes: [String]) {
        var (first, mistakes) = options.savedSession()
        var others = first
        if count > 1 {
            first.cursor = .line(0)
            others.filter = Filter("")
            others.isOneOfSeveral = true
        }
        return (first, Array(repeating: others, count: count + 1), mistakes)
    }
    func showHosts() {
        guard sources.count > 1, let at = sources.firstIndex(where: { $0 === source }) else {
            return say("one machine is shown: megatop HOST HOST .. shows several")
        }
        // The past ends: it would hide what happens there meanwhile.
        (session.moment, session.overlay, session.underlay) = (nil, nil, nil)
        sessions[at] = session
        isShowingHosts = true
        change(to: sources.count, showing: 0)
    }
    func openHost(_ index: Int, _ screen: Screen?) {
        guard isShowingHosts, sources.indices.contains(index) else { return }
        sessions[sources.count] = session
        isShowingHosts = false
        change(to: index, showing: index)
        session.screen = screen ?? session.screen
        source.retry()
    }
    /// Each machine has a clock of its own, so no time of the one before counts.
    private func change(to at: Int, showing index: Int) {
        let (interval, usesMouse) = (session.interval, session.usesMouse)
        session = sessions[at]
        (session.interval, session.usesMouse, session.toast) = (interval, usesMouse, nil)
        session.order = []
        source = sources[index]
        past = PastPicture()
        (lastKey, lastSort, shownScreen) = (source.model.now, 0, nil)
    }
}
