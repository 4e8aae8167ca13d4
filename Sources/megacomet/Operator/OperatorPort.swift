import Base
import Configuration
import Glibc
import Reactor
import Stats
import Supervision
import Wire

/// Knows the texts of the operator's pages.
protocol OperatorPages: AnyObject {
    /// Names of this server beside the machine's own: `operator.hosts`.
    var hosts: [String] { get }
    var metricsText: String { get }
    /// Why the appliance is not whole. Empty if it is.
    var problems: [String] { get }
    var alerts: [Alert] { get }
    var status: StatusAnswer { get }
}

/// The operator's HTTP: /metrics for Prometheus, /health for load balancers, /status for programs. It takes only GET
/// and HEAD, and changes nothing.
///
/// The supervisor has better things to do, so requests wait in a queue, however many come at once. In a turn of the
/// loop each connection has one request answered. Of the long answers (/metrics, /status) one is given in a turn, over
/// all connections.
final class OperatorPort {
    /// One more takes the place of the connection that has been quiet for longest. So anyone who asks for /health gets
    /// in.
    private static let mostConnections = 64
    private static let mostRequestBytes = 8192
    /// A connection without a whole request for so long is closed.
    private static let idleSeconds = 30.0

    private let loop: Loop
    private unowned let pages: any OperatorPages
    private let listener: Int32
    private let hostNames = Sockets.hostNames
    private var acceptor: Acceptor?
    private var connections: [ObjectIdentifier: OperatorConnection] = [:]
    /// The connections with something to answer, in the order in which it came.
    private var waiting: [OperatorConnection] = []
    private var turn: Timer?
    /// The count of connections and answers. It serves as the clock of `lastUse`.
    private var uses: UInt64 = 0
    private(set) var requests: UInt64 = 0

    init(_ loop: Loop, _ endpoint: Endpoint, _ pages: any OperatorPages) throws {
        self.loop = loop
        self.pages = pages
        listener = try Sockets.listen(endpoint)
        turn = Timer(loop) { [unowned self] in takeTurn() }
        acceptor = Acceptor(loop, listener: listener) { [unowned self] in accepted($0) }
    }
    deinit { Sockets.close(listener) }

    private func accepted(_ descriptor: Int32) {
        if connections.count >= OperatorPort.mostConnections {
            // A connection that is being answered keeps its place if another one is idle.
            let idle = connections.values.filter(\.isIdle)
            (idle.isEmpty ? Array(connections.values) : idle).min { $0.lastUse < $1.lastUse }?.close()
        }
        uses += 1
        let connection = OperatorConnection(
            loop, descriptor, idleSeconds: OperatorPort.idleSeconds, lastUse: uses)
        connection.waits = { [unowned self, unowned connection] in enqueue(connection) }
        connection.closed = { [unowned self, unowned connection] in forget(connection) }
        connections[ObjectIdentifier(connection)] = connection
    }
    private func forget(_ connection: OperatorConnection) {
        connections[ObjectIdentifier(connection)] = nil
        if connection.isWaiting { waiting.removeAll { $0 === connection } }
    }
    private func enqueue(_ connection: OperatorConnection) {
        guard !connection.isWaiting else { return }
        connection.isWaiting = true
        waiting.append(connection)
        if turn?.isRunning == false { turn?.start(after: 0) }
    }

    /// Answers the requests of this turn of the loop.
    private func takeTurn() {
        let now = waiting
        waiting = []
        var longAnswers = 1
        for connection in now {
            connection.isWaiting = false
            answer(connection, &longAnswers)
        }
        if !waiting.isEmpty { turn?.start(after: 0) }
    }

    /// Answers the first request of a connection, if it is whole and its turn has come.
    private func answer(_ connection: OperatorConnection, _ longAnswers: inout Int) {
        func send(
            _ taken: Int, _ status: Int, _ body: String, type: String = "text/plain; charset=utf-8",
            keepAlive: Bool, isHead: Bool = false
        ) {
            uses += 1
            connection.lastUse = uses
            connection.answer(
                taken: taken, status: status, type: type, body: body, keepAlive: keepAlive, isHead: isHead)
        }
        let input = connection.unanswered
        switch HTTPRequest.parse(input, limit: OperatorPort.mostRequestBytes, findsSite: true) {
        case .incomplete: connection.readOn()
        case .refused(let refusal): send(input.count, refusal.status, refusal.message + "\n", keepAlive: false)
        case .request(let request):
            let path = String(decoding: request.path, as: UTF8.self)
            guard request.contentLength == 0, request.method == .get || request.method == .head else {
                requests += 1
                return send(input.count, 405, "only GET and HEAD are known here\n", keepAlive: false)
            }
            let isHead = request.method == .head
            if let refusal = keptOff(request, path) {
                requests += 1
                return send(request.headBytes, 403, refusal, keepAlive: request.keepAlive, isHead: isHead)
            }
            if path == "/metrics" || path == "/status" {
                guard longAnswers > 0 else { return enqueue(connection) }
                longAnswers -= 1
            }
            requests += 1
            let (status, type, body) = content(path)
            send(request.headBytes, status, body, type: type, keepAlive: request.keepAlive, isHead: isHead)
        }
    }

    /// Why a request is refused that a web page may have sent (`PageGuard`). The requests of Prometheus and load
    /// balancers are answered for everyone.
    private func keptOff(_ request: HTTPRequest, _ path: String) -> String? {
        guard path != "/health", path != "/metrics" else { return nil }
        switch PageGuard(names: hostNames + pages.hosts).refusal(request) {
        case nil: return nil
        case .origin, .site: return "a web page may not ask here\n"
        case .host: return "Host is no address and no name of this machine: add it to operator.hosts\n"
        }
    }

    private var health: String {
        let (problems, alerts) = (pages.problems, pages.alerts)
        let list = problems.map { jsonText($0) }.joined(separator: ",")
        return "{\"healthy\":\(problems.isEmpty),\"problems\":[\(list)],"
            + "\"verdict\":\"\(Verdict(alerts).rawValue)\",\"alerts\":\(JSONLine.text(alerts))}\n"
    }
    private func content(_ path: String) -> (status: Int, type: String, body: String) {
        switch path {
        case "/metrics": return (200, "text/plain; version=0.0.4; charset=utf-8", pages.metricsText)
        case "/health":
            return (pages.problems.isEmpty ? 200 : 503, "application/json", health)
        case "/status": return (200, "application/json", JSONLine.text(pages.status) + "\n")
        case "/": return (200, "text/plain; charset=utf-8", "MegaComet \(Version.text): /metrics /health /status\n")
        default: return (404, "text/plain; charset=utf-8", "here are /metrics, /health and /status\n")
        }
    }
}
