import Supervision
import Watch

extension Views {
    /// The questions whose answers the screen shows beside the reports, and after how many seconds each is asked again.
    static func questions(
        _ model: Model, _ session: Session, _ size: Size
    ) -> [(question: Question, seconds: Double)] {
        var questions: [(question: Question, seconds: Double)] = []
        var detail: ProcessName?
        if case .detail(let id, _)? = session.shownOverlay { detail = id }
        if session.screen == .procs || detail != nil,
            let id = detail ?? KeyHandler(model, size).selected(session)
        {
            questions.append((.log(id), 1))
        }
        if case .addresses? = session.shownOverlay { questions.append((.addresses, Told.Addresses.everySeconds)) }
        if session.screen == .host { questions.append((.doctor, 60)) }
        if session.screen == .nodes { questions.append((.nodes, Told.Nodes.everySeconds)) }
        // Each of these takes the whole terminal. With a client apps are asked for, too: what happens to it is told
        // with the number of the app that published.
        if let client = session.client {
            return questions + [(.client(client.id), Told.Client.everySeconds), (.apps, Told.Apps.everySeconds)]
        }
        if let group = session.group { return questions + [(.group(group.name), Told.Group.everySeconds)] }
        if session.showsApps { return questions + [(.apps, Told.Apps.everySeconds)] }
        var showsClients = session.screen == .queues && size.width >= wideFrom
        if case .clients? = session.shownOverlay { showsClients = true }
        if showsClients { questions.append((.clients, 5)) }
        if session.screen == .queues, showsChannels(model, size) {
            questions.append((.channels, Told.Channels.everySeconds))
        }
        if session.screen == .delivery, showsApps(size) { questions.append((.apps, Told.Apps.everySeconds)) }
        return questions
    }
}
