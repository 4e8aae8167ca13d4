/// The task of one client process. The coordinator writes it as `key=value` words, which `ps` shows, and the process
/// reads it.
struct LoadPlan: Equatable {
    /// The server's protocol. The limit loop speaks MegaComet's forms.
    enum Dialect: String { case comet, nchan }
    enum Form: String, CaseIterable {
        case json, jsonp, bare, events, ws
        /// The connection stays: an event stream or a WebSocket.
        var stays: Bool { self == .events || self == .ws }
    }
    enum PublishForm: String, CaseIterable { case lines, http }

    var dialect = Dialect.comet
    var form = Form.json
    var publishForm = PublishForm.lines
    /// The next poll goes over the same connection.
    var keepAlive = true
    /// Polls carry `cursor=`, which acknowledges.
    var acknowledges = true
    /// The number of clients of this process, and the number of the first one.
    var clients = 100
    var first = 0
    /// Client ids begin with it, so that messages left from an earlier run reach no client of this one. It ends in a
    /// letter.
    var tag = "b"
    var host: UInt32 = 0x7F00_0001
    /// Client number n polls on port `port + n % ports`.
    var port: UInt16 = 8000
    var ports = 1
    /// The port to which all come back when a worker was killed. 0: each to its own.
    var comeBackPort: UInt16 = 0
    var publishHost: UInt32 = 0x7F00_0001
    var publishPort: UInt16 = 9001
    /// Connections of each process that publish.
    var publishers = 1
    /// Connections come from this address and the ones after it, in turn.
    var source: UInt32 = 0x7F01_0001
    var sources = 1
    /// The nchan channel that all clients of this process read. Empty: each reads a channel of its own name.
    var channel = ""
    /// Keep a ledger of every publish, and connect publishers again when the server closes them.
    var keepsLedger = false
    /// The least bytes of a message's text. Its mark has about 30.
    var messageBytes = 48
    /// The key for `Authorization: Bearer` on the app port. Empty if there is none.
    var key = ""
    /// The file with the keys of clients' tokens. Empty: they have none.
    var tokenKeys = ""
    /// Clients speak TLS 1.3. The app port is plain.
    var isTLS = false
    /// Every publish asks for a receipt.
    var hasReceipts = false

    var words: [String] {
        [
            "dialect=\(dialect)", "form=\(form)", "publish=\(publishForm)", "keepalive=\(keepAlive)",
            "acknowledge=\(acknowledges)",
            "clients=\(clients)", "first=\(first)", "tag=\(tag)", "host=\(host)", "port=\(port)", "ports=\(ports)",
            "publishhost=\(publishHost)", "publishport=\(publishPort)", "publishers=\(publishers)", "source=\(source)",
            "sources=\(sources)",
            "bytes=\(messageBytes)", "key=\(key)", "channel=\(channel)", "tokens=\(tokenKeys)", "ledger=\(keepsLedger)",
            "tls=\(isTLS)", "comeback=\(comeBackPort)", "receipts=\(hasReceipts)",
        ]
    }

    init() {}

    /// `nil` if a word is unknown.
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
        case "comeback": return put(\.comeBackPort, UInt16(text))
        case "ports": return put(\.ports, Int(text))
        case "publishhost": return put(\.publishHost, UInt32(text))
        case "publishport": return put(\.publishPort, UInt16(text))
        case "publishers": return put(\.publishers, Int(text))
        case "source": return put(\.source, UInt32(text))
        case "sources": return put(\.sources, Int(text))
        case "bytes": return put(\.messageBytes, Int(text))
        case "channel": return put(\.channel, text)
        case "ledger": return put(\.keepsLedger, Bool(text))
        case "receipts": return put(\.hasReceipts, Bool(text))
        case "tls": return put(\.isTLS, Bool(text))
        case "tokens": return put(\.tokenKeys, text)
        case "key": return put(\.key, text)
        default: return false
        }
    }
}
