import Base

/// Reads the answer to XREAD: the entries of one stream.
package enum EntryParser {
    /// The answer is nothing that append.lua has written.
    package struct Mistake: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// The entries in their order. None if the server had nothing new. They point into the answer.
    package static func entries(_ reply: Reply) throws(Mistake) -> [EngineEntry] {
        if reply.isNil { return [] }
        guard reply.count == 1, reply[0].count == 2 else { throw Mistake(description: "it is not one stream") }
        let list = reply[0][1]
        var entries: [EngineEntry] = []
        entries.reserveCapacity(list.count)
        for place in 0..<list.count { entries.append(try entry(list[place])) }
        return entries
    }
    private static func entry(_ reply: Reply) throws(Mistake) -> EngineEntry {
        guard reply.count == 2, reply[1].count == 10 else { throw Mistake(description: "an entry has other fields") }
        let (text, fields) = (reply[0].bytes, reply[1])
        let dash = position(of: 45, in: text)
        guard let id = decimalNumber(text.part(0, dash)), id > 0, matches(text.part(dash, text.count - dash), "-0")
        else { throw Mistake(description: "an entry has another id") }
        let names: [StaticString] = ["f", "t", "n", "p", "r"]
        for (place, name) in names.enumerated() where !matches(fields[2 * place].bytes, name) {
            throw Mistake(description: "entry \(id) has no field \(name)")
        }
        guard let time = fields[3].number, let count = fields[5].number, let previous = fields[7].number, count > 0,
            count < 1 << 32, id < 1 << 62
        else { throw Mistake(description: "entry \(id) has a field that is no number") }
        guard let from = sender(fields[1].bytes) else { throw Mistake(description: "entry \(id) has no sender") }
        return EngineEntry(
            id: id, count: count, previous: previous, time: time, sender: from.name, epoch: from.epoch,
            sequence: from.sequence, records: fields[9].bytes)
    }

    /// Reads `NAME/EPOCH/SEQ`. The epoch is in hexadecimal.
    package static func sender(_ bytes: UnsafeRawBufferPointer) -> (name: String, epoch: UInt64, sequence: UInt64)? {
        let first = position(of: 47, in: bytes)
        let second = first < bytes.count ? position(of: 47, in: bytes, from: first + 1) : first
        guard first > 0, second < bytes.count, (1...16).contains(second - first - 1),
            let sequence = decimalNumber(bytes.part(second + 1, bytes.count - second - 1))
        else { return nil }
        var epoch: UInt64 = 0
        for byte in bytes.part(first + 1, second - first - 1) {
            guard let digit = hexDigit(byte) else { return nil }
            epoch = epoch << 4 | UInt64(digit)
        }
        return (String(decoding: bytes.part(0, first), as: UTF8.self), epoch, sequence)
    }
    package static func senderText(_ name: String, epoch: UInt64, sequence: UInt64) -> String {
        "\(name)/\(hex(epoch, digits: 16))/\(sequence)"
    }
}
