package import Base
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
        _ session: inout AppSession, _ switchboard: inout Switchboard, inputElsewhere: Int = 0, now: UInt64,
        others: () -> [ConnectedApp] = { [] }
    ) {
        // simdjson reads past the end of a document, and ignores what it finds.
        _ = session.input.reserve(PublishDocument.padding)
        if session.form == .unknown, session.input.count > 0 {
            session.form = session.input.bytes[0] == UInt8(ascii: "{") ? .lines : .http
        }
        while !session.isClosing, session.output.count < Limits.appOutputBytes {
            let goesOn: Bool
            switch session.form {
            case .unknown: return
            case .lines: goesOn = line(&session, &switchboard, inputElsewhere, now)
            case .http: goesOn = request(&session, &switchboard, inputElsewhere, now, others)
            }
            if !goesOn { break }
            session.taken &+= 1
        }
        if session.input.isEmpty { session.input.shrink(over: 64 * 1024) }
    }

    /// One publish, and what came of it.
    mutating func publish(
        _ item: PublishDocument.Item, _ session: inout AppSession, _ switchboard: inout Switchboard, _ now: UInt64
    ) -> Outcome {
        switch item {
        case .publish(let client, let json, let timeToLive):
            session.tally.publishes &+= 1
            session.tally.bytes &+= UInt64(json.count)
            switch switchboard.publish(client: client, json: json, timeToLive: timeToLive, now: now) {
            case .sent(let id): return .sent(id)
            case .queued(let id): return .queued(id)
            case .full:
                session.tally.errors += 1
                return .wrong(.queueFull)
            }
        case .key: return reject(.noClient, &session)
        case .wrong(let error): return reject(error, &session)
        }
    }
    func isKey(_ given: UnsafeRawBufferPointer) -> Bool {
        // As long for a wrong key as for the right one: time tells nothing of it (its length is no secret).
        guard given.count == key.count else { return false }
        var difference: UInt8 = 0
        for at in 0..<key.count { difference |= given[at] ^ key[at] }
        return difference == 0
    }
    mutating func reject(_ error: PublishError, _ session: inout AppSession) -> Outcome {
        session.tally.errors += 1
        switch error.status {
        case 401: counters.rejectedKey += 1
        case 413: counters.rejectedSize += 1
        case 403, 503: counters.failedRequests += 1
        default: counters.rejectedJSON += 1
        }
        return .wrong(error)
    }
}

/// What came of one publish.
enum Outcome {
    case sent(UInt64)
    case queued(UInt64)
    case wrong(PublishError)

    var status: Int {
        switch self {
        case .sent: 200
        case .queued: 202
        case .wrong(let error): error.status
        }
    }
    /// `index`: of several outcomes, which one this is; errors say it.
    func write(to out: inout Buffer, index: Int? = nil) {
        switch self {
        case .sent(let id), .queued(let id):
            out.append("{\"id\":")
            out.append(decimal: id)
            if case .sent = self { out.append(",\"status\":\"sent\"}") } else { out.append(",\"status\":\"queued\"}") }
        case .wrong(let error): error.write(to: &out, index: index)
        }
    }
}

/// A request whose body comes in chunks.
struct ChunkedRequest: ~Copyable {
    /// As it came.
    private var head = Buffer()
    var body = ChunkedBody()

    init(head bytes: UnsafeRawBufferPointer) { head.append(bytes) }

    /// The request without its body. Its parts point into this.
    var request: HTTPRequest {
        let parsed = HTTPRequest.parse(head.bytes, limit: Limits.appHeadBytes, takesChunks: true)
        guard case .request(let request) = parsed else {
            preconditionFailure("the head of a request was taken, and is none")
        }
        return request
    }
    /// Bytes that are held for it.
    var bytes: Int { head.count + body.content.count }
}

/// One connection of an app: bytes in, bytes out.
///
///     unknown --first byte--> lines or http --mistake that can't be recovered, or Connection: close--> closing
package struct AppSession: ~Copyable {
    enum Form { case unknown, lines, http }

    package var input = Buffer()
    package var output = Buffer()
    /// Nothing more is read; it is closed when the output has been written.
    package internal(set) var isClosing = false
    /// What came over it.
    var tally = AppTally()
    var form = Form.unknown
    /// The key has been given. (In the line form also where none is needed, and one was given all the same.)
    var hasKey = false
    /// Lines: inside a line that is too long, up to its end.
    var isSkipping = false
    /// Lines: so many bytes of the input have been searched for an end of line.
    var searched = 0
    /// HTTP: bytes that the input must hold before it is looked at again.
    var needed = 0
    /// HTTP: `100 Continue` was sent for the request that stands at the front.
    var continued = false
    /// HTTP: the request whose body comes in chunks, until it is whole. The input has what follows of it.
    var chunked: ChunkedRequest?
    /// Requests and lines that were taken up: where this grows, the connection has got on.
    package internal(set) var taken: UInt64 = 0

    package init() {}

    /// The head that stands at the front of the input is of a request in chunks.
    mutating func beginChunks(headBytes: Int) {
        chunked = ChunkedRequest(head: input.bytes.part(0, headBytes))
        input.consume(headBytes)
        needed = 0
    }

    /// Bytes that it holds or has said that it will send: the sum over all sessions is bounded.
    package var claimedBytes: Int { max(input.count, needed) + chunkedBytes }
    private var chunkedBytes: Int {
        switch chunked {
        case .some(let chunked): chunked.bytes
        case .none: 0
        }
    }
    /// Nothing has begun that is not whole.
    package var isBetween: Bool { input.isEmpty && chunked == nil }
    /// A request has begun and is not whole: it must end in time.
    package var isHalf: Bool { form == .http && !isBetween }
    /// It has published or given the key. Who has not makes room where there is none left.
    package var isTrusted: Bool { hasKey || tally.publishes > 0 }
    /// It is trusted, or speaks HTTP, where each request begins anew: before that a connection has no right to stay.
    package var isProven: Bool { form == .http || isTrusted }
    /// An HTTP connection between two requests, or one that has said nothing yet.
    package var isIdle: Bool { form != .lines && isBetween && output.isEmpty }
    /// Whether more should be read now.
    package var wantsInput: Bool { !isClosing && output.count < Limits.appOutputBytes }

    /// Whether its time is over. `since`: when it came; `lastProgress`: when it last got on (a request begun or ended,
    /// answers taken). Both, and now, in milliseconds of one clock.
    package func isOver(since: UInt64, lastProgress: UInt64, now: UInt64) -> Bool {
        func seconds(_ time: UInt64) -> UInt64 { (now - min(now, time)) / 1000 }
        if !isProven, seconds(since) >= Limits.appProofSeconds { return true }
        if !output.isEmpty { return seconds(lastProgress) >= Limits.appWriteSeconds }
        if isHalf { return seconds(lastProgress) >= Limits.appRequestSeconds }
        return isIdle && seconds(lastProgress) >= Limits.appIdleSeconds
    }

    /// The app sends no more: what stands in the last line is a line, also without its end.
    package mutating func ended() {
        if form == .lines, !input.isEmpty { input.append(10) }
    }

    /// The request did not come whole in time.
    package mutating func timedOut() {
        if form == .http { Answer.refusal(HTTPRefusal(408, "the request was not whole in time"), to: &output) }
        isClosing = true
    }
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
