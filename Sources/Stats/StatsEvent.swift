package import Base

/// The body of an EVENT datagram, and a line of `megacomet events --json`: one JSON object.
///
///     {"time":1795442551042,"severity":"error","name":"worker-5","kind":"EXIT","text":"SIGSEGV after
///     3.1 s","pid":24417,"generation":3}
///
/// `name`, `pid` and `generation` are left out where they do not apply. A viewer shows `text` as it is.
package struct StatsEvent: Equatable, Sendable {
    package enum Severity: String, Sendable { case info, warning, error, critical }
    /// Milliseconds since 1970.
    package var timeMilliseconds: UInt64
    package var severity: Severity
    package var name: String?
    /// One word in capitals.
    package var kind: String
    package var text: String
    package var pid: Int?
    package var generation: Int?

    package init(
        timeMilliseconds: UInt64, severity: Severity, name: String?, kind: String, text: String, pid: Int? = nil,
        generation: Int? = nil
    ) {
        self.timeMilliseconds = timeMilliseconds
        self.severity = severity
        self.name = name
        self.kind = kind
        self.text = text
        self.pid = pid
        self.generation = generation
    }

    /// Bytes of the text as JSON has it. The other members and so much text fit into a datagram; a longer text is cut.
    private static let textBytes = 800

    package func write(to out: inout Buffer) {
        out.append("{\"time\":")
        out.append(decimal: timeMilliseconds)
        out.append(string: ",\"severity\":\"\(severity.rawValue)\"")
        if let name {
            out.append(",\"name\":")
            out.append(jsonString: name)
        }
        out.append(",\"kind\":")
        out.append(jsonString: kind)
        out.append(",\"text\":")
        var json = Buffer()
        json.append(jsonString: plainText(text, most: StatsEvent.textBytes))
        if json.count > StatsEvent.textBytes + 2 {
            // JSON writes quotes and backslashes as two bytes each. Nothing else grows by more.
            json.clear()
            json.append(jsonString: plainText(text, most: StatsEvent.textBytes / 2))
        }
        out.append(json.bytes)
        if let pid { out.append(string: ",\"pid\":\(pid)") }
        if let generation { out.append(string: ",\"generation\":\(generation)") }
        out.append("}")
    }
}
