import Base

/// What a request of an app with an object asks for. Over HTTP it is the path, and on a line the field `op`.
enum Op: CaseIterable, Sendable {
    case publish, subscribe, unsubscribe, disconnect
    /// Only on a line: they make the connection a stream, or belong to one.
    case events, seen, follow

    var name: StaticString {
        switch self {
        case .publish: "publish"
        case .subscribe: "subscribe"
        case .unsubscribe: "unsubscribe"
        case .disconnect: "disconnect"
        case .events: "events"
        case .seen: "seen"
        case .follow: "follow"
        }
    }
    init?(_ name: UnsafeRawBufferPointer) {
        guard let op = Op.allCases.first(where: { matches(name, $0.name) }) else { return nil }
        self = op
    }
}
