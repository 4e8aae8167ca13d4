import Engine

/// Tells operators of an engine that is there and takes nothing: once, and when it is over.
struct EngineRefusals {
    private var last: UInt64?
    /// Milliseconds without a refusal after which it is over.
    private static let quietMilliseconds: UInt64 = 5_000

    /// A sentence, if this is the first refusal.
    mutating func refused(_ fault: String, now: UInt64) -> String? {
        defer { last = now }
        return last == nil ? "the engine does not take everything: \(fault)" : nil
    }
    /// A sentence, if it is over.
    mutating func isOver(now: UInt64) -> String? {
        guard let since = last, now - since >= EngineRefusals.quietMilliseconds else { return nil }
        last = nil
        return "the engine has taken everything for \(EngineRefusals.quietMilliseconds / 1000) s"
    }
}

/// An entry with bytes of its own.
struct StalledEntry {
    /// The entry without its records, which are valid no more.
    let head: EngineEntry
    private let records: [UInt8]

    init(_ entry: EngineEntry) {
        head = entry.with(records: UnsafeRawBufferPointer(start: nil, count: 0))
        records = Array(entry.records)
    }
    func withEntry(_ use: (EngineEntry) -> Void) {
        records.withUnsafeBytes { use(head.with(records: $0)) }
    }
}
