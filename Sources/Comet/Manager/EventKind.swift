package import Base

/// The kind of an event (docs/events.txt).
package enum EventKind: UInt8, CaseIterable, Sendable {
    /// The message was written to the client's connection.
    case delivered = 1
    /// The ends of a message. Each message with a receipt has one of them for each of its clients.
    case acknowledged, expired, dropped, replaced
    /// It went to a client that acknowledges nothing. If it was not `delivered` before, nobody knows what became of it.
    case handed
    /// The end of a message to a channel, a user or everyone, with the counts of its readers.
    case done
    /// The client came, or has been away for `Limits.graceMilliseconds`.
    case connected, absent
    case subscribed, unsubscribed

    package var name: StaticString {
        switch self {
        case .delivered: "delivered"
        case .acknowledged: "acknowledged"
        case .expired: "expired"
        case .dropped: "dropped"
        case .replaced: "replaced"
        case .handed: "handed"
        case .done: "done"
        case .connected: "connected"
        case .absent: "absent"
        case .subscribed: "subscribed"
        case .unsubscribed: "unsubscribed"
        }
    }
    package init?(_ name: UnsafeRawBufferPointer) {
        guard let kind = EventKind.allCases.first(where: { matches(name, $0.name) }) else { return nil }
        self = kind
    }
    /// Nothing follows it for the same message and client.
    var isEnd: Bool { (EventKind.acknowledged.rawValue...EventKind.done.rawValue).contains(rawValue) }
}

/// Some kinds of events.
package struct EventKinds: OptionSet, Equatable, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package init(_ kind: EventKind) { rawValue = 1 << UInt16(kind.rawValue) }

    package static let all = EventKinds(rawValue: .max)
    /// The kinds that are kept only if the settings say so (app.events).
    package static let ofClients: EventKinds = [EventKinds(.connected), EventKinds(.absent)]
    package static let ofChannels: EventKinds = [EventKinds(.subscribed), EventKinds(.unsubscribed)]
    /// The kinds that an app asks for with each publish.
    package static let ofMessages = EventKinds.all.subtracting(ofClients).subtracting(ofChannels)
}

/// How many readers of a message had it, and what ended it for the others.
package struct ReaderCounts: Equatable, Sendable {
    package var readers: UInt32 = 0
    package var acknowledged: UInt32 = 0
    package var handed: UInt32 = 0
    /// Unsubscribed, or forgotten.
    package var left: UInt32 = 0
    package var expired: UInt32 = 0
    package var dropped: UInt32 = 0
    package var replaced: UInt32 = 0

    package init() {}
    /// Writes them as members of an object, each with a comma before it.
    package func write(to out: inout Buffer) {
        for row in ReaderCounts.fields {
            out.append(",\"")
            out.append(row.name)
            out.append("\":")
            out.append(decimal: UInt64(self[keyPath: row.field]))
        }
    }
    /// Readers for whom it has ended, and for whom it has not.
    var ended: UInt32 { acknowledged + handed + left + expired + dropped + replaced }
    var pending: UInt32 { readers - min(readers, ended) }
    /// It has ended for so many more readers.
    mutating func end(_ number: UInt32, as kind: EventKind) {
        switch kind {
        case .acknowledged: acknowledged += number
        case .expired: expired += number
        case .dropped: dropped += number
        case .replaced: replaced += number
        default: handed += number
        }
    }
    /// All of them, by the names in an event.
    static let fields: [(name: StaticString, field: any WritableKeyPath<ReaderCounts, UInt32> & Sendable)] = [
        ("readers", \.readers), ("acknowledged", \.acknowledged), ("handed", \.handed), ("left", \.left),
        ("expired", \.expired), ("dropped", \.dropped), ("replaced", \.replaced),
    ]
}
