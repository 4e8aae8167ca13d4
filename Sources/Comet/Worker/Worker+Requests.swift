import Base
import Store
import Wire

// A request becomes a held poll or is answered at once.
extension Worker {
    mutating func handle(_ slot: ConnectionSlot, _ request: HTTPRequest, _ now: UInt32) {
        let connection = slab.pointer(slot)
        connection.pointee.set(.http11, request.minorVersion == 1)
        connection.pointee.set(.keepAlive, request.keepAlive && !drain.isOn)
        var style = Answer.Style(
            .json, minorVersion: request.minorVersion, keepAlive: connection.pointee.marks.contains(.keepAlive),
            cors: .none,
            isHead: request.method == .head)

        guard request.contentLength == 0 else {
            return fail(slot, 413, "body_not_taken", "a request to a worker has no body", style)
        }
        let target = PollRequest.parse(request, scratch: scratch)
        if case .script = target { return script(slot, request, style) }  // for any origin
        guard let origin = allowedOrigin(request.origin) else {
            return fail(slot, 403, "origin", "pages of this origin may not poll here (workers.origins)", style)
        }
        style.cors = cors(origin)

        switch target {
        case .server:
            guard request.method == .options else { return fail(slot, 404, "not_found", "no such path", style) }
            return options(slot, request, style)
        case .health:
            guard request.method == .get || request.method == .head else { return notAllowed(slot, style) }
            Answer.text(isLinked ? 200 : 503, isLinked ? "ok" : "not linked to the manager", style, to: &out)
            return reply(slot)
        case .script, .unknown:
            return fail(
                slot, 404, "not_found", "no such path: poll /CLIENT.json, /CLIENT.js?callback=NAME or /CLIENT.js", style
            )
        case .badCallback:
            style.keepAlive = false
            counters.httpRefused += 1
            Answer.text(400, "callback is not a name that can be called, or is over 64 bytes\n", style, to: &out)
            return replyAndLinger(slot)
        case .bad(let code, let message, let callback):
            guard request.method == .get || request.method == .head else { return notAllowed(slot, style) }
            guard callback.count > 0 else { return fail(slot, 400, code, message, style) }
            guard settings.jsonp else { return jsonpIsOff(slot, style) }
            counters.httpRefused += 1
            style.transport = .jsonp
            let answer = Answer(style, callback: callback, to: &out)
            answer.finish(cursor: 0, error: (code, message), to: &out)
            return reply(slot)
        case .poll(let poll):
            style.transport = poll.transport
            switch request.method {
            case .get, .head:
                guard settings.jsonp || poll.transport != .jsonp else { return jsonpIsOff(slot, style) }
                if request.method == .get { return hold(slot, poll, origin, style, now) }
                Answer.headOnly(style, to: &out)
                return reply(slot)
            case .options: return options(slot, request, style)
            case .post, .other: return notAllowed(slot, style)
            }
        }
    }

    // MARK: other answers

    private mutating func fail(
        _ slot: ConnectionSlot, _ status: Int, _ code: StaticString, _ message: StaticString, _ style: Answer.Style,
        extra: StaticString = ""
    ) {
        counters.httpRefused += 1
        var style = style
        style.keepAlive = false
        Answer.error(status, code: code, message: message, style, extra: extra, to: &out)
        return replyAndLinger(slot)
    }
    private mutating func notAllowed(_ slot: ConnectionSlot, _ style: Answer.Style) {
        fail(slot, 405, "method_not_allowed", "GET, HEAD and OPTIONS", style, extra: "Allow: GET, HEAD, OPTIONS\r\n")
    }
    private mutating func jsonpIsOff(_ slot: ConnectionSlot, _ style: Answer.Style) {
        fail(slot, 403, "jsonp", "JSONP is switched off here (workers.jsonp): poll /CLIENT.json", style)
    }
    private mutating func options(_ slot: ConnectionSlot, _ request: HTTPRequest, _ style: Answer.Style) {
        Answer.options(style, asked: request.values(of: "access-control-request-headers"), to: &out)
        return reply(slot)
    }
    private mutating func script(_ slot: ConnectionSlot, _ request: HTTPRequest, _ style: Answer.Style) {
        var style = style
        style.cors = .anyone
        if request.method == .options { return options(slot, request, style) }
        guard request.method == .get || request.method == .head else { return notAllowed(slot, style) }
        guard !settings.script.isEmpty else { return fail(slot, 404, "not_found", "no such path", style) }
        var known = false
        if let asked = request.ifNoneMatch {
            var etag = settings.scriptETag
            known = etag.withUTF8 { entityTagMatches(asked, UnsafeRawBufferPointer($0)) }
        }
        let bytes = settings.script
        bytes.withUnsafeBytes {
            Answer.script($0, etag: settings.scriptETag, unchanged: known, style, to: &out)
        }
        return reply(slot)
    }
}
