import Base
import Comet
import Wire

// The HTTP form: POST /publish, GET /clients, GET /clients/ID, GET /apps, GET /stats.
extension AppPort {
    /// Takes up the next request; false where it is not whole yet.
    mutating func request(
        _ session: inout AppSession, _ switchboard: inout Switchboard, _ inputElsewhere: Int, _ now: UInt64,
        _ others: () -> [ConnectedApp]
    ) -> Bool {
        if session.chunked != nil { return chunks(&session, &switchboard, inputElsewhere, now, others) }
        guard session.input.count > 0, session.input.count >= session.needed else { return false }
        let input = session.input.bytes
        let request: HTTPRequest
        switch HTTPRequest.parse(input, limit: Limits.appHeadBytes, takesChunks: true, findsSite: true) {
        case .incomplete: return false
        case .refused(let refusal):
            refuse(refusal, &session)
            return false
        case .request(let parsed): request = parsed
        }
        // What can be refused by the head alone is refused before its body is taken.
        if let error = page(request) ?? early(request, input.count, inputElsewhere) {
            _ = reject(error, &session)
            reply(.wrong(error), request, &session, closing: true)
            return false
        }
        if !key.isEmpty, !session.hasKey { session.hasKey = isAuthorized(request) }
        let total = request.headBytes + request.contentLength
        if request.isChunked || input.count < total {
            session.needed = total
            if request.expectsContinue, !session.continued, input.count == request.headBytes {
                session.output.append("HTTP/1.1 100 Continue\r\n\r\n")
                session.continued = true
            }
            guard request.isChunked else { return false }
            session.beginChunks(headBytes: request.headBytes)
            return chunks(&session, &switchboard, inputElsewhere, now, others)
        }
        answer(request, input.part(request.headBytes, request.contentLength), &session, &switchboard, now, others)
        session.input.consume(total)
        ended(request, &session)
        return true
    }
    private mutating func ended(_ request: HTTPRequest, _ session: inout AppSession) {
        counters.requests += 1
        session.needed = 0
        session.continued = false
        if !request.keepAlive { session.isClosing = true }
    }

    /// The rest of a request whose body comes in chunks; false where it is not whole yet.
    private mutating func chunks(
        _ session: inout AppSession, _ switchboard: inout Switchboard, _ inputElsewhere: Int, _ now: UInt64,
        _ others: () -> [ConnectedApp]
    ) -> Bool {
        guard var chunked = session.chunked.take() else { return false }
        switch chunked.body.take(session.input.bytes, most: mostBody) {
        case .incomplete(let used):
            session.input.consume(used)
            if inputElsewhere + session.input.count + chunked.bytes > Limits.appInputBytes {
                reply(reject(.busy, &session), chunked.request, &session, closing: true)
            } else {
                session.chunked = consume chunked
            }
            return false
        case .refused(let refusal):
            refuse(refusal, &session)
            return false
        case .whole(let used):
            session.input.consume(used)
            // simdjson reads past the end of a document.
            _ = chunked.body.content.reserve(PublishDocument.padding)
            let (request, body) = (chunked.request, chunked.body.content.bytes)
            session.chunked = consume chunked  // both point into it
            answer(request, body, &session, &switchboard, now, others)
            ended(request, &session)
            session.chunked = nil
            return true
        }
    }

    /// Bytes that a body may have: of a batch, or of one publish where that may be larger.
    private var mostBody: Int { max(Limits.batchBytes, maxMessage + Limits.publishBytes) }

    /// Web pages are kept off (`PageGuard`). With a key they are: a page has none to send, and without it nothing is
    /// answered.
    private func page(_ request: HTTPRequest) -> PublishError? {
        guard key.isEmpty, let refusal = pages.refusal(request) else { return nil }
        return switch refusal {
        case .origin: .fromAPage
        case .site: .fromAnotherSite
        case .host: .unknownHost
        }
    }
    private func early(_ request: HTTPRequest, _ have: Int, _ inputElsewhere: Int) -> PublishError? {
        guard request.contentLength > 0 || request.isChunked || request.method == .post else { return nil }
        if !isAuthorized(request) { return .unauthorized }
        if request.contentLength > mostBody {
            return PublishError(413, "too_large", "the body is too large: send smaller batches")
        }
        if let coding = request.contentEncoding, !matchesLowercase(coding, "identity") {
            return PublishError(415, "content_encoding", "a compressed body is not taken: send it as it is")
        }
        if inputElsewhere + request.contentLength > Limits.appInputBytes { return .busy }
        return nil
    }

    private func isAuthorized(_ request: HTTPRequest) -> Bool {
        guard !key.isEmpty else { return true }
        guard let value = request.authorization, value.count > 7, matchesLowercase(value.part(0, 7), "bearer ") else {
            return false
        }
        return isKey(value.part(7, value.count - 7))
    }

    // MARK: requests

    private mutating func answer(
        _ request: HTTPRequest, _ body: UnsafeRawBufferPointer, _ session: inout AppSession,
        _ switchboard: inout Switchboard, _ now: UInt64,
        _ others: () -> [ConnectedApp]
    ) {
        let isGet = request.method == .get || request.method == .head
        if matches(request.path, "/publish") {
            guard request.method == .post else { return wrongMethod("Allow: POST\r\n", request, &session) }
            return publish(request, body, &session, &switchboard, now)
        }
        let isStats = matches(request.path, "/stats")
        let isApps = matches(request.path, "/apps")
        let isList = matches(request.path, "/clients")
        guard isStats || isApps || isList || isClient(request.path) else {
            return reply(
                .wrong(PublishError(404, "not_found", "there are /publish, /clients, /clients/ID, /apps and /stats")),
                request, &session)
        }
        guard isGet else { return wrongMethod("Allow: GET, HEAD\r\n", request, &session) }
        guard isAuthorized(request) else {
            return reply(reject(.unauthorized, &session), request, &session, closing: true)
        }
        self.body.clear()
        var error: PublishError?
        if isStats {
            AppPort.writeStats(switchboard, counters, to: &self.body)
        } else if isApps {
            error = writeApps(request.query, others)
        } else {
            error = isList ? writeClients(request.query, switchboard, now) : writeClient(request.path, switchboard, now)
        }
        if let error { return reply(.wrong(error), request, &session) }
        reply(200, request, &session)
    }

    private func isClient(_ path: UnsafeRawBufferPointer) -> Bool {
        path.count > 9 && matches(path.part(0, 9), "/clients/")
    }
}
