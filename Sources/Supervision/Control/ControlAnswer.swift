/// The answer to a request, in one line. It is `{"ok":true` with the members of the answer behind it, or
/// `{"ok":false,"error":{"code":"busy","message":".."}}`.
package enum ControlAnswer<Body: Codable & Sendable>: Codable, Sendable {
    case done(Body)
    case refused(Refusal)

    private enum Members: String, CodingKey { case ok, error }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Members.self)
        if try members.decode(Bool.self, forKey: .ok) {
            self = .done(try Body(from: decoder))
        } else {
            let why = try members.decodeIfPresent(Refusal.self, forKey: .error)
            self = .refused(why ?? Refusal("refused", "refused"))
        }
    }
    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: Members.self)
        switch self {
        case .done(let body):
            try members.encode(true, forKey: .ok)
            try body.encode(to: encoder)
        case .refused(let refusal):
            try members.encode(false, forKey: .ok)
            try members.encode(refusal, forKey: .error)
        }
    }
    /// The body of the answer. Throws if the answer is a refusal.
    package func body() throws(Refusal) -> Body {
        switch self {
        case .done(let body): return body
        case .refused(let refusal): throw refusal
        }
    }
}

/// The answer to an order that was carried out. There is no more to say.
package struct Done: Codable, Sendable {
    package init() {}
}
