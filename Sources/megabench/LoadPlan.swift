/// What one client process is to do: written by the coordinator as `key=value` words, which `ps` shows, and read by the
/// process.
struct LoadPlan: Equatable {
    /// How the server is spoken to. The limit loop speaks MegaComet's forms.
    enum Dialect: String { case comet, nchan }
    enum Form: String, CaseIterable { case json, jsonp, bare }
    enum PublishForm: String, CaseIterable { case lines, http }

    var dialect = Dialect.comet
    var form = Form.json
    var publishForm = PublishForm.lines
    /// The next poll comes on the same connection.
    var keepAlive = true
    /// Polls carry `cursor=`, which acknowledges.
    var acknowledges = true
    /// Clients of this process, and the number of the first of them.
    var clients = 100
    var first = 0
    /// Ids begin with it, so that messages that wait from an earlier run meet no client of this one. It ends in a
    /// letter.
    var tag = "b"
    var host: UInt32 = 0x7F00_0001
    /// Client number n polls on port `port + n % ports`.
    var port: UInt16 = 8000
    var ports = 1
    var publishHost: UInt32 = 0x7F00_0001
    var publishPort: UInt16 = 9001
    /// Connections that publish, of each process.
    var publishers = 1
    /// Connections come from this address and the ones after it, in turn.
    var source: UInt32 = 0x7F01_0001
    var sources = 1
    /// Bytes of a message's text, at least; its mark is about 30.
    var messageBytes = 48
    /// `Authorization: Bearer` of the app port, where it has a key.
    var key = ""

    var words: [String] {
        [
            "dialect=\(dialect)", "form=\(form)", "publish=\(publishForm)", "keepalive=\(keepAlive)",
            "acknowledge=\(acknowledges)",
            "clients=\(clients)", "first=\(first)", "tag=\(tag)", "host=\(host)", "port=\(port)", "ports=\(ports)",
            "publishhost=\(publishHost)", "publishport=\(publishPort)", "publishers=\(publishers)", "source=\(source)",
            "sources=\(sources)",
            "bytes=\(messageBytes)", "key=\(key)",
        ]
    }

    init() {}

    /// nil where a word is none of ours.
    init?(words: [String]) {
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, take(parts[0], parts[1]) else { return nil }
        }
    }

    private mutating func take(_ key: String, _ text: String) -> Bool {
        func put<Value>(_ path: WritableKeyPath<LoadPlan, Value>, _ value: Value?) -> Bool {
            guard let value else { return false }
            self[keyPath: path] = value
            return true
        }
        switch key {
        case "dialect": return put(\.dialect, Dialect(rawValue: text))
        case "form": return put(\.form, Form(rawValue: text))
        case "publish": return put(\.publishForm, PublishForm(rawValue: text))
        case "keepalive": return put(\.keepAlive, Bool(text))
        case "acknowledge": return put(\.acknowledges, Bool(text))
        case "clients": return put(\.clients, Int(text))
        case "first": return put(\.first, Int(text))
        case "tag": return put(\.tag, text)
        case "host": return put(\.host, UInt32(text))
        case "port": return put(\.port, UInt16(text))
        case "ports": return put(\.ports, Int(text))
        case "publishhost": return put(\.publishHost, UInt32(text))
        case "publishport": return put(\.publishPort, UInt16(text))
        case "publishers": return put(\.publishers, Int(text))
        case "source": return put(\.source, UInt32(text))
        case "sources": return put(\.sources, Int(text))
        case "bytes": return put(\.messageBytes, Int(text))
        case "key": return put(\.key, text)
        default: return false
        }
    }
}
