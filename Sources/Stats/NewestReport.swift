/// The newest report of one process, kept as it came. New viewers get it at once.
package struct NewestReport: Sendable {
    /// The datagrams by the number of their part, from 1.
    private var parts: [UInt8: [UInt8]] = [:]

    package init() {}

    /// Takes one part of a report. The first one begins a new report.
    package mutating func take(_ datagram: [UInt8], part: UInt8) {
        if part == 1 { parts.removeAll(keepingCapacity: true) }
        parts[part] = datagram
    }

    /// The report's datagrams in their order. The last one gets the number `sequence`, the newest that this process has
    /// used. An event may have had that number: the new viewer does not get it and must not count it as lost.
    package func datagrams(upTo sequence: UInt32) -> [[UInt8]] {
        let ordered = parts.sorted { $0.key < $1.key }.map(\.value)
        return ordered.enumerated().map { index, datagram in
            var datagram = datagram
            let number = sequence &- UInt32(ordered.count - 1 - index)
            withUnsafeBytes(of: number.bigEndian) { bytes in
                for (offset, byte) in bytes.enumerated() { datagram[StatsPacket.sequenceOffset + offset] = byte }
            }
            return datagram
        }
    }
}
