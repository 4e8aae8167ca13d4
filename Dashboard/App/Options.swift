package import Reactor

/// What megatop was told on its command line and by the configuration.
package struct Options: Sendable {
    package enum Format: String, CaseIterable, Sendable { case text, json, csv, prom }
    package var hub = Endpoint("127.0.0.1", 9002)
    package var runDirectory = "/run/megacomet"
    package var configuration: String?
    package var policy = Model.Server.Policy()
    package var isReadOnly = false
    package var isASCII = false
    package var hasColour = true
    package var interval = 1.0
    package var screen = Screen.overview
    package var sort: String?
    package var filter = ""
    package var isBatch = false
    /// Pictures in batch mode; 0: for ever.
    package var count = 1
    package var format = Format.text
    package var isCheck = false
    package var recordPath: String?
    package var replayPath: String?
    package var replayFrom = 0.0
    package var replayTo: Double?
    package var replaySpeed = 1.0
    /// megatop was opened by who started the servers: it says how to stop them when it is left.
    package var saysHowToStop = false

    package init() {}

    package func session() -> Session {
        var session = Session()
        session.screen = screen
        session.interval = interval
        session.isReadOnly = isReadOnly
        session.filter = Filter(filter)
        if let sort, let column = Columns.of(screen).first(where: { $0.id == sort.lowercased() || $0.title.lowercased() == sort.lowercased() }) {
            session.sorts[screen] = Sort(column.id, descending: column.id != "id")
        }
        return session
    }
}
