import Configuration
import Glibc
import Reactor
import Stats
import Supervision
import Wire

/// The operator's HTTP: /metrics for Prometheus, /health for load balancers, /status for programs. Only GET and HEAD, only answers.
final class OperatorPort {
    /// More connections are closed at once: nobody needs them, and they hold descriptors.
    private static let mostConnections = 64
    private static let mostRequestBytes = 8192
    /// Without a whole request for so long: closed.
    private static let idleSeconds = 30.0

    private unowned let supervisor: Supervisor
    private let listener: Int32
    private var acceptor: Acceptor?
    private var connections: [ObjectIdentifier: OperatorConnection] = [:]
    private(set) var requests: UInt64 = 0

    init(_ supervisor: Supervisor) throws {
        self.supervisor = supervisor
        let settings = supervisor.settings.operator
        listener = try Sockets.listen(Endpoint(settings.address, UInt16(settings.port)))
        acceptor = Acceptor(supervisor.loop, listener: listener) { [unowned self] in accepted($0) }
    }
    deinit { Sockets.close(listener) }

    private func accepted(_ descriptor: Int32) {
        guard connections.count < OperatorPort.mostConnections else { return Sockets.close(descriptor) }
        let connection = OperatorConnection(supervisor.loop, descriptor, idleSeconds: OperatorPort.idleSeconds)
        connection.received = { [unowned self] in answer(connection, $0) }
        connection.closed = { [unowned self] in connections[ObjectIdentifier(connection)] = nil }
        connections[ObjectIdentifier(connection)] = connection
    }

    /// Answers what is whole in `input`; how many bytes that was.
    private func answer(_ connection: OperatorConnection, _ input: UnsafeRawBufferPointer) -> Int {
        switch HTTPRequest.parse(input, limit: OperatorPort.mostRequestBytes) {
        case .incomplete: return 0
        case .refused(let refusal):
            connection.send(status: refusal.status, type: "text/plain; charset=utf-8", body: refusal.message + "\n", keepAlive: false, isHead: false)
            return input.count
        case .request(let request):
            requests += 1
            guard request.contentLength == 0, request.method == .get || request.method == .head else {
                connection.send(status: 405, type: "text/plain; charset=utf-8", body: "only GET and HEAD are known here\n", keepAlive: false, isHead: false)
                return input.count
            }
            let (status, type, body) = content(String(decoding: request.path, as: UTF8.self))
            connection.send(status: status, type: type, body: body, keepAlive: request.keepAlive, isHead: request.method == .head)
            return request.headBytes
        }
    }

    private func content(_ path: String) -> (status: Int, type: String, body: String) {
        switch path {
        case "/metrics": return (200, "text/plain; version=0.0.4; charset=utf-8", supervisor.metricsText)
        case "/health":
            let problems = supervisor.problems
            let list = problems.map { jsonText($0) }.joined(separator: ",")
            return (problems.isEmpty ? 200 : 503, "application/json", "{\"healthy\":\(problems.isEmpty),\"problems\":[\(list)]}\n")
        case "/status": return (200, "application/json", supervisor.statusJSON + "\n")
        case "/": return (200, "text/plain; charset=utf-8", "MegaComet \(Version.text): /metrics /health /status\n")
        default: return (404, "text/plain; charset=utf-8", "here are /metrics, /health and /status\n")
        }
    }
}

extension Supervisor {
    var metricsText: String {
        var text = PrometheusText()
        let now = Clock.monotonicNanoseconds
        guard let hub else { return "" }
        if let own = hub.ownSource { text.add(own, now: now) }
        for name in fleet.names {
            let source = if case .worker(let number) = name { hub.reader.current(.worker, number) } else { hub.reader.current(.manager) }
            if let source { text.add(source, now: now) }
        }
        return text.text
    }
    /// Why the appliance is not whole; empty where it is. A process that the operator stopped is as it should be.
    var problems: [String] {
        if fleet.isShuttingDown { return ["the appliance is stopping"] }
        return fleet.names.compactMap { name in
            guard let slot = fleet[name], slot.desired == .up, slot.state != .ready else { return nil }
            return "\(name) is \(slot.state.rawValue)"
        }
    }
}
