import Base
import TestSupport
import Tokens

/// A token of a client's user. Its signature is not looked at here.
struct SimulatedToken: Equatable {
    static let key = TokenKey(id: [], algorithm: .hs256)
    let text: String
    let issuedAt: UInt64
    let expires: UInt64
    let channels: Set<String>

    init(_ user: String, _ channels: Set<String>, issuedAt: UInt64, expires: UInt64) {
        (self.channels, self.issuedAt, self.expires) = (channels, issuedAt, expires)
        var writer = TokenWriter(subject: user, issuedAt: issuedAt, expires: expires)
        writer.channels = channels.sorted()
        guard let bytes = writer.token(SimulatedToken.key, sign: { _ in [1] }) else {
            preconditionFailure("the key signs all")
        }
        text = String(decoding: bytes, as: UTF8.self)
    }
    /// It takes any token of ours.
    static var verifier: TokenVerifier { TokenVerifier([key], TokenRules()) { _, _, _ in true } }
}

// A client that shows tokens asks its app for a new one when the old one is refused, and now and then before. Somebody
// who has taken an older token of it may use that one.
extension SimulatedClient {
    /// The last request for a receiver.
    struct Request {
        var token: SimulatedToken?
        /// Its place among all requests and revocations.
        var order = 0
    }
    var user: String { String(name.prefix { $0 != ":" }) }
    /// The channels of all its tokens, if they never change.
    var lastingChannels: Set<String>? { number % 3 == 0 ? nil : number % 3 == 1 ? ["p", "q"] : ["q"] }
    /// Channels that a token of it may have.
    var possibleChannels: Set<String> { takesTokens ? lastingChannels ?? ["p", "q", "r"] : [] }

    /// The token that it shows next.
    func pickToken(_ world: World) -> SimulatedToken? {
        guard takesTokens else { return nil }
        if token != nil, !world.isCalm, world.chance(150), !olderTokens.isEmpty {
            return olderTokens[world.random.below(olderTokens.count)]
        }
        if let token, world.isCalm || !world.chance(30) { return token }
        forgetToken()
        let channels = lastingChannels ?? Set(["p", "q", "r"].filter { _ in world.chance(500) })
        let made = SimulatedToken(
            user, channels, issuedAt: world.wallSeconds,
            expires: world.wallSeconds + 20 + UInt64(world.random.below(40)))
        token = made
        return made
    }
    func forgetToken() {
        if let token { olderTokens = olderTokens.suffix(3) + [token] }
        token = nil
    }
    /// The fields of a query with this token.
    func fields(_ token: SimulatedToken?) -> [String] { token.map { ["token=\($0.text)", "page=\(page)"] } ?? [] }

    /// The page of the old connection says that it goes. It has what it has.
    func sayLeave(_ world: World) {
        guard let connection = world.worker(for: self)?.accept() else { return }
        let query = (acknowledges ? ["cursor=\(cursor)"] : []) + fields(pickToken(world))
        connection.worker.receive(
            connection,
            "POST /\(name).leave?\(query.joined(separator: "&")) HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        connection.isDead = true
    }

    /// The request for a stream was refused. The answer is no stream.
    var isRefused: Bool { form == .stream && !hasHead && bytes.starts(with: Array("HTTP/1.1 4".utf8)) }
    /// Takes that answer.
    func takeRefusal(_ world: World) {
        guard isRefused, let body = takeAnswer() else { return }
        refused(body, world)
        endRequest()
    }
    /// The receiver was refused, or was ended by an error. The token must be a reason for that.
    func refused(_ text: String, _ world: World) {
        note(world, "is told \(text)")
        guard takesTokens, let shown = request.token,
            let code = text.firstMatch(of: #/"code":"(token_[a-z]+)"/#)?.output.1
        else { return }
        let isRight =
            switch code {
            case "token_revoked": world.mayBeEnded(self, shown)
            case "token_expired": world.wallSeconds >= shown.expires
            case "token_bad": shown != token  // a newer one is in use
            default: false
            }
        if !isRight { world.problem("\(name) is told \(code) about a token of \(shown.issuedAt) to \(shown.expires)") }
        if code == "token_revoked" { world.refusals += 1 }
        if shown == token { forgetToken() }
    }
    private func note(_ world: World, _ text: String) { world.note(name, text) }
}
