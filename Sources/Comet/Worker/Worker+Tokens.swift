import Base
import Store
package import Tokens
import Wire

// A request is its user's. Each request carries its token, whatever came before on its connection (docs/protocol.txt,
// 3).
extension Worker {
    /// From now on clients' tokens are verified with these keys. Receivers stay. Without keys no token is taken.
    package mutating func changeTokens(_ verifier: TokenVerifier?) { tokens.change(verifier) }
    /// Tokens are taken, so `wallSeconds` must be right.
    package var takesTokens: Bool { tokens.isOn }
    /// Tokens whose signatures were checked, and those that are remembered.
    package var tokensVerified: UInt64 { tokens.verified }
    package var tokensKnown: Int { tokens.count }

    /// The token that a request has.
    private enum Given {
        case none, several
        case token(UnsafeRawBufferPointer)
    }
    /// A request has one token: in Authorization, in its query, or, if it has neither, in a cookie. A browser adds the
    /// cookie by itself, so the cookie does not count beside another.
    private func given(_ request: HTTPRequest, _ poll: PollRequest, _ origin: UInt8) -> Given {
        if poll.hasTwoTokens || request.hasTwoAuthorizations { return .several }
        if let value = request.authorization, value.count > 7, matchesLowercase(value.part(0, 7), "bearer ") {
            return poll.token == nil ? .token(value.part(7, value.count - 7)) : .several
        }
        if let token = poll.token { return .token(token) }
        guard !settings.tokenCookie.isEmpty, poll.transport != .jsonp, poll.transport != .bare,
            isOfOurPage(request, origin)
        else { return .none }
        return cookie(request)
    }
    /// A page sent the request that may send cookies: its origin is one of those that are named, or it is on the same
    /// origin as the worker. Any other page can make a browser send its cookies, too.
    private func isOfOurPage(_ request: HTTPRequest, _ origin: UInt8) -> Bool {
        // `null` is the origin of pages that have none of their own, whoever wrote them.
        if origin > 0 { return settings.origins[Int(origin) - 1] != "null" }
        let sites = request.values(of: "sec-fetch-site")
        return sites.count == 1 && matchesLowercase(sites[0], "same-origin")
    }
    /// The cookie with the token (RFC 6265, 5.4). Two of that name may be of two sites, one of which is not ours.
    private func cookie(_ request: HTTPRequest) -> Given {
        var found: UnsafeRawBufferPointer?
        for line in request.values(of: "cookie") {
            var rest = line
            while !rest.isEmpty {
                let end = position(of: UInt8(ascii: ";"), in: rest)
                let pair = rest.part(0, end)
                rest = end < rest.count ? rest.part(end + 1, rest.count - end - 1) : rest.part(end, 0)
                if let space = rest.first, space == 32 { rest = rest.part(1, rest.count - 1) }
                let name = position(of: UInt8(ascii: "="), in: pair)
                guard name < pair.count, pair.part(0, name).elementsEqual(settings.tokenCookie) else { continue }
                guard found == nil else { return .several }
                found = pair.part(name + 1, pair.count - name - 1)
            }
        }
        return found.map { .token($0) } ?? .none
    }

    /// Finds the user of a request. It may be for a client that is the user, or that has the user before its first
    /// colon. `token` is then its place in the book, `none` if the request has none and needs none. False if the
    /// request was answered with an error.
    mutating func identify(
        _ slot: ConnectionSlot, _ request: HTTPRequest, _ poll: PollRequest, _ origin: UInt8, _ style: Answer.Style
    ) -> Bool {
        token = .none
        guard tokens.isOn || settings.requiresTokens else { return true }
        switch given(request, poll, origin) {
        case .none:
            guard settings.requiresTokens else { return true }
            counters.tokensRefused += 1
            refuseToken(slot, request, poll, style, 401, "token_missing", "a token is needed: Authorization or token=")
        case .several:
            counters.tokensRefused += 1
            refuseToken(slot, request, poll, style, 400, "two_tokens", "the token is given twice")
        case .token(let text):
            do throws(TokenError) {
                let found = try tokens.find(text, now: wallSeconds)
                guard areEqual(tokens.user(found), LogName.user(of: poll.client)) else {
                    throw .client("the token is of another user")
                }
                guard !isOlder(found, poll) else {
                    throw .bad("a newer token of this client is in use")
                }
                token = found
                return true
            } catch {
                switch error {
                case .bad(let why):
                    counters.tokensRefused += 1
                    refuseToken(slot, request, poll, style, 401, "token_bad", why)
                case .expired:
                    counters.tokensExpired += 1
                    refuseToken(slot, request, poll, style, 401, "token_expired", "the token has expired")
                case .client(let why):
                    counters.tokensRefused += 1
                    refuseToken(slot, request, poll, style, 403, "token_client", why)
                }
            }
        }
        return false
    }
    /// The client has a receiver here whose token was made later. Only the manager knows which tokens were revoked. So
    /// that none of those takes the place of a receiver before the manager has heard of it, an older token does not.
    private func isOlder(_ found: TokenSlot, _ poll: PollRequest) -> Bool {
        guard let held = find(poll.client, index.hash(poll.client)) else { return false }
        let other = slab.pointer(held).pointee.receiver.token(in: strings)
        return other != .none && tokens.issuedAt(other) > tokens.issuedAt(found)
    }

    /// Answers in the form of the transport. The connection goes on: behind a proxy it is that of many users.
    private mutating func refuseToken(
        _ slot: ConnectionSlot, _ request: HTTPRequest, _ poll: PollRequest, _ style: Answer.Style, _ status: Int,
        _ code: StaticString, _ message: StaticString
    ) {
        counters.httpRefused += 1
        switch poll.transport {
        case .webSocket:
            openSocket(slot, request, style) {
                $0.declineStream(
                    slot, $1, cursor: 0, retry: nil, error: (code, message), code: status == 401 ? .token : .client)
            }
        case .jsonp:
            let answer = Answer(style, callback: poll.callback, to: &out)
            answer.finish(cursor: poll.cursor ?? 0, error: (code, message), to: &out)
            reply(slot)
        case .json, .bare, .events:
            Answer.error(status, code: code, message: message, style, extra: challenge(status, code), to: &out)
            reply(slot)
        }
    }
    /// The header that belongs to a 401 (RFC 6750, 3).
    func challenge(_ status: Int, _ code: StaticString) -> StaticString {
        guard status == 401 else { return "" }
        return code.utf8CodeUnitCount == 13 && code.description == "token_missing"
            ? "WWW-Authenticate: Bearer\r\n" : "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n"
    }

    // MARK: receivers whose token ends

    /// Seconds until the receiver's token is not taken any more, 0 or less if it is over. `nil` if it has none.
    @inline(__always)
    func tokenLeft(_ slot: ConnectionSlot) -> Int? {
        let token = slab.pointer(slot).pointee.receiver.token(in: strings)
        return token == .none ? nil : tokens.left(token, now: wallSeconds)
    }
    /// A receiver that stays is looked at again when its token ends, and not later than after a heartbeat's time. What
    /// it is sent meanwhile does not put that off.
    mutating func holdUntilTokenEnds(_ slot: ConnectionSlot, _ left: Int, _ now: UInt32) {
        deadlines.hold(slot, seconds: UInt32(max(1, left)), now: now, in: slab)
    }
    /// A receiver that stays, and has begun, is in a list of polls: its token ends soon.
    func staysOn(_ slot: ConnectionSlot) -> Bool {
        let receiver = slab.pointer(slot).pointee.receiver
        return !receiver.endsWithAnswer && !receiver.isHello
    }
    /// The time of such a receiver is over, or a part of it.
    mutating func watchToken(_ slot: ConnectionSlot, _ now: UInt32) {
        let left = tokenLeft(slot)
        if let left, left > 0 { holdUntilTokenEnds(slot, left, now) }
        guard let left, left <= 0 else { return beat(slot) }
        counters.tokensExpired += 1
        endStream(slot, error: ("token_expired", "the token has expired"), code: .token, telling: true)
    }
    /// The manager says that the receiver's token was revoked.
    mutating func revoke(_ slot: ConnectionSlot) {
        if slab.pointer(slot).pointee.receiver.endsWithAnswer { counters.pollsEmpty += 1 }
        end(slot, 401, ("token_revoked", "the token was revoked"), .token)
    }
}
