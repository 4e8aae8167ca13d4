import Base
import Comet
import Wire

// Who publishes: GET /apps, the connections of apps one by one, for an operator who asks where the messages come from.

/// What one connection of an app has sent since it came.
struct AppTally: Equatable {
    /// Publishes that were taken up, and the bytes of their messages.
    var publishes: UInt64 = 0
    var bytes: UInt64 = 0
    /// What was refused: publishes (also for want of room), keys, and requests that failed.
    var errors: UInt64 = 0
}

/// One connection of an app, as it is told of: never with keys or messages.
package struct ConnectedApp {
    /// Address and port.
    let peer: String
    let form: AppSession.Form
    let tally: AppTally
    let connectedMilliseconds: UInt64
    let idleMilliseconds: UInt64
    /// Bytes of answers that wait until it reads.
    let backlogBytes: Int

    /// `since`: when it came; `lastProgress`: when it last got on. Both, and now, in milliseconds of one clock.
    package init(_ session: borrowing AppSession, peer: String, since: UInt64, lastProgress: UInt64, now: UInt64) {
        self.peer = peer
        form = session.form
        tally = session.tally
        connectedMilliseconds = now - min(now, since)
        idleMilliseconds = now - min(now, lastProgress)
        backlogBytes = session.output.count
    }
}

extension AppPort {
    /// `{"apps":[{"peer":"127.0.0.1:51022","form":"lines",..},...],"more":0}`, those that published most first, among
    /// equals the oldest.
    mutating func writeApps(_ query: UnsafeRawBufferPointer, _ others: () -> [ConnectedApp]) -> PublishError? {
        guard let most = AppPort.most(query) else { return .badMost }
        let apps = others().sorted {
            ($0.tally.publishes, $0.connectedMilliseconds) > ($1.tally.publishes, $1.connectedMilliseconds)
        }
        body.append("{\"apps\":[")
        for (at, app) in apps.prefix(most).enumerated() {
            if at > 0 { body.append(",") }
            write(app)
        }
        body.append("],\"more\":")
        body.append(decimal: UInt64(max(0, apps.count - most)))
        body.append("}")
        return nil
    }
    private mutating func write(_ app: ConnectedApp) {
        body.append("{\"peer\":\"")
        body.append(string: app.peer)
        switch app.form {
        // It has not said anything yet.
        case .unknown: body.append("\",\"form\":null")
        case .lines: body.append("\",\"form\":\"lines\"")
        case .http: body.append("\",\"form\":\"http\"")
        }
        body.append(",\"connected_seconds\":")
        write(seconds: app.connectedMilliseconds)
        body.append(",\"publishes\":")
        body.append(decimal: app.tally.publishes)
        body.append(",\"bytes\":")
        body.append(decimal: app.tally.bytes)
        body.append(",\"errors\":")
        body.append(decimal: app.tally.errors)
        body.append(",\"idle_seconds\":")
        write(seconds: app.idleMilliseconds)
        body.append(",\"backlog_bytes\":")
        body.append(decimal: UInt64(app.backlogBytes))
        body.append("}")
    }
    /// To the millisecond: rates are made of two answers.
    private mutating func write(seconds milliseconds: UInt64) {
        body.append(decimal: milliseconds / 1000)
        let rest = milliseconds % 1000
        body.append(rest < 10 ? ".00" : rest < 100 ? ".0" : ".")
        body.append(decimal: rest)
    }

    /// How many rows are asked for with `most`; nil where that is no number of the range.
    static func most(_ query: UnsafeRawBufferPointer) -> Int? {
        var most = usualRows
        for (name, value) in QueryArguments(query) where matches(name, "most") {
            guard value.count > 0, value.count < 4, value.allSatisfy({ (48...57).contains($0) }) else { return nil }
            most = value.reduce(0) { $0 * 10 + Int($1 - 48) }
        }
        return (1...Limits.appAnswerRows).contains(most) ? most : nil
    }
    /// Where the query does not say how many.
    private static let usualRows = 10
}
