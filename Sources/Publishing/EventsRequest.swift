import Base
import Comet
import Wire

/// The events that an app asks for.
struct EventsRequest {
    /// `nil`: from now on, or from where the reader has got to.
    var cursor: UInt64?
    var kinds = EventKinds.all
    /// Only those of this client.
    var client: [UInt8]?
    /// The name under which the manager remembers how far the app has got.
    var reader: [UInt8]?

    /// Adds a kind by its name.
    mutating func add(_ name: UnsafeRawBufferPointer) throws(PublishError) {
        guard let kind = EventKind(name) else { throw .badKinds }
        kinds.insert(EventKinds(kind))
    }
    /// Throws if it names kinds that are not kept. If it names none, it asks for those that are.
    func check(_ kept: EventKinds) throws(PublishError) {
        guard kinds != .all else { return }
        if !kinds.isDisjoint(with: .ofClients), kept.isDisjoint(with: .ofClients) { throw .clientsAreNotKept }
        if !kinds.isDisjoint(with: .ofChannels), kept.isDisjoint(with: .ofChannels) { throw .channelsAreNotKept }
    }
}

extension EventsRequest {
    /// Reads the arguments of GET /events.
    init(_ query: UnsafeRawBufferPointer) throws(PublishError) {
        self.init()
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: Limits.clientIdBytes + 1, alignment: 1)
        defer { room.deallocate() }
        for (name, value) in QueryArguments(query) {
            if matches(name, "cursor") {
                guard let id = parseCursor(value) else { throw .badCursor }
                cursor = id
            } else if matches(name, "kinds") {
                guard let list = percentDecode(value, into: room), !list.isEmpty else { throw .badKinds }
                kinds = []
                for kind in list.split(separator: UInt8(ascii: ",")) { try add(UnsafeRawBufferPointer(rebasing: kind)) }
            } else if matches(name, "client") {
                guard let id = percentDecode(value, into: room) else { throw .brokenClient }
                if let message = wrongClientId(id) { throw PublishError(400, "bad_client", message) }
                client = Array(id)
            }
        }
    }
}

/// A stream of events on a connection of the line form.
struct EventStream {
    let request: EventsRequest
    /// The last event that was written, or that was not asked for.
    var cursor: UInt64
    /// The time when something was written last, in milliseconds of the manager's clock.
    var lastTold: UInt64
}

/// How a request over HTTP wants its answer.
struct ReplyTerms {
    let head: ResponseHead
    /// Seconds that the answer may be held. 0: it is not.
    let waitSeconds: Int
}

/// A request over HTTP whose answer is held, until something happens or its time is over.
struct HeldAnswer {
    enum What {
        case events(EventsRequest, cursor: UInt64)
        /// The end of a message. The outcome is that of its publish.
        case end(UInt64, Outcome)
    }
    var what: What
    let head: ResponseHead
    /// The end of its time, in milliseconds of the manager's clock.
    let deadline: UInt64
}
