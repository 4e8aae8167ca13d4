/// A line from the coordinator to a client process. The process answers `done` when it has carried out the order.
enum LoadOrder: Equatable {
    /// Connect all clients that are not connected. At most `window` of them may be not yet known to be polling.
    case connect(window: Int)
    /// Publish to a client as soon as it polls, with at most `window` messages under way. It ends after so many seconds
    /// or so many messages.
    case unicast(window: Int, seconds: Double, count: Int)
    /// Publish so many messages a second, to clients that poll or to any client.
    case steady(perSecond: Double, seconds: Double, any: Bool)
    /// Publish so many messages to clients that are not there, with at most `window` unanswered.
    case queue(window: Int, count: Int)
    /// Wait until all clients have the broadcast of this number, for at most so many seconds.
    case gather(round: Int, seconds: Double)
    /// Wait for the messages that are still under way.
    case settle(seconds: Double)
    /// The server cuts all clients. Wait until all are back, for at most so many seconds.
    case comeBack(seconds: Double)
    /// So many connections at a time shake hands, ask once and close.
    case handshakes(connections: Int, seconds: Double, isResumed: Bool)
    /// Close every client's connection.
    case drop
    /// Forget the latencies so far, and start counting rates anew.
    case reset
    case report
    case stop

    var line: String {
        switch self {
        case .connect(let window): "connect \(window)"
        case .unicast(let window, let seconds, let count): "unicast \(window) \(seconds) \(count)"
        case .steady(let perSecond, let seconds, let any): "steady \(perSecond) \(seconds) \(any)"
        case .queue(let window, let count): "queue \(window) \(count)"
        case .gather(let round, let seconds): "gather \(round) \(seconds)"
        case .settle(let seconds): "settle \(seconds)"
        case .comeBack(let seconds): "come-back \(seconds)"
        case .handshakes(let connections, let seconds, let isResumed):
            "handshakes \(connections) \(seconds) \(isResumed)"
        case .drop: "drop"
        case .reset: "reset"
        case .report: "report"
        case .stop: "stop"
        }
    }

    init?(line: String) {
        let words = line.split(separator: " ").map(String.init)
        func integer(_ index: Int) -> Int { index < words.count ? Int(words[index]) ?? 0 : 0 }
        func real(_ index: Int) -> Double { index < words.count ? Double(words[index]) ?? 0 : 0 }
        switch words.first {
        case "connect": self = .connect(window: integer(1))
        case "unicast": self = .unicast(window: integer(1), seconds: real(2), count: integer(3))
        case "steady": self = .steady(perSecond: real(1), seconds: real(2), any: words.last == "true")
        case "queue": self = .queue(window: integer(1), count: integer(2))
        case "gather": self = .gather(round: integer(1), seconds: real(2))
        case "settle": self = .settle(seconds: real(1))
        case "come-back": self = .comeBack(seconds: real(1))
        case "handshakes":
            self = .handshakes(connections: integer(1), seconds: real(2), isResumed: words.last == "true")
        case "drop": self = .drop
        case "reset": self = .reset
        case "report": self = .report
        case "stop": self = .stop
        default: return nil
        }
    }
}
