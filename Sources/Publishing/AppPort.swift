import Base
package import Comet
import Wire

/// What all connections of apps share: the key, the parser, the counters.
///
/// One port, two forms, told apart by the first byte: `{` starts the line form (`AppPort+Lines`), anything else is HTTP
/// (`AppPort+HTTP`).
package struct AppPort: ~Copyable {
    let maxMessage: Int
    let key: [UInt8]
    let pages: PageGuard
    var document = PublishDocument()
    var body = Buffer()
    package internal(set) var counters = AppCounters()

    /// `key`: empty where apps need none. `hosts`: the names that this machine may be asked by where it has no key.
    package init(maxMessage: Int, key: [UInt8], hosts: [String] = []) {
        self.maxMessage = maxMessage
        self.key = key
        pages = PageGuard(names: hosts)
    }

    /// Takes up what stands in the session's input, as far as it is whole and its answers have room. Call it again when
    /// more has come, or when answers were written. `inputElsewhere`: what all other sessions claim. `others`: those
    /// sessions, for a request that asks for them.
    package mutating func process(
        _ session: AppSession, _ switchboard: inout Switchboard, inputElsewhere: Int = 0, now: UInt64,
        others: @escaping () -> [ConnectedApp] = { [] }
    ) {
        // simdjson reads past the end of a document, and ignores what it finds.
        _ = session.input.reserve(PublishDocument.padding)
        if session.form == .unknown, session.input.count > 0 {
            session.form = session.input.bytes[0] == UInt8(ascii: "{") ? .lines : .http
        }
        let call = AppCall(session: session, inputElsewhere: inputElsewhere, now: now, others: others)
        while !session.isClosing, !session.isFull, takeUp(call, &switchboard) { session.taken &+= 1 }
        if session.input.isEmpty { session.input.shrink(over: 64 * 1024) }
    }
    /// Takes up one request or line; false where there is none that is whole.
    private mutating func takeUp(_ call: AppCall, _ switchboard: inout Switchboard) -> Bool {
        switch call.session.form {
        case .unknown: false
        case .lines: line(call, &switchboard)
        case .http: request(call, &switchboard)
        }
    }

    /// One publish, and what came of it.
    mutating func publish(
        _ item: PublishDocument.Item, _ call: AppCall, _ switchboard: inout Switchboard
    ) -> Outcome {
        let session = call.session
        switch item {
        case .publish(let client, let json, let timeToLive):
            session.tally.publishes &+= 1
            session.tally.bytes &+= UInt64(json.count)
            switch switchboard.publish(client: client, json: json, timeToLive: timeToLive, now: call.now) {
            case .sent(let id): return .sent(id)
            case .queued(let id): return .queued(id)
            case .full:
                session.tally.errors += 1
                return .wrong(.queueFull)
            }
        case .key: return .wrong(reject(.noClient, session))
        case .wrong(let error): return .wrong(reject(error, session))
        }
    }
    func isKey(_ given: UnsafeRawBufferPointer) -> Bool {
        // As long for a wrong key as for the right one: time tells nothing of it (its length is no secret).
        guard given.count == key.count else { return false }
        var difference: UInt8 = 0
        for at in 0..<key.count { difference |= given[at] ^ key[at] }
        return difference == 0
    }
    /// Counts an error that is going to be told.
    mutating func reject(_ error: PublishError, _ session: AppSession) -> PublishError {
        session.tally.errors += 1
        switch error.status {
        case 401: counters.rejectedKey += 1
        case 413: counters.rejectedSize += 1
        case 403, 503: counters.failedRequests += 1
        default: counters.rejectedJSON += 1
        }
        return error
    }
}

/// Who asks, and when: what everything that an app asks is answered by.
struct AppCall {
    let session: AppSession
    /// Bytes that all other sessions have half sent, or said that they will send.
    let inputElsewhere: Int
    /// Milliseconds of the manager's clock.
    let now: UInt64
    /// Those sessions.
    let others: () -> [ConnectedApp]
}

package struct AppCounters: Equatable {
    /// Publishes that were no publish, messages or lines that were too large, keys that were wrong.
    package var rejectedJSON: UInt64 = 0
    package var rejectedSize: UInt64 = 0
    package var rejectedKey: UInt64 = 0
    package var requests: UInt64 = 0
    package var lines: UInt64 = 0
    /// Requests that were no HTTP, asked for what is not there, or came when too much was half sent.
    package var failedRequests: UInt64 = 0
    package init() {}
}
