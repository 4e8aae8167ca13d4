/// The algorithms by which a client's token may be signed (RFC 7518, 3.1; RFC 8037, 3.1).
package enum TokenAlgorithm: String, CaseIterable, Sendable {
    case hs256 = "HS256"
    case rs256 = "RS256"
    case es256 = "ES256"
    case edDSA = "EdDSA"
}

/// The public facts of a key. The key itself is in the `Crypto` module, at the same place in its list.
package struct TokenKey: Equatable, Sendable {
    /// Its `kid`. Empty if it has none.
    package var id: [UInt8]
    package var algorithm: TokenAlgorithm
    package init(id: [UInt8], algorithm: TokenAlgorithm) {
        self.id = id
        self.algorithm = algorithm
    }
}

/// The rules by which a token is taken. Times are in seconds.
package struct TokenRules: Equatable, Sendable {
    package var issuer = ""
    package var audience = ""
    package var leeway: UInt64 = 10
    package var maxAge: UInt64 = 86_400
    package init() {}
}

/// Why a token is not taken. The message names what is wrong, and never has anything of the token.
package enum TokenError: Error, Equatable {
    /// 401 `token_bad`
    case bad(StaticString)
    /// 401 `token_expired`
    case expired
    /// 403 `token_client`: the token is good, but its `sub` can't be a user.
    case client(StaticString)

    package static func == (a: TokenError, b: TokenError) -> Bool {
        switch (a, b) {
        case (.bad(let a), .bad(let b)), (.client(let a), .client(let b)): a.description == b.description
        case (.expired, .expired): true
        default: false
        }
    }
}

/// The claims of a good token.
package struct TokenClaims: Equatable {
    /// The user: a client id without a colon.
    package var subject: [UInt8] = []
    /// Seconds since 1970.
    package var issuedAt: UInt32 = 0
    package var expires: UInt32 = 0
    /// The names of channels, in the form of a `Grant`.
    package var channels: [UInt8] = []
    package init() {}
}
