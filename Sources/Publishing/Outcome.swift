import Base
import Wire

/// The outcome of one request. `again` says that a publish with the same `once` had it before.
enum Outcome {
    case sent(UInt64, again: Bool = false)
    case queued(UInt64, again: Bool = false)
    /// A publish to several: how many of them are connected, and how many are away and find it when they come.
    case several(UInt64, sent: Int, waiting: Int, again: Bool = false)
    /// A publish that nobody reads.
    case nobody(again: Bool = false)
    /// Subscribers of the last channel, and the highest id that was given out.
    case subscribed(Int, cursor: UInt64)
    case unsubscribed(Int, cursor: UInt64)
    /// Clients that were connected.
    case disconnected(Int)
    /// The connection is a stream now, which begins behind this event.
    case streams(StaticString, cursor: UInt64)
    /// The reader has all events up to this one.
    case seen(UInt64)
    /// A box, so that the outcomes of most requests are small.
    indirect case wrong(PublishError)

    var status: Int {
        switch self {
        case .sent, .nobody, .subscribed, .unsubscribed, .disconnected, .streams, .seen: 200
        case .queued: 202
        case .several(_, let sent, let waiting, _): sent == 0 && waiting > 0 ? 202 : 200
        case .wrong(let error): error.status
        }
    }
    /// `index` is the place of this outcome among several. Errors say it.
    func write(to out: inout Buffer, index: Int? = nil) {
        switch self {
        case .sent(let id, let again):
            begin(id, to: &out)
            out.append(",\"status\":\"sent\"")
            end(again, to: &out)
        case .queued(let id, let again):
            begin(id, to: &out)
            out.append(",\"status\":\"queued\"")
            end(again, to: &out)
        case .several(let id, let sent, let waiting, let again):
            begin(id, to: &out)
            out.append(",\"status\":\"")
            out.append(sent > 0 ? "sent" : waiting > 0 ? "queued" : "nobody")
            count("\",\"sent\":", sent, to: &out)
            count(",\"waiting\":", waiting, to: &out)
            end(again, to: &out)
        case .nobody(let again):
            out.append("{\"status\":\"nobody\"")
            end(again, to: &out)
        case .subscribed(let subscribers, let cursor):
            out.append("{\"status\":\"subscribed\"")
            end(subscribers, cursor, to: &out)
        case .unsubscribed(let subscribers, let cursor):
            out.append("{\"status\":\"unsubscribed\"")
            end(subscribers, cursor, to: &out)
        case .disconnected(let clients):
            count("{\"status\":\"disconnected\",\"clients\":", clients, to: &out)
            out.append("}")
        case .streams(let name, let cursor):
            out.append("{\"status\":\"")
            out.append(name)
            end("\"", cursor, to: &out)
        case .seen(let cursor): end("{\"status\":\"seen\"", cursor, to: &out)
        case .wrong(let error): error.write(to: &out, index: index)
        }
    }

    @inline(__always) private func begin(_ id: UInt64, to out: inout Buffer) {
        out.append("{\"id\":")
        out.append(decimal: id)
    }
    private func count(_ name: StaticString, _ value: Int, to out: inout Buffer) {
        out.append(name)
        out.append(decimal: UInt64(value))
    }
    @inline(__always) private func end(_ again: Bool, to out: inout Buffer) {
        if again { out.append(",\"again\":true") }
        out.append(UInt8(ascii: "}"))
    }
    private func end(_ subscribers: Int, _ cursor: UInt64, to out: inout Buffer) {
        count(",\"subscribers\":", subscribers, to: &out)
        end("", cursor, to: &out)
    }
    private func end(_ before: StaticString, _ cursor: UInt64, to out: inout Buffer) {
        out.append(before)
        out.append(",\"cursor\":")
        out.append(decimal: cursor)
        out.append("}")
    }
}
