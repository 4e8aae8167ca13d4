package import Base
import Wire

/// One connection of an app: bytes in, bytes out. The port owns it. The holder of the socket reads into `input`, passes
/// the session to `AppPort.process`, and writes `output`.
///
///     unknown --first byte--> lines or http --mistake that can't be recovered, or Connection: close--> closing
///     closing --all is written--> lingering --the app closes, or its time is over--> closed
///
/// Answers may be appended to `output` at any time, also if the app asks nothing now. If `output` is over
/// `Limits.appOutputBytes`, no more input is taken up until the app has read.
package final class AppSession {
    enum Form { case unknown, lines, http }

    /// The connections are numbered in the order that they came in.
    package let number: UInt64
    /// Its address and port, for operators. `nil` if it was gone before the kernel was asked.
    let peer: String?
    /// The time when it came, and the time of its last progress: it began or ended a request, or took answers. Both are
    /// in milliseconds of the manager's clock.
    let since: UInt64
    var lastProgress: UInt64

    package var input = Buffer()
    package var output = Buffer()
    /// Bytes at the front of the output that may be written: what they tell of is durable. And the bytes for which that
    /// is being seen to. Without a disk both change at once.
    private var cleared = 0
    private var clearing = 0
    /// Nothing more is read. The session is closed when the output has been written.
    var isClosing = false
    /// The manager ends. Nothing more is taken up, and an answer over HTTP is the last one of its connection. So the
    /// app's next request comes to the next manager.
    private(set) var isLeaving = false
    /// Our side is closed. What the app still sends is thrown away, until it closes its own.
    package private(set) var isLingering = false
    /// The app sends no more. It may still read, so its requests are answered.
    private var inputHasEnded = false
    /// Counts of what the app has sent.
    var tally = AppTally()
    var form = Form.unknown
    /// The name that the app has given. `nil` if it has given none.
    var name: String?
    /// HTTP: the first request has been asked for a name.
    var hasBeenNamed = false
    /// The last thing that was refused to it.
    var refusal: AppRefusal?
    /// The place of its key among the port's: that of the line form, or of the last request of HTTP. `nil` if it has
    /// shown none, or a wrong one.
    var key: Int?
    /// A right key was given. In the line form this is also set by a key that was not needed.
    var hasShownKey = false
    /// It has subscribed, unsubscribed or disconnected somebody, or has said its name in the line form.
    var hasAsked = false
    /// Lines: the input is inside a line that is too long. The rest of the line is skipped.
    var isSkipping = false
    /// Lines: the number of bytes of the input that have been searched for an end of line.
    var searched = 0
    /// HTTP: bytes that the input must hold before it is looked at again.
    var needed = 0
    /// HTTP: `100 Continue` was sent for the request at the front of the input.
    var continued = false
    /// HTTP: the request whose body comes in chunks, until it is whole. The input has the rest of it.
    var chunked: ChunkedRequest?
    /// HTTP: the request whose answer is held. No other is taken up until it is answered.
    var held: HeldAnswer?
    /// What it has at the engine of a cluster. Nothing else is taken up until that has come back.
    var shipped: ShippedRequest?
    /// Lines: the app reads events on this connection.
    var stream: EventStream?
    /// Lines: it follows a client.
    var isFollowing = false
    /// Bytes of `claimedBytes` that the port has counted in its sum.
    var counted = 0
    /// The session is in the port's list of those that may have something to write.
    package internal(set) var isListed = false

    init(number: UInt64, peer: String?, now: UInt64) {
        self.number = number
        self.peer = peer
        since = now
        lastProgress = now
    }

    /// See `isLeaving`. A connection without a request is closed at once.
    func leave() {
        isLeaving = true
        if isIdle { isClosing = true }
    }

    // MARK: its socket

    /// `count` bytes came, and are at the end of the input.
    package func received(_ count: Int, now: UInt64) {
        if isBetween { lastProgress = now }
        input.advance(by: count)
    }
    /// The app sends no more. The bytes after the last end of line are a line, too.
    package func ended() {
        inputHasEnded = true
        if form == .lines, !input.isEmpty { input.append(10) }
    }
    /// The last answer was written. The app may still be sending.
    package func linger(now: UInt64) {
        isLingering = true
        lastProgress = now
        input.release()
    }

    /// The next step of its socket after a write.
    package enum Next: Equatable {
        case wait(reads: Bool, writes: Bool)
        /// Closes only our side. Closing both would reset the connection under the answer (RFC 9112, 9.6).
        case linger
        case close
    }
    package var next: Next {
        // A held answer ends with its app.
        if inputHasEnded, output.isEmpty, shipped == nil { return .close }
        if isClosing, output.isEmpty { return .linger }
        return .wait(reads: wantsInput, writes: !output.isEmpty)
    }
    /// Whether more should be read now.
    package var wantsInput: Bool {
        !isClosing && !isLeaving && !inputHasEnded && !isFull && (!isAnswerPending || input.count < mostPendingInput)
    }
    /// The answer to a request is not there yet. No other is taken up before.
    var isAnswerPending: Bool { held != nil || shipped != nil }
    /// Lines that come meanwhile are shipped together, as many as may be.
    private var mostPendingInput: Int { form == .lines ? Limits.shippedLinesBytes : Limits.heldInputBytes }
    /// It waits for something that the manager will tell.
    var isWaiting: Bool { isAnswerPending || stream != nil || isFollowing }
    /// So many answers wait that no input is taken up until the app has read.
    var isFull: Bool { output.count >= Limits.appOutputBytes }

    // MARK: answers wait until what they tell of is durable

    /// All that was decided until now is to be made durable.
    package func beginClearing() { clearing = output.count }
    /// It is durable.
    package func endClearing() { (cleared, clearing) = (max(cleared, clearing), 0) }
    /// The bytes that may be written.
    package var clearedOutput: UnsafeRawBufferPointer { output.bytes.part(0, min(cleared, output.count)) }
    /// `count` bytes of the output were written.
    func wrote(_ count: Int) {
        output.consume(count)
        cleared = max(0, cleared - count)
        clearing = max(0, clearing - count)
    }

    // MARK: what it holds, and for how long

    /// The head at the front of the input belongs to a request whose body comes in chunks.
    func beginChunks(headBytes: Int) {
        chunked = ChunkedRequest(head: input.bytes.part(0, headBytes))
        input.consume(headBytes)
        needed = 0
    }

    /// Bytes that it holds or has announced. The sum over all sessions is bounded.
    var claimedBytes: Int { max(input.count, needed) + chunkedBytes + (shipped?.bytes ?? 0) }
    private var chunkedBytes: Int {
        switch chunked {
        case .some(let chunked): chunked.bytes
        case .none: 0
        }
    }
    /// No request or line is half here.
    var isBetween: Bool { input.isEmpty && chunked == nil }
    /// A request has begun and is not whole. It must end in time.
    var isHalf: Bool { form == .http && !isBetween }
    /// The app has given the key, or has published or done another op. If all places are taken, a session that is not
    /// trusted makes room.
    var isTrusted: Bool { hasShownKey || tally.publishes > 0 || hasAsked || isWaiting }
    /// The session has the right to stay: it is trusted, or it speaks HTTP, where each request begins anew.
    private var isProven: Bool { form == .http || isTrusted }
    /// It is between two requests of HTTP, or has said nothing yet.
    private var isIdle: Bool { form != .lines && isBetween && output.isEmpty && !isAnswerPending }

    /// Whether its time is over.
    func isOver(now: UInt64) -> Bool {
        func seconds(_ time: UInt64) -> UInt64 { (now - min(now, time)) / 1000 }
        if isLingering { return seconds(lastProgress) >= Limits.appLingerSeconds }
        if !isProven, seconds(since) >= Limits.appProofSeconds { return true }
        // A stream has a bound of its own, and may be read as slowly as its app likes.
        if !output.isEmpty, stream == nil { return seconds(lastProgress) >= Limits.appWriteSeconds }
        if isHalf, !isAnswerPending { return seconds(lastProgress) >= Limits.appRequestSeconds }
        return isIdle && seconds(lastProgress) >= Limits.appIdleSeconds
    }
    /// The request did not come whole in time.
    func timedOut() {
        Answer.refusal(HTTPRefusal(408, "the request was not whole in time"), to: &output)
        isClosing = true
    }
}

/// Counts of what one connection of an app has sent since it came.
struct AppTally: Equatable {
    /// Publishes that were taken up, and the bytes of their messages.
    var publishes: UInt64 = 0
    var bytes: UInt64 = 0
    /// Refused publishes (also for lack of room), wrong keys, and requests that failed.
    var errors: UInt64 = 0
    /// Events that it was told.
    var events: UInt64 = 0
}

/// A request whose body comes in chunks.
struct ChunkedRequest: ~Copyable {
    /// The head as it came.
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
