package import Base
package import Watch

/// The options of megatop, from its command line and the configuration.
package struct Options: Sendable {
    package enum Format: String, CaseIterable, Sendable { case text, json, csv, prom }
    package var hub = Endpoint("127.0.0.1", 9002)
    package var app = Endpoint("127.0.0.1", 9001)
    /// The key with which the app port is asked, and the one with which clients are followed.
    package var appKey = ""
    package var eventsKey = ""
    package var runDirectory = "/run/megacomet"
    package var configuration: String?
    /// The configuration as its file is at the call, as text without keys, or what is wrong with it. `nil` without one.
    package var configurationNow: @Sendable () -> String? = { nil }
    package var policy = Model.Server.Policy()
    /// The server's name in the title. `nil` for that of the host.
    package var name: String?
    package var isReadOnly = false
    package var isASCII = false
    package var hasColour = true
    /// `nil` means the value that the operator saved, or the default.
    package var interval: Double?
    package var screen: Screen?
    package var sort: String?
    package var filter = ""
    package var isBatch = false
    /// Pictures in batch mode; 0 means for ever.
    package var count = 1
    package var format = Format.text
    /// The form of the one picture that is printed instead of samples, and its size.
    package var shot: Shot.Format?
    package var size = Size(120, 40)
    package var isCheck = false
    /// Each has an ssh of its own, and a row.
    package static let mostHosts = 64
    /// The other machines that are looked at. Empty: this one.
    package var hosts: [String] = []
    /// The program that reaches them, with its options.
    package var ssh = ["ssh"]
    /// The megatop of the other machines, as their shells run it.
    package var remoteCommand = "megatop"
    package var recordPath: String?
    package var replayPath: String?
    package var replayFrom = 0.0
    package var replayTo: Double?
    package var replaySpeed = 1.0
    /// The program that started the servers has opened megatop. When the operator leaves, megatop says how to stop
    /// them.
    package var saysHowToStop = false

    package init() {}

    /// The settings that an earlier session saved.
    package var saved = SavedSettings()

    /// The session of samples, which no saved settings change.
    package func session() -> Session { session(Session()) }
    /// The session on a terminal, and the mistakes in the saved settings. The command line counts for more.
    package func savedSession() -> (Session, mistakes: [String]) {
        var session = Session()
        let mistakes = saved.apply(to: &session)
        return (self.session(session), mistakes)
    }
    private func session(_ session: Session) -> Session {
        var session = session
        session.screen = screen ?? session.screen
        session.interval = interval ?? session.interval
        session.isReadOnly = isReadOnly
        if !filter.isEmpty { session.filter = Filter(filter) }
        if let sort, let column = Columns.named(sort, session.screen) {
            session.sorts[session.screen] = Sort(column.id, descending: column.id != "id")
        }
        return session
    }
}
