import Base

/// The URL of the webhook (RFC 3986). libcurl reads it again; this only refuses what nobody can have meant.
package enum WebhookAddress {
    private static let mostBytes = 2048

    /// The fault of the URL: the end of a sentence about it. `nil` if it is good, or empty.
    static func fault(_ text: String) -> String? {
        guard !text.isEmpty else { return nil }
        guard text.utf8.count <= mostBytes else { return "has over \(mostBytes) bytes" }
        guard text.utf8.allSatisfy({ (33...126).contains($0) }) else {
            return "has a space or another character that a URL writes as %XX"
        }
        guard let authority = authority(text) else { return "is no URL that begins with http:// or https://" }
        if authority.contains("@") {
            return "has a user or a password in it, which everyone could read: set app.webhook_key, which signs the "
                + "requests"
        }
        if text.contains("#") { return "has a fragment (#), which is never sent" }
        let hasPort = authority.last != "]" && authority.contains(":")
        guard let endpoint = Endpoint(parsing: hasPort ? String(authority) : authority + ":80"), endpoint.port > 0
        else {
            return "has no host, or one that can't be asked"
        }
        return nil
    }

    /// Scheme, host and port, for logs and events. The path and the query of a webhook may be secret.
    package static func origin(_ text: String) -> String {
        guard let authority = authority(text) else { return "" }
        return text.prefix { $0 != ":" } + "://" + authority
    }
    private static func authority(_ text: String) -> Substring? {
        let lowercase = text.lowercased()
        guard let scheme = ["http://", "https://"].first(where: lowercase.hasPrefix) else { return nil }
        return text.dropFirst(scheme.count).prefix { !"/?#\\".contains($0) }
    }
}
