package import Base
package import Comet
import Store
package import Wire

/// The app port: its sessions, and the keys, parser and counters that they share.
///
/// Each session has one of two forms, and its first byte tells which: `{` begins the line form (`AppPort+Lines`), any
/// other byte is HTTP (`AppPort+HTTP`). `Route` lists the requests over HTTP, and `AppPort+Ops` carries out what both
/// forms may ask.
package struct AppPort: ~Copyable {
    private let inPlace = InPlace()
    let maxMessage: Int
    /// The most bytes of a body or line: a batch, or one publish if that may be larger.
    let mostBody: Int
    private(set) var keys: AppKeys
    let pages: PageGuard
    /// Clients have tokens, which can be revoked.
    let takesTokens: Bool
    var document = AppDocument()
    /// The content of the answer that is being made.
    var body = Buffer()
    /// The name of `once` with that of the app's key.
    var onceName = Buffer()
    package internal(set) var counters = AppCounters()
    /// The cluster as the manager looked at it last, and when that was, by the manager's clock. `nil`: this is one
    /// machine.
    package var cluster: (answer: NodesAnswer, time: UInt64)?

    /// The sessions by their numbers.
    private(set) var sessions: [UInt64: AppSession] = [:]
    private var lastNumber: UInt64 = 0
    /// Sessions that may have something to write.
    private var listed: [AppSession] = []
    /// The sessions that wait for something that is told later, by their numbers: those whose time can be over, and
    /// those that are told events.
    var waiting: [UInt64: AppSession] = [:]
    var readers: [UInt64: AppSession] = [:]
    /// Answers that may be held at once.
    let maxWaits: Int
    /// Held answers, and the messages that some of them wait for, with their sessions.
    package internal(set) var heldCount = 0
    /// Connections on which apps read events.
    package var streamCount: Int { readers.values.reduce(0) { $0 + ($1.stream == nil ? 0 : 1) } }
    var awaiting: [UInt64: [UInt64]] = [:]
    /// The newest event when the waiting sessions were told last.
    var toldEvent: UInt64 = 0
    /// Bytes that all sessions have half sent, or have announced.
    var inputBytes = 0
    private var outputMost = 0
    /// The ops that change something go through the engine of a cluster (`AppPort+Cluster`).
    package let isClustered: Bool
    /// A sentence: the engine has been away for so long that such ops are refused. `nil`: they are shipped.
    package var engineFault: String?
    /// The bounds of the queue are reached, so no publishes are shipped.
    package var isQueueFull = false
    /// The first id of the part of a record that is carried out next, among the record's.
    var partIds = 0
    /// Sessions with a request at the engine, by its number, and how many of these want their answer held.
    var shipped: [UInt64: AppSession] = [:]
    var shippedWaits = 0
    var lastShipment: UInt64 = 0
    var toShip = ToShip()
    /// The record that is being carried out.
    var carried = Buffer()
    /// The sessions of all other machines. It is in no list, and what is counted for it is not told.
    let elsewhere = AppSession(number: 0, peer: nil, now: 0)
    /// The time of what is being done, in milliseconds of the manager's clock, for `AppRefusal`.
    var now: UInt64 = 0

    /// `keys` are empty if apps need none. `hosts` are the names by which this machine may be asked if it has no key.
    package init(
        maxMessage: Int, keys: [AppKey], hosts: [String] = [], takesTokens: Bool = false, maxWaits: Int = 10_000,
        isClustered: Bool = false
    ) {
        self.isClustered = isClustered
        self.maxMessage = maxMessage
        self.maxWaits = maxWaits
        mostBody = max(Limits.batchBytes, maxMessage + Limits.publishBytes)
        self.keys = AppKeys(keys)
        self.takesTokens = takesTokens
        pages = PageGuard(names: hosts)
    }

    // MARK: sessions

    /// A connection came. `peer` is its address and port, if they are known.
    package mutating func accepted(peer: String?, now: UInt64) -> AppSession {
        lastNumber += 1
        let session = AppSession(number: lastNumber, peer: peer, now: now)
        sessions[session.number] = session
        return session
    }
    package mutating func closed(_ session: AppSession, _ switchboard: inout Switchboard) {
        stopWaiting(session, &switchboard)
        stopShipping(session)
        inputBytes -= session.counted
        session.counted = 0
        keys.used(session.key, at: session.lastProgress)
        sessions[session.number] = nil
    }
    /// There is no room for another session.
    package var isFull: Bool { sessions.count - heldCount >= Limits.appConnections }
    /// The session that makes room for another. It has shown no key and no publish, and its last progress is the
    /// longest ago. So an app always gets its place.
    package var quietestStranger: AppSession? {
        sessions.values.filter { !$0.isTrusted }
            .min { ($0.lastProgress, $0.number) < ($1.lastProgress, $1.number) }
    }

    /// Takes up all whole requests or lines in the session's input, as long as there is room for their answers. Call it
    /// when more has come.
    package mutating func process(_ session: AppSession, _ switchboard: inout Switchboard, now: UInt64) {
        list(session)
        self.now = now
        // simdjson reads past the end of a document, but does not use what it reads there.
        _ = session.input.reserve(AppDocument.padding)
        if session.form == .unknown, session.input.count > 0 {
            session.form = session.input.bytes[0] == UInt8(ascii: "{") ? .lines : .http
        }
        let call = AppCall(session: session, inputElsewhere: inputBytes - session.counted, now: now)
        while !session.isClosing, !session.isLeaving, !session.isFull, !session.isAnswerPending,
            takeUp(call, &switchboard)
        {
            session.lastProgress = now
        }
        if session.input.isEmpty { session.input.shrink(over: 64 * 1024) }
        let claimed = session.claimedBytes
        inputBytes += claimed - session.counted
        session.counted = claimed
        outputMost = max(outputMost, session.output.count)
    }
    /// Takes up one request or line. False if none is whole.
    private mutating func takeUp(_ call: AppCall, _ switchboard: inout Switchboard) -> Bool {
        switch call.session.form {
        case .unknown: false
        case .lines: line(call, &switchboard)
        case .http: request(call, &switchboard)
        }
    }

    /// The manager ends: requests that are under way are answered, and no others are taken up.
    package mutating func beginLeaving() {
        for session in sessions.values {
            session.leave()
            list(session)
        }
    }

    /// Puts a session into the list of those that may have something to write.
    mutating func list(_ session: AppSession) {
        guard !session.isListed else { return }
        session.isListed = true
        listed.append(session)
    }
    /// The sessions whose output is to be written now. This empties the list.
    package mutating func takeListed() -> [AppSession] {
        let taken = listed
        listed = []
        for session in taken { session.isListed = false }
        return taken
    }
    /// Puts a session back into that list: something of it waits.
    package var hasListed: Bool { !listed.isEmpty }
    /// `count` bytes of the session's output were written. If that was all, the rest of the input may have waited for
    /// room, and is taken up now.
    package mutating func written(
        _ session: AppSession, _ count: Int, _ switchboard: inout Switchboard, now: UInt64
    ) {
        session.wrote(count)
        session.lastProgress = now
        guard session.output.isEmpty else { return }
        session.output.shrink(over: 256 * 1024)
        if session.stream != nil { tell(session, &switchboard, now: now) }
        if !session.input.isEmpty { process(session, &switchboard, now: now) }
    }

    /// The sessions whose time is over, for closing. Called once a second. A request that is not whole in time is
    /// answered first.
    package mutating func expire(now: UInt64) -> [AppSession] {
        var over: [AppSession] = []
        for session in sessions.values where session.isOver(now: now) {
            if session.isHalf, session.output.isEmpty {
                session.timedOut()
                list(session)
            } else {
                over.append(session)
            }
        }
        return over
    }

    /// Bytes of answers that wait for apps now.
    package var outputBytes: Int { sessions.values.reduce(0) { $0 + $1.output.count } }
    /// The most bytes that waited for one app since the last call.
    package mutating func takeOutputMost() -> Int {
        defer { outputMost = 0 }
        return outputMost
    }

    // MARK: keys and mistakes

    package var needsKey: Bool { keys.areNeeded }

    /// Takes other keys. A session whose key is still there goes on with the rights that it has now. Another one is
    /// refused at its next request or line, and is told no more events.
    package mutating func replace(keys new: [AppKey], _ switchboard: inout Switchboard, now: UInt64) {
        var new = AppKeys(new)
        keys.times(for: &new)
        for session in sessions.values {
            keys.used(session.key, at: session.lastProgress)
            session.key = keys.place(of: session.key, in: new)
        }
        keys = new
        self.now = now
        for session in readers.values where !may(session, .events) { endEvents(session, &switchboard, now: now) }
    }
    /// The session has shown the key of this place, or a wrong one.
    mutating func show(_ key: Int?, _ session: AppSession) {
        if session.key != key { keys.used(session.key, at: session.lastProgress) }
        session.key = key
        if key != nil { session.hasShownKey = true }
    }
    /// It has shown the right key, or needs none.
    func isAuthorized(_ session: AppSession) -> Bool { session.key != nil || !keys.areNeeded }
    func may(_ session: AppSession, _ right: AppRights) -> Bool { keys.rights(session.key).contains(right) }

    /// Counts an error that the app is about to be told.
    mutating func reject(_ error: PublishError, _ session: AppSession) -> PublishError {
        note(.request(error), session)
        switch error.status {
        case 401: counters.rejectedAuth += 1
        case 413: counters.rejectedSize += 1
        case 403, 503: counters.rejectedRequest += 1
        default: counters.rejectedJSON += 1
        }
        return error
    }
    /// Counts what was refused to an app, and keeps the last of it for operators.
    func note(_ what: AppRefusal.What, _ session: AppSession) {
        session.tally.errors += 1
        session.refusal = AppRefusal(what: what, time: now)
    }
}

/// The session that asks, and the time. Every answer needs both.
struct AppCall {
    let session: AppSession
    /// Bytes that all other sessions have half sent, or have announced.
    let inputElsewhere: Int
    /// Milliseconds of the manager's clock.
    let now: UInt64
    /// In a cluster the name in which names of `once` are the app's own, as it was when the request came. `nil`
    /// otherwise.
    var scope: UnsafeRawBufferPointer?
    /// The app is at another machine, or gone. Nobody is answered.
    var isForeign = false
}

package struct AppCounters: Equatable {
    /// Publishes that were refused for what they say, messages or lines that were too large, and wrong keys.
    package var rejectedJSON: UInt64 = 0
    package var rejectedSize: UInt64 = 0
    package var rejectedAuth: UInt64 = 0
    package var requests: UInt64 = 0
    package var lines: UInt64 = 0
    /// Requests that were no HTTP, that asked for something unknown, or that came when too much was half sent.
    package var rejectedRequest: UInt64 = 0
    package init() {}
}
