extension Setting {
    /// Clients' tokens.
    static let ofTokens: [Setting] = [
        Setting(
            "tokens.required", .automatic(\.tokens.required), .restart, worker: "tokens-required",
            manager: "tokens-required",
            "Whether clients need a token. \"auto\": they do, if tokens.keys names a file. If false beside keys, "
                + "whoever knows a client id can read its messages without a token, and each start warns of it."),
        Setting(
            "tokens.keys", .list(\.tokens.keys, .path), .restart, worker: "token-keys", manager: "token-keys",
            "Files with the keys that verify clients' tokens, each a JWK set (RFC 7517): HS256, RS256, ES256, EdDSA. "
                + "`megacomet reload` reads the files again and cuts nobody. Empty: no token is taken."),
        Setting(
            "tokens.issuer", .text(\.tokens.issuer, .any), .restart, worker: "token-issuer",
            "What `iss` of a token must be. Empty: it is not looked at."),
        Setting(
            "tokens.audience", .text(\.tokens.audience, .any), .restart, worker: "token-audience",
            "What `aud` of a token must be, or must have in its list. Empty: a token with `aud` is refused."),
        Setting(
            "tokens.leeway", .number(\.tokens.leeway, 0...300, unit: "s"), .restart, worker: "token-leeway",
            "How far the clocks of those who make tokens may be off. A token is taken so long after `exp` and before "
                + "`nbf`."),
        Setting(
            "tokens.max_age", .number(\.tokens.maxAge, 60...604_800, unit: "s"), .restart, worker: "token-max-age",
            manager: "token-max-age",
            "The longest life of a token, from `iat` to `exp`. One that lives longer is refused. Revocations are kept "
                + "for this time."),
        Setting(
            "tokens.cookie", .text(\.tokens.cookie, .cookie), .restart, worker: "token-cookie",
            "The cookie that may have a client's token. workers.origins must then name the origins of its pages. "
                + "Empty: no cookie is read."),
    ]
}
