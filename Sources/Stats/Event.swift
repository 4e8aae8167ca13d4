package import Base

/// How much an event matters.
package enum Severity: String, Codable, CaseIterable, Comparable, Sendable {
    case info, warning, error, critical

    /// A word that a later version may have is no reason to lose the event.
    package init(from decoder: any Decoder) throws {
        self = Severity(rawValue: try decoder.singleValueContainer().decode(String.self)) ?? .info
    }
    package static func < (one: Severity, other: Severity) -> Bool { one.rank < other.rank }
    /// The letter for a column of one letter.
    package var letter: String { String(rawValue.prefix(1)).uppercased() }
    private var rank: Int {
        switch self {
        case .info: 0
        case .warning: 1
        case .error: 2
        case .critical: 3
        }
    }
}

/// An event for people. One value goes from the process in which it happens to the log, the history, `megacomet events`
/// and the screens of megatop.
package struct Event: Equatable, Sendable {
    /// The number by the supervisor's count. 0 if the event is not in the supervisor's history.
    package var number: UInt64 = 0
    /// Milliseconds since 1970.
    package var time: UInt64
    /// The time for people. Empty if it was not recorded.
    package var at = ""
    package var severity: Severity
    /// `manager` or `worker-5`, and `top` for megatop itself. `nil` for the whole appliance.
    package var name: String?
    package var pid: Int?
    package var generation: Int?
    /// One word in capitals (`OperatorEvent`). Those of megatop's own events and of other versions are others.
    package var kind: String
    package var text: String

    package init(
        time: UInt64, severity: Severity, name: String?, kind: String, text: String, pid: Int? = nil,
        generation: Int? = nil
    ) {
        self.time = time
        self.severity = severity
        self.name = name
        self.kind = kind
        self.text = text
        self.pid = pid
        self.generation = generation
    }
}

/// An event on the control socket and in the file `memory`:
///
///     {"number":17,"time":1795442551042,"at":"2026-11-23T14:02:31.042Z","severity":"error","name":"worker-5",
///     "pid":24417,"generation":3,"kind":"EXIT","text":"signal 11 (SIGSEGV) after 3.1 s"}
///
/// `pid` and `generation` are left out if they do not apply. Datagrams have no `number` and no `at`.
extension Event: Codable {
    enum CodingKeys: String, CodingKey { case number, time, at, severity, name, pid, generation, kind, text }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            time: try members.decode(UInt64.self, forKey: .time),
            severity: try members.decode(Severity.self, forKey: .severity),
            name: try members.decodeIfPresent(String.self, forKey: .name),
            kind: try members.decode(String.self, forKey: .kind), text: try members.decode(String.self, forKey: .text),
            pid: try members.decodeIfPresent(Int.self, forKey: .pid),
            generation: try members.decodeIfPresent(Int.self, forKey: .generation))
        number = try members.decodeIfPresent(UInt64.self, forKey: .number) ?? 0
        at = try members.decodeIfPresent(String.self, forKey: .at) ?? ""
    }
    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(number, forKey: .number)
        try members.encode(time, forKey: .time)
        try members.encode(at, forKey: .at)
        try members.encode(severity, forKey: .severity)
        try members.encodeIfPresent(name, forKey: .name)
        if let pid { try members.encode(pid, forKey: .pid) }
        if let generation { try members.encode(generation, forKey: .generation) }
        try members.encode(kind, forKey: .kind)
        try members.encode(text, forKey: .text)
    }
}

/// An event as the body of an EVENT datagram: one JSON object.
///
///     {"time":1795442551042,"severity":"error","name":"worker-5","kind":"EXIT","text":"SIGSEGV after
///     3.1 s","pid":24417,"generation":3}
///
/// `name`, `pid` and `generation` are left out if they do not apply. A viewer shows `text` as it is.
extension Event {
    /// The most bytes of the text in its JSON form, so that it fits into a datagram with the other members. A longer
    /// text is cut.
    private static let textBytes = 800

    package func write(to out: inout Buffer) {
        out.append("{\"time\":")
        out.append(decimal: time)
        out.append(string: ",\"severity\":\"\(severity.rawValue)\"")
        if let name {
            out.append(",\"name\":")
            out.append(jsonString: name)
        }
        out.append(",\"kind\":")
        out.append(jsonString: kind)
        out.append(",\"text\":")
        var json = Buffer()
        json.append(jsonString: plainText(text, most: Event.textBytes))
        if json.count > Event.textBytes + 2 {
            // JSON writes quotes and backslashes as two bytes each: nothing more than doubles.
            json.clear()
            json.append(jsonString: plainText(text, most: Event.textBytes / 2))
        }
        out.append(json.bytes)
        if let pid { out.append(string: ",\"pid\":\(pid)") }
        if let generation { out.append(string: ",\"generation\":\(generation)") }
        out.append("}")
    }
}
