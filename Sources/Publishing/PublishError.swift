import Base
import Wire

/// Why a request was refused: the status of HTTP, the code, a sentence, and the byte at which the mistake is, if known.
struct PublishError: Error, Equatable {
    var status: Int
    var code: StaticString
    var message: StaticString
    var offset: Int?
    /// The field that the sentence is about, which begins with its name, and the place in a list.
    var field: StaticString?
    var at: Int?
    /// What else is known, in words.
    var detail: String?

    init(_ status: Int, _ code: StaticString, _ message: StaticString, offset: Int? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.offset = offset
    }
    init(_ status: Int, _ code: StaticString, _ message: StaticString, of field: StaticString, at: Int? = nil) {
        self.init(status, code, message)
        self.field = field
        self.at = at
    }
    static func == (a: PublishError, b: PublishError) -> Bool {
        a.status == b.status && a.offset == b.offset && a.code.description == b.code.description
    }

    static func notAnObject(_ op: Op?) -> PublishError {
        op ?? .publish == .publish
            ? PublishError(400, "bad_publish", "a publish is an object with client and message")
            : PublishError(400, "bad_request", "a request is an object")
    }
    static func twice(_ op: Op?, at offset: Int) -> PublishError {
        let code: StaticString = op ?? .publish == .publish ? "bad_publish" : "bad_request"
        return PublishError(400, code, "a name stands in the object twice, the second", offset: offset)
    }
    static let noClient = PublishError(400, "bad_client", "client is missing")
    static let clientIsNoString = PublishError(400, "bad_client", "client is no string")
    static let noMessage = PublishError(400, "bad_publish", "message is missing")
    static let badTimeToLive = PublishError(400, "bad_ttl", "ttl is a number of seconds, over 0 and up to 604800")
    static let messageTooLarge = PublishError(413, "too_large", "the message is over queue.max_message")
    static let lineTooLong = PublishError(413, "too_large", "the line is longer than any publish")
    static let badMost = PublishError(400, "bad_most", "most is a whole number from 1 to 100")
    static let badOp = PublishError(
        400, "bad_op", "op is publish, subscribe, unsubscribe, disconnect, events, seen or follow")
    static let badApp = PublishError(400, "bad_app", "app is a string of 1 to 64 bytes: the app's name")
    static let otherOp = PublishError(400, "bad_op", "op is another one than the path")
    static let twoTargets = PublishError(
        400, "two_targets", "a publish has one of client, clients, user, channel, channels and everyone")
    static let clientAndUser = PublishError(400, "two_targets", "either client or user is disconnected")
    static func oneAndSeveral(_ list: StaticString) -> PublishError {
        PublishError(400, "two_targets", "stands beside the same name for one", of: list)
    }
    static let badEveryone = PublishError(400, "bad_everyone", "everyone is true, or is left out")
    static let badLatest = PublishError(400, "bad_latest", "latest is a string of 1 to 64 bytes")
    static let badOnce = PublishError(400, "bad_once", "once (or Idempotency-Key) is a string of 1 to 64 bytes")
    static let onceOfABatch = PublishError(
        400, "bad_once", "Idempotency-Key names one publish: in a batch each has its own once")
    static let twoOnces = PublishError(400, "bad_once", "once and Idempotency-Key differ")
    static let badKeep = PublishError(400, "bad_keep", "keep is true or false")
    static let keepsNothing = PublishError(400, "bad_keep", "keep:false goes without ttl, latest and receipt")
    static let badReceipt = PublishError(400, "bad_receipt", "receipt is true or false")
    static let badWait = PublishError(400, "bad_wait", "wait is a whole number of seconds from 0 to 60")
    static let waitOfABatch = PublishError(
        400, "bad_wait", "wait is for one publish: ask for receipts of a batch, and read events")
    static let waitsForNothing = PublishError(400, "bad_wait", "keep:false goes without wait")
    static let tooManyWaits = PublishError(
        503, "too_many_waits", "app.max_waits requests wait already: try again later")
    static let badCursor = PublishError(400, "bad_cursor", "cursor is a whole number, 0 or an event's id")
    static let badKinds = PublishError(400, "bad_kinds", "is no list of kinds of events", of: "kinds")
    static let clientsAreNotKept = PublishError(
        400, "kinds_off", "connected and absent are not kept: app.events does not name clients")
    static let channelsAreNotKept = PublishError(
        400, "kinds_off", "subscribed and unsubscribed are not kept: app.events does not name channels")
    static let badReader = PublishError(400, "bad_reader", "reader is a string of 1 to 64 bytes")
    static let noReader = PublishError(400, "bad_reader", "seen has a reader and a cursor")
    static let readersFull = PublishError(409, "readers_full", "there are 16 other readers, or no room for this one")
    static let streamsAlready = PublishError(409, "stream", "this connection is a stream already")
    static let followersFull = PublishError(409, "followers_full", "16 others follow a client: try again later")
    static let badContents = PublishError(400, "bad_contents", "contents is true or false")
    static let badHistory = PublishError(400, "bad_history", "history is a whole number from 0 to 1000")
    static let badRevoke = PublishError(
        400, "bad_revoke", "revoke is true, false, or a second since 1970, at most 60 s ahead")
    static let noTokens = PublishError(400, "bad_revoke", "there are no tokens (tokens.keys)")
    static let revocationsFull = PublishError(
        503, "revocations_full", "there are a million revocations: try again later")
    static let nobodyToDisconnect = PublishError(400, "bad_client", "client or user is missing")
    static func tooMany(_ list: NameList) -> PublishError {
        PublishError(413, "too_many", list == .clients ? "has over 10000 names" : "has over 100 names", of: list.name)
    }
    static let tooManyPairs = PublishError(413, "too_many", "clients times channels is over 100000")
    static let tooManyRows = PublishError(413, "too_many", "the answer is over 16 MiB: ask for fewer clients")
    static func tooManyChannels(_ clients: StaticString, at index: Int?) -> PublishError {
        PublishError(409, "too_many_channels", "would have over channels.max_per_client", of: clients, at: index)
    }
    static let otherOnce = PublishError(409, "once", "this once was used for another target or message")
    static let latestFull = PublishError(
        413, "latest_full", "the log has as many names of latest, or bytes of their messages, as it may have")
    static let journalFull = PublishError(503, "journal_full", "the journal is full: try again later")
    static let noList = PublishError(400, "bad_request", "the body is an object with clients, once")
    static let brokenChannel = PublishError(
        400, "bad_channel", "the channel's name is over 128 bytes, or its percent-encoding is broken")
    static let queueFull = PublishError(503, "queue_full", "the queue is full: try again later")
    static let bodyTooLarge = PublishError(413, "too_large", "the body is too large: send smaller batches")
    static let compressed = PublishError(415, "content_encoding", "a compressed body is not taken: send it as it is")
    static let otherMethod = PublishError(405, "method_not_allowed", "this path has other methods")
    static let brokenClient = PublishError(
        400, "bad_client", "the client id is over 128 bytes, or its percent-encoding is broken")
    static let brokenUser = PublishError(
        400, "bad_user", "the user's name is over 128 bytes, or its percent-encoding is broken")
    /// The engine of the cluster has been away for some time.
    static func engine(_ detail: String?) -> PublishError {
        var error = PublishError(503, "engine", "the engine of the cluster is away: try again later")
        error.detail = detail
        return error
    }
    /// The request went to the engine.
    static func engine(_ fault: ShippingFault) -> PublishError {
        switch fault {
        case .away:
            PublishError(
                503, "engine", "the engine of the cluster did not answer, and may have it: try again with the same once"
            )
        case .refused(let why): .engine(why)
        case .unsafe:
            PublishError(
                503, "engine_unsafe", "it was done, but too few replicas of the engine have it: it may be lost")
        }
    }
    static let busy = PublishError(503, "busy", "too much is being sent at once: try again later")
    static let fromAPage = PublishError(
        403, "origin", "a web page may not ask here: an app sends no Origin, or set a key (app.keys)")
    static let fromAnotherSite = PublishError(
        403, "origin", "a web page of another site may not ask here (Sec-Fetch-Site): or set a key (app.keys)")
    static let unknownHost = PublishError(
        403, "origin", "Host is no address and no name of this machine: add it to app.hosts, or set a key (app.keys)")
    static let unauthorized = PublishError(401, "unauthorized", "the app key is missing or wrong")

    /// The key does not allow it.
    static func mayNot(_ right: AppRights) -> PublishError {
        let message: StaticString =
            switch right {
            case .publish: "this key may not publish (app.keys)"
            case .subscribe: "this key may not subscribe (app.keys)"
            case .events: "this key may not read events (app.keys)"
            case .disconnect: "this key may not disconnect (app.keys)"
            default: "this key may not read (app.keys)"
            }
        return PublishError(403, "right", message)
    }

    /// The input is no JSON. The scanner finds the byte at which the mistake is.
    static func badJSON(_ input: UnsafeRawBufferPointer, at offset: Int = 0) -> PublishError {
        let fault = JSONScanner.fault(in: input) ?? .init(offset: input.count, message: "not taken")
        return PublishError(400, "bad_json", fault.message, offset: offset + fault.offset)
    }

    private func writeSentence(to out: inout Buffer) {
        if let field {
            out.append(field)
            if let at {
                out.append("[")
                out.append(decimal: UInt64(at))
                out.append("]")
            }
            out.append(" ")
        }
        out.append(message)
    }
    /// The sentence about what is wrong, without the byte at which it is.
    var sentence: String {
        var out = Buffer()
        writeSentence(to: &out)
        return String(decoding: out.bytes, as: UTF8.self) + (detail.map { " (\($0))" } ?? "")
    }

    /// Writes `{"error":{"code":"...","message":"...","offset":N,"index":N}}`, with offset and index only if they are
    /// known. The index is the place in a batch.
    func write(to out: inout Buffer, index: Int? = nil) {
        out.append("{\"error\":{\"code\":\"")
        out.append(code)
        out.append("\",\"message\":\"")
        writeSentence(to: &out)
        if let detail {
            out.append(" (")
            out.append(string: String(jsonText(detail).dropFirst().dropLast()))
            out.append(")")
        }
        if let offset {
            out.append(" at byte ")
            out.append(decimal: UInt64(offset))
            out.append("\",\"offset\":")
            out.append(decimal: UInt64(offset))
        } else {
            out.append("\"")
        }
        if let index {
            out.append(",\"index\":")
            out.append(decimal: UInt64(index))
        }
        out.append("}}")
    }
}
