/// What is known about a copy that ended though nobody told it to. It is the file `crash/ID.json` and the answer to
/// `crashes`.
package struct CrashReport: Sendable {
    /// `20261123T140228618-worker-5`. Ids sort by time.
    package var id: String
    /// The time in milliseconds since 1970, and as text.
    package var time: UInt64
    package var at: String
    package var name: String
    package var pid: Int32
    package var boot: String
    package var generation: Int
    package var kind: EndKind
    package var code: Int?
    package var signal: Int?
    /// It left a core.
    package var core: Bool
    /// Its time of life, in seconds.
    package var uptime: Double
    /// The processor time that it used. `nil` if the kernel told that to another process.
    package var userMicroseconds: Int64?
    package var systemMicroseconds: Int64?
    package var peakBytes: Int64?
    /// A text that says how it ended.
    package var text: String
    /// Its last report on the stats channel, by metric. Empty if there was none.
    package var lastReport: NamedValues
    /// The last lines that it wrote.
    package var lines: [Line]

    package struct Line: Codable, Sendable {
        package var time: UInt64
        package var text: String
        package init(time: UInt64, text: String) {
            self.time = time
            self.text = text
        }
    }

    package init(
        id: String, time: UInt64, at: String, copy: CopyName, pid: Int32, boot: String, ending: Ending, wasHung: Bool,
        core: Bool, uptime: Milliseconds, lastReport: NamedValues, lines: [Line]
    ) {
        self.id = id
        self.time = time
        self.at = at
        name = copy.name.description
        self.pid = pid
        self.boot = boot
        generation = copy.generation
        kind = EndKind(ending, wasHung: wasHung)
        code = ending.code
        signal = ending.signal
        self.core = core
        self.uptime = uptime.asSeconds
        text = ending.text
        self.lastReport = lastReport
        self.lines = lines
    }
}

extension CrashReport: Codable {
    enum CodingKeys: String, CodingKey {
        case id, time, at, name, pid, boot, generation, kind, code, signal, core, uptime
        case userMicroseconds = "cpu_user_us", systemMicroseconds = "cpu_system_us", peakBytes = "peak_bytes", text
        case lastReport = "last_report", lines
    }
    /// The values of its usage are left out if they are not known.
    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(id, forKey: .id)
        try members.encode(time, forKey: .time)
        try members.encode(at, forKey: .at)
        try members.encode(name, forKey: .name)
        try members.encode(pid, forKey: .pid)
        try members.encode(boot, forKey: .boot)
        try members.encode(generation, forKey: .generation)
        try members.encode(kind, forKey: .kind)
        try members.encodeIfPresent(code, forKey: .code)
        try members.encodeIfPresent(signal, forKey: .signal)
        try members.encode(core, forKey: .core)
        try members.encode(uptime, forKey: .uptime)
        if let userMicroseconds { try members.encode(userMicroseconds, forKey: .userMicroseconds) }
        if let systemMicroseconds { try members.encode(systemMicroseconds, forKey: .systemMicroseconds) }
        if let peakBytes { try members.encode(peakBytes, forKey: .peakBytes) }
        try members.encode(text, forKey: .text)
        try members.encode(lastReport, forKey: .lastReport)
        try members.encode(lines, forKey: .lines)
    }
}

/// Numbers by their names, in an order, as one JSON object. A reader does not see the order, and sorts them.
package struct NamedValues: Codable, Sendable {
    package var list: [(name: String, value: UInt64)]
    package init(_ list: [(name: String, value: UInt64)] = []) { self.list = list }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { return nil }
    }
    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Name.self)
        list = try members.allKeys.map { ($0.stringValue, try members.decode(UInt64.self, forKey: $0)) }
            .sorted { $0.name < $1.name }
    }
    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: Name.self)
        for (name, value) in list { try members.encode(value, forKey: Name(stringValue: name)) }
    }
}
