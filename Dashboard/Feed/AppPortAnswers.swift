package import Base
import ControlLines
package import Reactor
import Supervision
package import Watch
import Wire

// Takes the answers of the manager's app port into the told facts.
extension Told.Apps {
    package mutating func take(json: String, time: UInt64) {
        guard let answer = try? AppsAnswer(json: json) else {
            problem = refusal(json)
            return
        }
        take(answer.apps, more: answer.more, keys: answer.keys ?? [], time: time)
    }
}

extension Told.Clients {
    package init(json: String) {
        guard let answer = try? ClientsAnswer(json: json) else {
            self.init(problem: refusal(json))
            return
        }
        let rows = answer.clients.map {
            Row(
                id: $0.client, worker: $0.worker.map { .worker($0) } ?? .manager, queued: $0.queued, bytes: $0.bytes,
                oldestSeconds: $0.oldestSeconds)
        }
        self.init(rows: rows, problem: "")
    }
}

extension Told.Channels {
    package mutating func take(json: String, time: UInt64) {
        guard let answer = try? ChannelsAnswer(json: json) else {
            problem = refusal(json)
            return
        }
        take(answer.channels, time: time)
    }
}

extension Told.Nodes {
    package mutating func take(json: String, time: UInt64) {
        guard let answer = try? NodesAnswer(json: json) else {
            problem = refusal(json)
            return
        }
        take(answer, time: time)
    }
}

extension Told.Client {
    package mutating func take(json: String, time: UInt64) {
        guard let answer = try? ClientAnswer(json: json) else {
            problem = refusal(json)
            return
        }
        take(answer, time: time)
    }
}

extension Told.Group {
    package mutating func take(json: String, time: UInt64) {
        switch name {
        case .user:
            // A manager of an earlier release has not looked at the user, and answers with all clients.
            if let answer = try? ClientsAnswer(json: json) {
                guard answer.user != nil else { return problem = "the manager is older, and knows no users" }
                return take(answer, time: time)
            }
        case .channel:
            if let facts = try? ChannelFacts(json: json) { return take(facts, time: time) }
        }
        problem = refusal(json)
    }
}

extension Told.Followed {
    /// Takes a line of what happens. One that can't be read changes nothing.
    package mutating func take(json: String, wall: UInt64) {
        guard let event = try? FollowedEvent(json: json) else { return }
        take(event, wall: wall)
    }
    package mutating func ended(_ end: AppPortLines.End, _ endpoint: Endpoint, wall: UInt64) {
        switch end {
        case .refused(let json): refused(refusal(json))
        case .unreachable(let why): lost("\(endpoint): \(why)", wall: wall)
        case .closed: lost("the manager closed the connection", wall: wall)
        }
    }
}

extension AppPortClient.Failure {
    /// Why an app port gave no answer, for the screen.
    func text(_ endpoint: Endpoint) -> String {
        switch self {
        case .unreachable(let why): "\(endpoint): \(why)"
        case .silent: "\(endpoint) does not answer"
        case .cut: "\(endpoint) closed without an answer"
        case .tooMuch: "\(endpoint) answers too much"
        }
    }
}

private func refusal(_ json: String) -> String {
    let answer = try? AppErrorAnswer(json: json)
    return "the manager says: " + (answer?.error.message ?? "what can't be read")
}
