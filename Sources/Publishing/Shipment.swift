import Base
import Wire

/// A request on its way to the engine.
package struct Shipment {
    /// The number with which `returned` and `failShipped` name it. It grows over the life of this manager.
    package let number: UInt64
    /// An `AppRecord`. Its bytes are valid only in the call.
    package let record: UnsafeRawBufferPointer
    /// The most ids of messages that carrying it out takes.
    package let ids: Int
}

/// Why the engine did not return a request in time, or not safely.
package enum ShippingFault: Sendable {
    /// It does not answer. Nobody knows whether the request will be carried out.
    case away
    /// Too few replicas have it (cluster.replicas). It is carried out, and may be lost.
    case unsafe
    /// It has refused the request, which will not be carried out: the reason in words.
    case refused(String)
}

/// The records that have not been taken yet, one behind the other, and the end of each.
struct ToShip: ~Copyable {
    var records = Buffer()
    var places: [(number: UInt64, end: Int, ids: Int)] = []
}

/// A session's request at the engine, or its lines.
struct ShippedRequest {
    var number: UInt64 = 0
    /// Bytes of its record.
    var bytes = 0
    /// `nil` for lines.
    var terms: ReplyTerms?
    /// Lines that need an answer.
    var lines = 0
    /// Milliseconds of the manager's clock.
    let since: UInt64

    init(terms: ReplyTerms? = nil, lines: Int = 0, since: UInt64) {
        self.terms = terms
        self.lines = lines
        self.since = since
    }
    /// Its answer will be held, until the end of the message is known.
    var waits: Bool { terms.map { $0.waitSeconds > 0 } ?? false }
}

extension AppDocument.Item {
    var isPublish: Bool {
        switch self {
        case .publish, .publishTo: true
        default: false
        }
    }
    /// It changes what all machines know.
    var isShipped: Bool {
        switch self {
        case .publish, .publishTo, .subscribe, .unsubscribe, .disconnectClient, .disconnectUser: true
        case .events, .seen, .follow, .hello, .wrong: false
        }
    }
    /// It is about the connection on which it came.
    var isOfConnection: Bool {
        switch self {
        case .events, .seen, .follow, .hello: true
        default: false
        }
    }
    /// The most ids that carrying it out takes: one of a publish, and one of each subscription, which may bring a
    /// channel's older messages.
    var mostIds: Int {
        switch self {
        case .publish, .publishTo: 1
        case .subscribe(let clients, let channels, _): clients.names.count * channels.count
        default: 0
        }
    }
}

extension Op {
    /// `nil` for lines, each of which says its own.
    init?(_ form: AppRecord.Form) {
        switch form {
        case .publish: self = .publish
        case .subscribe: self = .subscribe
        case .unsubscribe: self = .unsubscribe
        case .disconnect: self = .disconnect
        case .lines: return nil
        }
    }
    /// The form of a request over HTTP. `nil` for ops that are only on a line.
    var form: AppRecord.Form? {
        switch self {
        case .publish: .publish
        case .subscribe: .subscribe
        case .unsubscribe: .unsubscribe
        case .disconnect: .disconnect
        case .events, .seen, .follow: nil
        }
    }
}
