import Base
package import Supervision

/// Tells of alerts beside the picture: by the window's title, the bell, and a notice on the desktop.
package struct Announcer: Sendable {
    package enum Notification: String, CaseIterable, Sendable { case off, osc9, osc777 }
    package struct Words: Equatable, Sendable {
        /// The window's title, if it is another one now.
        package var title: String?
        package var ringsBell = false
        /// The text of a notice.
        package var notice: String?
        package init(title: String? = nil, ringsBell: Bool = false, notice: String? = nil) {
            self.title = title
            self.ringsBell = ringsBell
            self.notice = notice
        }
    }
    private var title: String?
    private var raised: Set<String> = []

    package init() {}

    /// `alerts` are those that are raised now.
    package mutating func announce(_ alerts: [Alert], host: String, _ session: Session) -> Words {
        var words = Words()
        let wanted = session.setsTitle ? (alerts.isEmpty ? "" : "(!) ") + "megatop \(host)" : nil
        if wanted != title { words.title = wanted ?? "" }
        title = wanted
        let new = alerts.filter { !raised.contains($0.key) }
        raised = Set(alerts.map(\.key))
        guard let worst = new.first else { return words }
        words.ringsBell = session.ringsBell
        if session.notification != .off {
            words.notice = plainText(worst.sentence) + (new.count > 1 ? " (+\(new.count - 1))" : "")
        }
        return words
    }
}
