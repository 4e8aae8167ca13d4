import Base

extension PollRequest {
    /// The path of a request as it may stand in a log. The client's id is a secret of its owner where no tokens are
    /// required: there `/c42.json` becomes `/*.json`. What is no path of ours may have an id or a token in it, too, and
    /// is always `/*`.
    package static func masked(_ path: UnsafeRawBufferPointer, hidesClient: Bool) -> String {
        if case .some = PageFile(path: path) { return String(decoding: path, as: UTF8.self) }
        if matches(path, "/_/health") { return "/_/health" }
        guard let (_, end) = Form.parse(path) else { return path.count == 1 && path[0] == 42 ? "*" : "/*" }
        return (hidesClient ? "/*" : String(decoding: path.part(0, end), as: UTF8.self))
            + String(decoding: path.part(end, path.count - end), as: UTF8.self)
    }
}
