package import Base

/// A piece of the hub's history: the values of one metric of one process, one for each step of time, oldest first.
///
///     64  2  role         72  4  step, ms                 86  ..  count values, each the difference to the one
///     66  2  instance     76  8  time of the first value,         before (first: to zero), zigzag, plus one, as a
///     68  2  metric id           monotonic ns                     LEB128 number of 7 bits a byte; 0: no report then
///     70  2  subject, or  84  2  count
///            65535 for none
///
/// The metric's low 12 bits are its id, the high 4 bits are its `Measure`.
package struct StatsHistory: Equatable, Sendable {
    package var role: StatsPacket.Role
    package var instance: UInt16
    package var metric: UInt16
    /// As in `MetricID.subject`. `nil` means the process itself, or the whole appliance if the role is supervisor.
    package var subject: UInt16?
    package var stepMilliseconds: UInt32
    package var firstTime: UInt64
    /// `nil` means that no report came in that step.
    package var values: [UInt64?]

    /// The relation of a value to its step. The day (`StatsDay`) has three series for each total; for a counter they
    /// hold its growth in thousandths per second.
    package enum Measure: UInt8, CaseIterable, Sendable {
        /// The value as it was reported.
        case value = 0
        case least, mean, most
    }
    private static let idBits: UInt16 = 12
    package static func metric(_ id: MetricID, _ measure: Measure) -> UInt16 {
        UInt16(measure.rawValue) << idBits | id.rawValue
    }
    /// `nil` for an id that this version does not know.
    package var id: MetricID? { MetricID(rawValue: metric & (1 << StatsHistory.idBits - 1)) }
    package var measure: Measure? { StatsHistory.measure(metric) }
    static func measure(_ metric: UInt16) -> Measure? { Measure(rawValue: UInt8(metric >> idBits)) }

    package static let fixedBytes = 22
    /// The room for values in one datagram.
    package static let valueBytes =
        StatsPacket.mostBytes - StatsPacket.headerBytes - StatsPacket.tokenBytes - fixedBytes

    package init(
        role: StatsPacket.Role, instance: UInt16, metric: UInt16, subject: UInt16?, stepMilliseconds: UInt32,
        firstTime: UInt64, values: [UInt64?]
    ) {
        self.role = role
        self.instance = instance
        self.metric = metric
        self.subject = subject
        self.stepMilliseconds = stepMilliseconds
        self.firstTime = firstTime
        self.values = values
    }

    /// Writes the values from `start` on, as many as one datagram holds. Returns how many those are.
    package func write(from start: Int, to out: inout Buffer) -> Int {
        out.append(bigEndian: role.rawValue)
        out.append(bigEndian: instance)
        out.append(bigEndian: metric)
        out.append(bigEndian: subject ?? .max)
        out.append(bigEndian: stepMilliseconds)
        out.append(bigEndian: firstTime + UInt64(start) * UInt64(stepMilliseconds) * 1_000_000)
        var encoded = Buffer()
        var count = 0
        var last: UInt64 = 0
        for value in values[start...] {
            let before = encoded.count
            if let value {
                let difference = Int64(bitPattern: value &- last)
                encoded.append(
                    leb128: (UInt64(bitPattern: difference << 1) ^ UInt64(bitPattern: difference >> 63)) &+ 1)
                last = value
            } else {
                encoded.append(0)
            }
            if encoded.count > StatsHistory.valueBytes {
                encoded.truncate(to: before)
                break
            }
            count += 1
        }
        out.append(bigEndian: UInt16(count))
        out.append(encoded.bytes)
        return count
    }

    /// `nil` if the bytes are no history.
    package init?(_ body: UnsafeRawBufferPointer) {
        guard body.count >= StatsHistory.fixedBytes, let role = StatsPacket.Role(rawValue: body.bigEndian(at: 0)) else {
            return nil
        }
        let subject: UInt16 = body.bigEndian(at: 6)
        let count = Int(body.bigEndian(at: 20, as: UInt16.self))
        guard count <= StatsHistory.valueBytes else { return nil }
        self.init(
            role: role, instance: body.bigEndian(at: 2), metric: body.bigEndian(at: 4),
            subject: subject == .max ? nil : subject,
            stepMilliseconds: body.bigEndian(at: 8), firstTime: body.bigEndian(at: 12), values: [])
        var at = StatsHistory.fixedBytes
        var last: UInt64 = 0
        values.reserveCapacity(count)
        for _ in 0..<count {
            var number: UInt64 = 0
            var shift: UInt64 = 0
            while true {
                guard at < body.count, shift < 64 else { return nil }
                let byte = body[at]
                at += 1
                number |= UInt64(byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            if number == 0 {
                values.append(nil)
            } else {
                let zigzag = number - 1
                last = last &+ ((zigzag >> 1) ^ (0 &- (zigzag & 1)))
                values.append(last)
            }
        }
        guard at == body.count else { return nil }
    }
}

extension Buffer {
    fileprivate mutating func append(leb128 value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }
}
