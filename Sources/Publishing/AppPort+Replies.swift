import Base
import Wire

// The answers of the app port over HTTP.
extension AppPort {
    mutating func reply(
        _ error: PublishError, _ request: HTTPRequest, _ session: AppSession, closing: Bool = false
    ) {
        var head = ResponseHead(answering: request)
        if closing { head.keepAlive = false }
        reply(error, head, session)
        if closing { session.isClosing = true }
    }
    mutating func reply(_ error: PublishError, _ head: ResponseHead, _ session: AppSession) {
        body.clear()
        error.write(to: &body)
        let fields: StaticString =
            switch error.status {
            case 401: "WWW-Authenticate: Bearer\r\n"
            case 503: "Retry-After: 1\r\n"
            default: ""
            }
        reply(error.status, head, session, fields: fields)
    }
    mutating func notFound(_ request: HTTPRequest, _ session: AppSession) {
        body.append("{\"error\":{\"code\":\"not_found\",\"message\":\"there are ")
        body.append(string: Route.names)
        body.append("\"}}")
        reply(404, request, session)
    }
    /// Sends the answer whose content is in `body`. `fields` has whole header lines.
    mutating func reply(
        _ status: Int, _ request: HTTPRequest, _ session: AppSession, fields: StaticString = ""
    ) {
        if status == 404 || status == 405 { failed(.path(status), session) }
        reply(status, ResponseHead(answering: request), session, fields: fields)
    }
    mutating func reply(_ status: Int, _ head: ResponseHead, _ session: AppSession, fields: StaticString = "") {
        var head = head
        if session.isLeaving { head.keepAlive = false }
        head.begin(status, to: &session.output)
        session.output.append("Content-Type: application/json\r\n")
        session.output.append(fields)
        head.end(content: body.bytes, to: &session.output)
        // A large answer makes a large buffer, which is not kept.
        body.clear()
        body.shrink(over: 1024 * 1024)
    }
    private mutating func failed(_ what: AppRefusal.What, _ session: AppSession) {
        counters.rejectedRequest += 1
        note(what, session)
    }
    mutating func refuse(_ refusal: HTTPRefusal, _ session: AppSession) {
        failed(.http(refusal), session)
        Answer.refusal(refusal, to: &session.output)
        session.isClosing = true
    }
}
