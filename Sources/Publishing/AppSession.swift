package import Base
import Wire

/// One connection of an app: bytes in, bytes out. The port owns it; who has its socket reads into `input`, hands it to
/// `AppPort.process`, and writes what stands in `output`.
///
///     unknown --first byte--> lines or http --mistake that can't be recovered, or Connection: close--> closing
///     closing --all is written--> lingering --the app closes, or its time is over--> closed
///
/// Answers are appended to `output` at any time, also to an app that asks nothing now; over `Limits.appOutputBytes` no
/// more of its input is taken up until it has read.
package final class AppSession {
    enum Form { case unknown, lines, http }

    /// The connections are numbered in the order that they came in.
    package let number: UInt64
    /// Its address and port, for operators. `nil`: it was gone before the kernel was asked.
    let peer: String?
    /// When it came, and when it last got on (it began or ended a request, or took answers), in milliseconds of the
    /// manager's clock.
    let since: UInt64
    var lastProgress: UInt64

    package var input = Buffer()
    package var output = Buffer()
    /// Nothing more is read; it is closed when the output has been written.
    var isClosing = false
    /// Our side is closed. What the app still sends is thrown away, until it closes its own.
    package private(set) var isLingering = false
    /// The app sends no more. Perhaps it still reads: what it asked is answered.
    private var inputHasEnded = false
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
    /// Bytes of `claimedBytes` that the port has counted in its sum.
    var counted = 0
    /// It stands in the port's list of those that may have something to write.
    package internal(set) var isListed = false

    init(number: UInt64, peer: String?, now: UInt64) {
        self.number = number
        self.peer = peer
        since = now
        lastProgress = now
    }

    // MARK: its socket

    /// So many bytes came, and stand behind the input.
    package func received(_ count: Int, now: UInt64) {
        if isBetween { lastProgress = now }
        input.advance(by: count)
    }
    /// The app sends no more: what stands in the last line is a line, also without its end.
    package func ended() {
        inputHasEnded = true
        if form == .lines, !input.isEmpty { input.append(10) }
    }
    /// The last answer is out, and the app may still be sending.
    package func linger(now: UInt64) {
        isLingering = true
        lastProgress = now
        input.release()
    }

    /// What its socket does when it has been written what it takes.
    package enum Next: Equatable {
        case wait(reads: Bool, writes: Bool)
        /// Closing now would reset the connection under the answer: so only our side is closed (RFC 9112, 9.6).
        case linger
        case close
    }
    package var next: Next {
        if inputHasEnded, output.isEmpty { return .close }
        if isClosing, output.isEmpty { return .linger }
        return .wait(reads: wantsInput, writes: !output.isEmpty)
    }
    /// Whether more should be read now.
    package var wantsInput: Bool { !isClosing && !inputHasEnded && !isFull }
    /// It has so many answers to read that none of its input is taken up.
    var isFull: Bool { output.count >= Limits.appOutputBytes }

    // MARK: what it holds, and for how long

    /// The head that stands at the front of the input is of a request in chunks.
    func beginChunks(headBytes: Int) {
        chunked = ChunkedRequest(head: input.bytes.part(0, headBytes))
        input.consume(headBytes)
        needed = 0
    }

    /// Bytes that it holds or has said that it will send: the sum over all sessions is bounded.
    var claimedBytes: Int { max(input.count, needed) + chunkedBytes }
    private var chunkedBytes: Int {
        switch chunked {
        case .some(let chunked): chunked.bytes
        case .none: 0
        }
    }
    /// Nothing has begun that is not whole.
    var isBetween: Bool { input.isEmpty && chunked == nil }
    /// A request has begun and is not whole: it must end in time.
    var isHalf: Bool { form == .http && !isBetween }
    /// It has published or given the key. Who has not makes room where there is none left.
    var isTrusted: Bool { hasKey || tally.publishes > 0 }
    /// It is trusted, or speaks HTTP, where each request begins anew: before that a connection has no right to stay.
    private var isProven: Bool { form == .http || isTrusted }
    /// An HTTP connection between two requests, or one that has said nothing yet.
    private var isIdle: Bool { form != .lines && isBetween && output.isEmpty }

    /// Whether its time is over.
    func isOver(now: UInt64) -> Bool {
        func seconds(_ time: UInt64) -> UInt64 { (now - min(now, time)) / 1000 }
        if isLingering { return seconds(lastProgress) >= Limits.appLingerSeconds }
        if !isProven, seconds(since) >= Limits.appProofSeconds { return true }
        if !output.isEmpty { return seconds(lastProgress) >= Limits.appWriteSeconds }
        if isHalf { return seconds(lastProgress) >= Limits.appRequestSeconds }
        return isIdle && seconds(lastProgress) >= Limits.appIdleSeconds
    }
    /// The request did not come whole in time.
    func timedOut() {
        Answer.refusal(HTTPRefusal(408, "the request was not whole in time"), to: &output)
        isClosing = true
    }
}

/// What one connection of an app has sent since it came.
struct AppTally: Equatable {
    /// Publishes that were taken up, and the bytes of their messages.
    var publishes: UInt64 = 0
    var bytes: UInt64 = 0
    /// What was refused: publishes (also for want of room), keys, and requests that failed.
    var errors: UInt64 = 0
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
