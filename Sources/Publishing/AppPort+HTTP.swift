import Base
import Comet
import Wire

// The HTTP form: takes requests off the input, and answers them by `Route`.
extension AppPort {
    /// Takes up the next request. False if it is not whole yet.
    mutating func request(_ call: AppCall, _ switchboard: inout Switchboard) -> Bool {
        let session = call.session
        if session.chunked != nil { return chunks(call, &switchboard) }
        guard session.input.count > 0, session.input.count >= session.needed else { return false }
        let input = session.input.bytes
        let request: HTTPRequest
        switch HTTPRequest.parse(input, limit: Limits.appHeadBytes, takesChunks: true, findsSite: true) {
        case .incomplete: return false
        case .refused(let refusal):
            refuse(refusal, session)
            return false
        case .request(let parsed): request = parsed
        }
        if !session.hasBeenNamed {
            session.hasBeenNamed = true
            session.name = AppName.firstWord(request.values(of: "user-agent").first)
        }
        if keys.areNeeded { show(key(of: request), session) }
        // A request that its head alone rules out is refused before its body is taken.
        if let error = page(request) ?? early(request, call) {
            reply(reject(error, session), request, session, closing: true)
            return false
        }
        let total = request.headBytes + request.contentLength
        if request.isChunked || input.count < total {
            session.needed = total
            if request.expectsContinue, !session.continued, input.count == request.headBytes {
                session.output.append("HTTP/1.1 100 Continue\r\n\r\n")
                session.continued = true
            }
            guard request.isChunked else { return false }
            session.beginChunks(headBytes: request.headBytes)
            return chunks(call, &switchboard)
        }
        let body = input.part(request.headBytes, request.contentLength)
        answer(HTTPCall(request: request, body: body, app: call), &switchboard)
        session.input.consume(total)
        ended(request, session)
        return true
    }
    private mutating func ended(_ request: HTTPRequest, _ session: AppSession) {
        counters.requests += 1
        session.needed = 0
        session.continued = false
        if !request.keepAlive, !session.isAnswerPending { session.isClosing = true }
    }

    /// Takes more of a body that comes in chunks. False if it is not whole yet.
    private mutating func chunks(_ call: AppCall, _ switchboard: inout Switchboard) -> Bool {
        let session = call.session
        guard var chunked = session.chunked.take() else { return false }
        switch chunked.body.take(session.input.bytes, most: mostBody) {
        case .incomplete(let used):
            session.input.consume(used)
            if call.inputElsewhere + session.input.count + chunked.bytes > Limits.appInputBytes {
                reply(reject(.busy, session), chunked.request, session, closing: true)
            } else {
                session.chunked = consume chunked
            }
            return false
        case .refused(let refusal):
            refuse(refusal, session)
            return false
        case .whole(let used):
            session.input.consume(used)
            // simdjson reads past the end of a document.
            _ = chunked.body.content.reserve(AppDocument.padding)
            let (request, body) = (chunked.request, chunked.body.content.bytes)
            session.chunked = consume chunked  // both point into it
            answer(HTTPCall(request: request, body: body, app: call), &switchboard)
            ended(request, session)
            session.chunked = nil
            return true
        }
    }

    /// Refuses the requests of web pages (`PageGuard`). No guard is needed if there are keys: a page knows none, and
    /// nothing is answered without one. Both headers that may have a key make browsers ask first (OPTIONS), and that is
    /// refused. So an app with a key may use any name of this machine.
    private func page(_ request: HTTPRequest) -> PublishError? {
        guard !keys.areNeeded, let refusal = pages.refusal(request) else { return nil }
        return switch refusal {
        case .origin: .fromAPage
        case .site: .fromAnotherSite
        case .host: .unknownHost
        }
    }
    private func early(_ request: HTTPRequest, _ call: AppCall) -> PublishError? {
        guard request.contentLength > 0 || request.isChunked || request.method == .post else { return nil }
        if !isAuthorized(call.session) { return .unauthorized }
        if request.contentLength > mostBody { return .bodyTooLarge }
        if let coding = request.contentEncoding, !matchesLowercase(coding, "identity") { return .compressed }
        if call.inputElsewhere + request.contentLength > Limits.appInputBytes { return .busy }
        return nil
    }

    /// The place of the key that the request has: Authorization: Bearer KEY, or else X-API-Key: KEY, once. `nil` if it
    /// has none, or a wrong one.
    private func key(of request: HTTPRequest) -> Int? {
        guard !request.hasTwoAuthorizations else { return nil }
        if let value = request.authorization, value.count > 7, matchesLowercase(value.part(0, 7), "bearer ") {
            return keys.find(value.part(7, value.count - 7))
        }
        let values = request.values(of: "x-api-key")
        return values.count == 1 ? keys.find(values[0]) : nil
    }

    /// Answers a whole request.
    private mutating func answer(_ call: HTTPCall, _ switchboard: inout Switchboard) {
        let (request, session) = (call.request, call.app.session)
        body.clear()
        let route: Route
        switch Route.find(request) {
        case .unknown: return notFound(request, session)
        case .otherMethod(let allow):
            PublishError.otherMethod.write(to: &body)
            return reply(405, request, session, fields: allow)
        case .route(let found): route = found
        }
        guard isAuthorized(session) else {
            return reply(reject(.unauthorized, session), request, session, closing: true)
        }
        guard may(session, route.right) else { return reply(reject(.mayNot(route.right), session), request, session) }
        do {
            if let status = try route.handler(&self, call, &switchboard) { reply(status, request, session) }
        } catch {
            reply(error, request, session)
        }
    }
}
