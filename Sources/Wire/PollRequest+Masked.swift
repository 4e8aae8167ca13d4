import Base

extension PollRequest {
    /// The path of a request as it may stand in a log. The client's id is a secret of its owner where no tokens are
    /// required: there `/c42.json` becomes `/*.json`. So does a path that may have a token where the id belongs. What
    /// is no path of ours may have an id or a token in it, too, and is always `/*`.
    package static func masked(_ path: UnsafeRawBufferPointer, hidesClient: Bool) -> String {
        if case .some = PageFile(path: path) { return String(decoding: path, as: UTF8.self) }
        if matches(path, "/_/health") { return "/_/health" }
        guard let (_, end) = Form.parse(path) else { return path.count == 1 && path[0] == 42 ? "*" : "/*" }
        let isHidden = hidesClient || mayBeToken(path.part(1, end - 1))
        return (isHidden ? "/*" : String(decoding: path.part(0, end), as: UTF8.self))
            + String(decoding: path.part(end, path.count - end), as: UTF8.self)
    }
    /// A page may put its token where the id belongs. A token is longer than an id, or begins as all tokens do: with a
    /// header that is a JSON object (`{"` in base64url).
    private static func mayBeToken(_ client: UnsafeRawBufferPointer) -> Bool {
        client.count > Limits.clientIdBytes || client.count > 2 && matches(client.part(0, 3), "eyJ")
    }
}
