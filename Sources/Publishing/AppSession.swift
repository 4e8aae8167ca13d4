package import Base
import Wire

/// One connection of an app: bytes in, bytes out.
///
///     unknown --first byte--> lines or http --mistake that can't be recovered, or Connection: close--> closing
package final class AppSession {
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
    func beginChunks(headBytes: Int) {
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
    package var wantsInput: Bool { !isClosing && !isFull }
    /// It has so many answers to read that none of its input is taken up.
    var isFull: Bool { output.count >= Limits.appOutputBytes }

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
    package func ended() {
        if form == .lines, !input.isEmpty { input.append(10) }
    }

    /// The request did not come whole in time.
    package func timedOut() {
        if form == .http { Answer.refusal(HTTPRefusal(408, "the request was not whole in time"), to: &output) }
        isClosing = true
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
