import Base
import Configuration
import ControlLines
import Stats
package import Supervision
package import Watch
import Wire

/// A question to the supervisor's control socket or to the manager's app port. With its answer it is a piece of a
/// recording.
package enum Question: Hashable, Sendable {
    case status, doctor, events, crashes, addresses
    case log(ProcessName)
    case crash(String)
    /// Questions to the app port.
    case clients, apps, channels, nodes
    case client(String)
    case group(Told.Group.Name)

    /// The number of rows, enough for the tallest screen.
    private static let mostRows = 50

    /// The target of a request to the app port. `nil` if the question is for the control socket.
    package var target: String? {
        switch self {
        case .clients: "/clients?most=\(Question.mostRows)"
        case .apps: "/apps?most=\(Question.mostRows)"
        case .channels: "/channels?most=\(Question.mostRows)"
        case .nodes: "/nodes"
        case .client(let id): "/clients/" + percentEncoded(id)
        case .group(.user(let name)): "/clients?user=\(percentEncoded(name))&most=\(Question.mostRows)"
        case .group(.channel(let name)): "/channels/\(percentEncoded(name))?most=\(Question.mostRows)"
        default: nil
        }
    }

    /// The question as a line of JSON for the control socket.
    var line: String {
        var request = ControlRequest(name)
        switch self {
        case .status, .doctor, .crashes, .addresses, .clients, .apps, .channels, .nodes, .client, .group: break
        case .events: request.follow = true
        case .log(let id): request = ControlRequest("log", "\(id)")
        case .crash(let id):
            request = ControlRequest("crashes")
            request.id = id
        }
        return request.line
    }
    /// The name of the question in a recording.
    package var name: String {
        switch self {
        case .status: "status"
        case .doctor: "doctor"
        case .events: "events"
        case .crashes: "crashes"
        case .addresses: "addresses"
        case .clients: "clients"
        case .apps: "apps"
        case .channels: "channels"
        case .nodes: "nodes"
        case .client(let id): "client \(id)"
        case .group(.user(let name)): "user \(name)"
        case .group(.channel(let name)): "channel \(name)"
        case .log(let id): "log \(id)"
        case .crash(let id): "crash \(id)"
        }
    }
    package init?(name: String) {
        // Names of clients, users and channels may have spaces.
        for kind in ["client ", "user ", "channel "] where name.hasPrefix(kind) {
            let rest = String(name.dropFirst(kind.count))
            self = kind == "client " ? .client(rest) : .group(kind == "user " ? .user(rest) : .channel(rest))
            return
        }
        let words = name.split(separator: " ").map(String.init)
        switch (words.first, words.dropFirst().first) {
        case ("status", nil): self = .status
        case ("doctor", nil): self = .doctor
        case ("events", nil): self = .events
        case ("crashes", nil): self = .crashes
        case ("addresses", nil): self = .addresses
        case ("clients", nil): self = .clients
        case ("apps", nil): self = .apps
        case ("channels", nil): self = .channels
        case ("nodes", nil): self = .nodes
        case ("log", let process?):
            guard let id = ProcessName(process) else { return nil }
            self = .log(id)
        case ("crash", let id?): self = .crash(id)
        default: return nil
        }
    }
}

extension Model {
    /// Takes up an answer, live or from a recording. An answer that can't be read changes nothing. `time` is when it
    /// came, in ns.
    package mutating func take(_ text: String, to question: Question, time: UInt64) {
        func answer<Body: Codable & Sendable>(_ body: Body.Type) -> Body? {
            try? ControlAnswer<Body>(json: text).body()
        }
        switch question {
        case .events:
            hasFollowedEvents = true
            if let kept = answer(EventsAnswer.self) {
                kept.events.forEach { take($0) }
            } else if let event = try? Event(json: text) {
                take(event)
            }
        case .clients: told.clients = Told.Clients(json: text)
        case .apps: told.apps.take(json: text, time: time)
        case .channels: told.channels.take(json: text, time: time)
        case .nodes: told.nodes.take(json: text, time: time)
        case .client(let id):
            if told.client?.id != id { told.client = Told.Client(id: id) }
            told.client?.take(json: text, time: time)
        case .group(let name):
            if told.group?.name != name { told.group = Told.Group(name: name) }
            told.group?.take(json: text, time: time)
        case .status: if let status = answer(StatusAnswer.self) { take(status) }
        case .addresses: told.addresses.take(json: text, time: time)
        case .doctor: if let rows = answer(DoctorAnswer.self)?.rows { told.doctor = rows }
        case .log(let id):
            guard let lines = answer(LogAnswer.self)?.lines else { return }
            told.children[id, default: Told.Child()].output = lines.map { UTC.clock($0.time) + " " + $0.text }
        case .crashes:
            guard let ids = answer(CrashesAnswer.self)?.crashes else { return }
            let known = told.crashes ?? []
            told.crashes = ids.map { id in known.first { $0.id == id } ?? Told.CrashReport(id: id) }
        case .crash(let id):
            guard let report = answer(CrashAnswer.self)?.crash else { return }
            told.crashes =
                (told.crashes ?? []).filter { $0.id != id } + [Told.CrashReport(id: id, lines: report.page)]
            told.crashes?.sort { $0.id < $1.id }
        }
    }
    /// There was no answer. The last one stays, and gets older.
    package mutating func miss(_ question: Question, why: String) {
        switch question {
        case .clients: told.clients.problem = why
        case .channels: told.channels.problem = why
        case .nodes: told.nodes.problem = why
        case .apps: told.apps.problem = why
        case .addresses: told.addresses.problem = why
        case .client(let id):
            if told.client?.id != id { told.client = Told.Client(id: id) }
            told.client?.problem = why
        case .group(let name):
            if told.group?.name != name { told.group = Told.Group(name: name) }
            told.group?.problem = why
        case .status, .doctor, .events, .crashes, .log, .crash: break
        }
    }
}
