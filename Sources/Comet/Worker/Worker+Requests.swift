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

        let target = PollRequest.parse(request, scratch: scratch)
        guard request.contentLength == 0 || takesBody(target, request) else {
            return fail(
                slot, 413, "body_not_taken", "a request to a worker has no body, or one of up to 1 KiB (.ack, .leave)",
                style)
        }
        if case .script(let file) = target { return script(slot, file, request, style) }  // for any origin
        guard let origin = allowedOrigin(request.origin) else {
            return fail(slot, 403, "origin", "pages of this origin may not poll here (workers.origins)", style)
        }
        style.cors = cors(origin)
        if addresses != nil, request.method != .options, let excess = addressExcess(slot, request) {
            return refuse(slot, request, target, excess, style)
        }

        switch target {
        case .server:
            guard request.method == .options else { return fail(slot, 404, "not_found", "no such path", style) }
            return options(slot, request, style)
        case .health:
            guard request.method == .get || request.method == .head else { return notAllowed(slot, style) }
            let fault: StaticString? =
                !isLinked ? "not linked to the manager" : isEngineAway ? "the engine of the cluster is away" : nil
            Answer.text(fault == nil ? 200 : 503, fault ?? "ok", style, to: &out)
            return reply(slot)
        case .script, .unknown:
            return fail(
                slot, 404, "not_found",
                "no such path: /CLIENT.json, .js?callback=NAME, .js, .events, .ws, .ack or .leave", style)
        case .badCallback:
            style.keepAlive = false
            counters.httpRefused += 1
            Answer.text(400, "callback is not a name that can be called, or is over 64 bytes\n", style, to: &out)
            return replyAndLinger(slot)
        case .bad(let code, let message, .webSocket, _):
            return openSocket(slot, request, style) {
                $0.declineStream(slot, $1, cursor: 0, retry: nil, error: (code, message), code: .client)
            }
        case .bad(let code, let message, let transport, let callback):
            if transport == .json, isPost(request) { return fail(slot, 400, code, message, style) }
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
                guard identify(slot, request, poll, origin, style) else { return }
                if poll.transport.stays { return open(slot, request, poll, origin, style, now) }
                if request.method == .get { return hold(slot, poll, origin, style, now) }
                Answer.headOnly(style, to: &out)
                return reply(slot)
            case .options: return options(slot, request, style)
            case .post, .other: return notAllowed(slot, style)
            }
        case .acknowledge(let poll): acknowledge(slot, request, poll, leaves: false, origin, style)
        case .leave(let poll): acknowledge(slot, request, poll, leaves: true, origin, style)
        }
    }

    /// The request's connection is over a bound of its address. The client is told so in the form of its request.
    private mutating func refuse(
        _ slot: ConnectionSlot, _ request: HTTPRequest, _ target: PollRequest.Target, _ excess: Addresses.Excess,
        _ style: Answer.Style
    ) {
        guard case .poll(let poll) = target, request.method == .get, settings.jsonp || poll.transport != .jsonp else {
            let error = excess.error
            return fail(slot, 429, error.code, error.message, style, extra: "Retry-After: 10\r\n")
        }
        var style = style
        style.transport = poll.transport
        guard poll.transport == .webSocket else { return decline(slot, poll, style, excess) }
        openSocket(slot, request, style) { $0.decline(slot, poll, $1, excess) }
    }

    // MARK: receivers that stay

    /// A request for a receiver that stays. If this worker holds another receiver of the client, that is ended first,
    /// and the request is taken up again behind it: each has an answer of its own.
    private mutating func open(
        _ slot: ConnectionSlot, _ request: HTTPRequest, _ poll: PollRequest, _ origin: UInt8, _ style: Answer.Style,
        _ now: UInt32
    ) {
        if poll.transport == .events, request.method == .head {
            Answer.headOnly(style, to: &out)
            return reply(slot)
        }
        // The client has ended its side. The connection is closed when this request is taken up.
        guard !slab.pointer(slot).pointee.marks.contains(.inputEnded) else { return }
        if let old = find(poll.client, index.hash(poll.client)), canBeHeld(request, poll),
            receiverExcess(replacing: old, now) == nil
        {
            replace(old, by: poll.cursor ?? 0, Receiver.print(of: poll.copy))
            return putOff(slot)
        }
        guard poll.transport == .webSocket else { return hold(slot, poll, origin, style, now) }
        openSocket(slot, request, style) { $0.hold(slot, poll, origin, $1, now) }
    }
    /// A request that is declined or refused ends no other receiver.
    private func canBeHeld(_ request: HTTPRequest, _ poll: PollRequest) -> Bool {
        guard !isFull, !drain.isOn else { return false }
        guard poll.transport == .webSocket else { return true }
        if case .accepted = WebSocketHandshake.check(request) { return true }
        return false
    }
    /// Writes the answer to a handshake, if it is one. `then` says what follows.
    mutating func openSocket(
        _ slot: ConnectionSlot, _ request: HTTPRequest, _ style: Answer.Style,
        then: (inout Worker, Answer.Style) -> Void
    ) {
        var style = style
        style.transport = .webSocket
        switch WebSocketHandshake.check(request) {
        case .accepted(let key, let offersProtocol):
            WebSocketHandshake.accept(key: key, offersProtocol: offersProtocol, to: &out)
            then(&self, style)
        case .noUpgrade:
            fail(
                slot, 426, "no_upgrade", "this is a WebSocket: ask for it with GET, HTTP/1.1 and Upgrade: websocket",
                style,
                extra: "Upgrade: websocket\r\n")
        case .badVersion:
            fail(
                slot, 426, "bad_version", "version 13 of WebSocket is spoken", style,
                extra: "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n")
        case .badKey:
            fail(slot, 400, "bad_handshake", "Sec-WebSocket-Key is given once, as 16 bytes in base64", style)
        }
    }

    private func isPost(_ request: HTTPRequest) -> Bool { request.method == .post }
    private func takesBody(_ target: PollRequest.Target, _ request: HTTPRequest) -> Bool {
        guard isPost(request), request.contentLength <= Limits.ignoredBodyBytes else { return false }
        switch target {
        case .acknowledge, .leave, .bad: return true
        default: return false
        }
    }
    /// The client has all messages up to its cursor, and its page goes, if it `leaves`. 204: the worker has told the
    /// manager.
    private mutating func acknowledge(
        _ slot: ConnectionSlot, _ request: HTTPRequest, _ poll: PollRequest, leaves: Bool, _ origin: UInt8,
        _ style: Answer.Style
    ) {
        if request.method == .options { return options(slot, request, style) }
        guard isPost(request) else {
            return fail(slot, 405, "method_not_allowed", "POST and OPTIONS", style, extra: "Allow: POST, OPTIONS\r\n")
        }
        guard identify(slot, request, poll, origin, style) else { return }
        guard isLinked else {
            return fail(
                slot, 503, "not_linked", "the worker has no manager at the moment", style, extra: "Retry-After: 1\r\n")
        }
        if leaves {
            counters.leaves += 1
            grant.clear()
            grant.append(bigEndian: Receiver.print(of: poll.page))
            tokens.appendGrant(token, to: &grant)
            Frame(op: .leave, number: poll.acknowledged ?? poll.cursor ?? 0, client: poll.client, body: grant.bytes)
                .write(to: &toManager)
            counters.managerFramesOut += 1
        } else {
            tellAcknowledged(poll.client, poll.cursor ?? 0, token)
        }
        Answer.empty(204, style, to: &out)
        reply(slot)
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
    private mutating func script(
        _ slot: ConnectionSlot, _ file: PageFile, _ request: HTTPRequest, _ style: Answer.Style
    ) {
        var style = style
        style.cors = .anyone
        if request.method == .options { return options(slot, request, style) }
        guard request.method == .get || request.method == .head else { return notAllowed(slot, style) }
        guard let content = settings.files[file] else { return fail(slot, 404, "not_found", "no such path", style) }
        var known = false
        if let asked = request.ifNoneMatch {
            var etag = content.etag
            known = etag.withUTF8 { entityTagMatches(asked, UnsafeRawBufferPointer($0)) }
        }
        content.bytes.withUnsafeBytes {
            Answer.script(file, $0, etag: content.etag, unchanged: known, style, to: &out)
        }
        return reply(slot)
    }
}
