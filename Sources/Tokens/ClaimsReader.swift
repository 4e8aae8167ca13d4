import Base
import Wire

/// Reads the claims of a token whose signature is good (RFC 7519, 4.1). Claims that are not known here are ignored.
struct ClaimsReader {
    private let members: JSONMembers
    private let rules: TokenRules

    init(_ members: JSONMembers, _ rules: TokenRules) {
        self.members = members
        self.rules = rules
    }

    /// A token that nobody should have made is bad, also if it is expired: a newer one would be no better. A token
    /// whose user can't be one is looked at last, since it is good otherwise.
    func claims(now: UInt64) throws(TokenError) -> TokenClaims {
        var claims = TokenClaims()
        guard let expires = try time("exp") else { throw .bad("the token has no exp") }
        guard let issuedAt = try time("iat") else { throw .bad("the token has no iat") }
        let notBefore = try time("nbf") ?? 0
        guard expires > issuedAt else { throw .bad("the token's exp is not after its iat") }
        guard UInt64(expires - issuedAt) <= rules.maxAge else { throw .bad("the token's life is too long") }
        try checkIssuer()
        try checkAudience()
        if let id = members["jti"], id.text == nil { throw .bad("the token's jti is no text") }
        claims.channels = try channels()
        guard now + rules.leeway >= issuedAt else { throw .bad("the token's iat is not yet reached") }
        guard now + rules.leeway >= notBefore else { throw .bad("the token's nbf is not yet reached") }
        guard now < UInt64(expires) + rules.leeway else { throw .expired }
        claims.subject = try subject()
        (claims.issuedAt, claims.expires) = (issuedAt, expires)
        return claims
    }

    private func time(_ name: StaticString) throws(TokenError) -> UInt32? {
        guard let value = members[name] else { return nil }
        guard let value = value.whole, let time = UInt32(exactly: value), time > 0 else {
            throw .bad("a time of the token is no whole number of seconds before 2106")
        }
        return time
    }

    private func checkIssuer() throws(TokenError) {
        let issuer = members["iss"]
        if let issuer, issuer.text == nil { throw .bad("the token's iss is no text") }
        guard !rules.issuer.isEmpty else { return }
        guard let text = issuer?.text, text.elementsEqual(rules.issuer.utf8) else {
            throw .bad("the token's iss is not tokens.issuer")
        }
    }

    /// A token for others is refused (RFC 7519, 4.1.3). So it is if it says for whom it is and nobody said who we are.
    private func checkAudience() throws(TokenError) {
        guard let audience = members["aud"] else {
            guard rules.audience.isEmpty else { throw .bad("the token has no aud") }
            return
        }
        guard !rules.audience.isEmpty else { throw .bad("the token has an aud, and tokens.audience is not set") }
        var isOurs = false
        for value in audience.list ?? [audience] {
            guard let text = value.text else { throw .bad("the token's aud is neither a text nor a list of texts") }
            if text.elementsEqual(rules.audience.utf8) { isOurs = true }
        }
        guard isOurs else { throw .bad("the token's aud is not tokens.audience") }
    }

    /// The channels in the form of a `Grant`, each once.
    private func channels() throws(TokenError) -> [UInt8] {
        guard let value = members["channels"] else { return [] }
        guard let list = value.list else { throw .bad("the token's channels are no list") }
        guard list.count <= Limits.tokenChannels else { throw .bad("the token has too many channels") }
        var names: Set<[UInt8]> = []
        var out = Buffer()
        for value in list {
            guard let name = value.text, name.withUnsafeBytes({ wrongClientId($0) }) == nil else {
                throw .bad("a channel of the token is no channel's name")
            }
            if names.insert(name).inserted { name.withUnsafeBytes { ChannelNames.append($0, to: &out) } }
        }
        return [UInt8](out.bytes)
    }

    private func subject() throws(TokenError) -> [UInt8] {
        guard let value = members["sub"] else { throw .client("the token has no sub") }
        guard let subject = value.text else { throw .client("the token's sub is no text") }
        guard subject.withUnsafeBytes({ wrongClientId($0) }) == nil else {
            throw .client("the token's sub is no user")
        }
        guard !subject.contains(UInt8(ascii: ":")) else { throw .client("the token's sub has a colon") }
        return subject
    }
}
