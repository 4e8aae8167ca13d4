import Base
import Wire

/// Why a publish was refused: the status of HTTP, the code, a sentence, and the byte at which the mistake is, if known.
struct PublishError: Error, Equatable {
    var status: Int
    var code: StaticString
    var message: StaticString
    var offset: Int?

    init(_ status: Int, _ code: StaticString, _ message: StaticString, offset: Int? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.offset = offset
    }
    static func == (a: PublishError, b: PublishError) -> Bool {
        a.status == b.status && a.offset == b.offset && a.code.description == b.code.description
    }

    static let notAnObject = PublishError(400, "bad_publish", "a publish is an object with client and message")
    static let ambiguous = PublishError(400, "bad_publish", "client, message, ttl or key stands in the object twice")
    static let noClient = PublishError(400, "bad_client", "client is missing")
    static let clientIsNoString = PublishError(400, "bad_client", "client is no string")
    static let noMessage = PublishError(400, "bad_publish", "message is missing")
    static let badTimeToLive = PublishError(400, "bad_ttl", "ttl is a number of seconds, over 0 and up to 604800")
    static let messageTooLarge = PublishError(413, "too_large", "the message is over queue.max_message")
    static let lineTooLong = PublishError(413, "too_large", "the line is longer than any publish")
    static let badMost = PublishError(400, "bad_most", "most is a whole number from 1 to 100")
    static let queueFull = PublishError(503, "queue_full", "the queue is full: try again later")
    static let bodyTooLarge = PublishError(413, "too_large", "the body is too large: send smaller batches")
    static let compressed = PublishError(415, "content_encoding", "a compressed body is not taken: send it as it is")
    static let otherMethod = PublishError(405, "method_not_allowed", "this path has other methods")
    static let brokenClient = PublishError(
        400, "bad_client", "the client id is over 128 bytes, or its percent-encoding is broken")
    static let busy = PublishError(503, "busy", "too much is being sent at once: try again later")
    static let fromAPage = PublishError(
        403, "origin", "a web page may not ask here: an app sends no Origin, or set app.key")
    static let fromAnotherSite = PublishError(
        403, "origin", "a web page of another site may not ask here (Sec-Fetch-Site): or set app.key")
    static let unknownHost = PublishError(
        403, "origin", "Host is no address and no name of this machine: add it to app.hosts, or set app.key")
    static let unauthorized = PublishError(401, "unauthorized", "the app key is missing or wrong")

    /// The input is no JSON. The scanner finds the byte at which the mistake is.
    static func badJSON(_ input: UnsafeRawBufferPointer, at offset: Int = 0) -> PublishError {
        let fault = JSONScanner.fault(in: input) ?? .init(offset: input.count, message: "not taken")
        return PublishError(400, "bad_json", fault.message, offset: offset + fault.offset)
    }

    /// Writes `{"error":{"code":"...","message":"...","offset":N,"index":N}}`, offset and index only if they are known.
    func write(to out: inout Buffer, index: Int? = nil) {
        out.append("{\"error\":{\"code\":\"")
        out.append(code)
        out.append("\",\"message\":\"")
        out.append(message)
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
