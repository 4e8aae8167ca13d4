import Base
import Comet
import Wire

// The answers of the app port over HTTP.
extension AppPort {
    mutating func wrongMethod(_ allow: StaticString, _ request: HTTPRequest, _ session: inout AppSession) {
        body.clear()
        PublishError(405, "method_not_allowed", "this path has other methods").write(to: &body)
        reply(405, request, &session, extra: allow)
    }
    mutating func reply(
        _ outcome: Outcome, _ request: HTTPRequest, _ session: inout AppSession, closing: Bool = false
    ) {
        body.clear()
        outcome.write(to: &body)
        let extra: StaticString =
            switch outcome.status {
            case 401: "WWW-Authenticate: Bearer\r\n"
            case 503: "Retry-After: 1\r\n"
            default: ""
            }
        reply(outcome.status, request, &session, extra: extra, closing: closing)
    }
    /// The answer whose body stands in `body`.
    mutating func reply(
        _ status: Int, _ request: HTTPRequest, _ session: inout AppSession, extra: StaticString = "",
        closing: Bool = false
    ) {
        if status == 404 || status == 405 { failed(&session) }
        var head = ResponseHead(answering: request)
        if closing { head.keepAlive = false }
        head.begin(status, to: &session.output)
        session.output.append("Content-Type: application/json\r\n")
        session.output.append(extra)
        head.end(content: body.bytes, to: &session.output)
        body.shrinkAfterUse()
        if closing { session.isClosing = true }
    }
    private mutating func failed(_ session: inout AppSession) {
        counters.failedRequests += 1
        session.tally.errors += 1
    }
    mutating func refuse(_ refusal: HTTPRefusal, _ session: inout AppSession) {
        failed(&session)
        Answer.refusal(refusal, to: &session.output)
        session.isClosing = true
    }
}

extension Buffer {
    /// A great answer makes a great buffer; it is not kept.
    fileprivate mutating func shrinkAfterUse() {
        clear()
        shrink(over: 1024 * 1024)
    }
}
