package import Base
import Store
import Wire

/// A look at an event. It is valid until events are added.
package struct KeptEvent {
    private let record: Arena.Record
    init(_ record: Arena.Record) { self.record = record }

    package var id: UInt64 { record.id }
    package var kind: EventKind { EventKind(rawValue: record.flags & 0x3F) ?? .done }
    var owner: LogName { LogName(record) }
    /// Empty for a message to a channel, a user or everyone.
    package var client: UnsafeRawBufferPointer {
        owner.kind == .client ? record.name : UnsafeRawBufferPointer(start: nil, count: 0)
    }
    /// The owner of the message: a client's id, or the log that many read. For tests and logs.
    package var ownerText: String {
        let name = String(decoding: record.name, as: UTF8.self)
        return switch owner.kind {
        case .client: name
        case .channel: "channel \(name)"
        case .user: "user \(name)"
        case .everyone: "everyone"
        }
    }
    /// The id of its message. 0 if it is about none.
    package var message: UInt64 { number(0) }
    /// The readers of a message that is `done`.
    package var counts: ReaderCounts {
        var counts = ReaderCounts()
        guard kind == .done else { return counts }
        for (at, row) in ReaderCounts.fields.enumerated() { counts[keyPath: row.field] = word(4 + at) }
        return counts
    }
    private func number(_ at: Int) -> UInt64 { UInt64(word(at)) << 32 | UInt64(word(at + 1)) }
    private func word(_ at: Int) -> UInt32 { record.body.loadUnaligned(fromByteOffset: at * 4, as: UInt32.self) }

    /// Writes it as a JSON object.
    package func write(to out: inout Buffer) {
        out.append("{\"id\":")
        out.append(decimal: id)
        out.append(",\"event\":\"")
        out.append(kind.name)
        out.append("\"")
        if message > 0 {
            out.append(",\"message\":")
            out.append(decimal: message)
        }
        switch owner.kind {
        case .client: name(",\"client\":", record.name, to: &out)
        case .channel: name(",\"channel\":", record.name, to: &out)
        case .user: name(",\"user\":", record.name, to: &out)
        case .everyone: out.append(",\"everyone\":true")
        }
        if !record.extra.isEmpty { name(",\"channel\":", record.extra, to: &out) }
        if kind == .done { counts.write(to: &out) }
        out.append(",\"time\":")
        out.append(decimal: number(2))
        out.append("}")
    }
    private func name(_ field: StaticString, _ name: UnsafeRawBufferPointer, to out: inout Buffer) {
        out.append(field)
        appendJSONString(name, to: &out)
    }
}
