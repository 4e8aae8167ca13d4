import Base

/// A datagram of the stats channel. All numbers are in network byte order; docs/operating.txt, 7.2.
///
///      0  4  magic "MGST"             28  2  schema                     64  ..      body: metrics of 12 bytes
///      4  1  version 1                30  1  part, from 1                           (id 2, kind 1, unit 1, value 8),
///      5  1  type                     31  1  parts                                  or what the type says
///      6  2  header length, 64        32  8  sample time, monotonic ns  end-16  16  token
///      8  8  boot id                  40  8  wall time, ms
///     16  4  sequence number          48  8  process start, wall ms
///     20  2  role                     56  4  promised interval, ms
///     22  2  instance                 60  2  state
///     24  4  pid                      62  2  generation
package struct StatsPacket {
    package static let headerBytes = 64
    package static let metricBytes = 12
    package static let tokenBytes = 16
    static let sequenceOffset = 16
    /// The most bytes of a datagram. It crosses any network path in one piece.
    package static let mostBytes = 1200
    package static let metricsInOne = (mostBytes - headerBytes - tokenBytes) / metricBytes
    static let magic: UInt32 = 0x4D47_5354
    package static let version: UInt8 = 1

    package enum Kind: UInt8, Sendable {
        /// Metrics, sent at each interval and when the state changes.
        case report = 1
        /// One event: its body is a JSON object, the same as a line of `megacomet events`.
        case event = 2
        /// From a viewer to the hub. Its `state` is a `Wish`.
        case subscribe = 3
        /// The hub's answer. Its interval is the lease in ms. Its state is 1 if the viewer was taken, 2 if there are 16
        /// viewers already, and 3 if history is still on its way to it.
        case subscribeOK = 4
        /// From a viewer to the hub: it asks once for the newest report of each process, without a lease.
        case poll = 5
        /// A piece of the hub's history: `StatsHistory`.
        case history = 6
        /// The last report of a process that was told to end.
        case goodbye = 7
    }
    package enum Role: UInt16, Sendable {
        case worker = 1, manager, supervisor, reader, webhook
        /// A process that the supervisor starts.
        package var isDaemon: Bool { self == .worker || self == .manager || self == .webhook }
    }
    package enum State: UInt16, Sendable {
        case starting = 1, ready, draining, overloaded
        /// The supervisor is gone, and the process serves on.
        case orphan
        package var word: String { "\(self)" }
    }
    /// The request of a SUBSCRIBE.
    package enum Wish: UInt16, Sendable {
        case renew = 0
        /// Renews the lease and asks for the history.
        case history = 1
        case leave = 2
    }

    /// The header's fields, in their order.
    package struct Header: Equatable, Sendable {
        package var kind = Kind.report
        /// A random number, chosen at the start of a process. Another number says that all counters began anew.
        package var boot: UInt64 = 0
        /// It grows by one with each datagram of this boot.
        package var sequence: UInt32 = 0
        package var role = Role.worker
        /// The worker's number; 0 for other processes.
        package var instance: UInt16 = 0
        package var pid: UInt32 = 0
        package var schema = Metric.schema
        package var part: UInt8 = 1
        package var parts: UInt8 = 1
        /// The time when the values were taken, in nanoseconds of CLOCK_MONOTONIC. Rates are computed with it, never
        /// with the time of arrival.
        package var sampleTime: UInt64 = 0
        /// Milliseconds since 1970, for people only.
        package var wallTime: UInt64 = 0
        package var startTime: UInt64 = 0
        /// Milliseconds until the next report comes at the latest.
        package var interval: UInt32 = 0
        /// `State`, or what the type says.
        package var state: UInt16 = 0
        package var generation: UInt16 = 0
        package init() {}
    }

    package var header: Header
    /// The body is valid as long as the datagram's bytes are.
    package var body: UnsafeRawBufferPointer

    package enum Parsed {
        case packet(StatsPacket)
        case wrong(Mistake)
    }
    /// Why a datagram was not taken.
    package enum Mistake: Equatable, Sendable {
        case badMagic
        /// It is shorter than a header and a token, or longer than the room it was read into, or its lengths don't
        /// agree.
        case truncated
        case badToken
        /// Its version is newer than this one.
        case newer(UInt8)
        /// Its type or role is unknown here, or its time is one that no clock shows.
        case foreign
    }
    /// The bound of a time in nanoseconds: 146 years. Sums of two times below it never overflow.
    package static let timeEnd: UInt64 = 1 << 62

    /// `length` is the datagram's true length; it is more than `bytes` holds if the datagram was cut. If `token` is
    /// `nil`, any token is accepted (unauthenticated).
    package static func parse(_ bytes: UnsafeRawBufferPointer, length: Int, token: StatsToken?) -> Parsed {
        guard bytes.count >= 8, bytes.bigEndian(at: 0, as: UInt32.self) == magic else { return .wrong(.badMagic) }
        guard length == bytes.count, length <= mostBytes, length >= headerBytes + tokenBytes else {
            return .wrong(.truncated)
        }
        let head = Int(bytes.bigEndian(at: 6, as: UInt16.self))
        guard head >= headerBytes, head + tokenBytes <= length else { return .wrong(.truncated) }
        if let token, StatsToken(bytes.part(length - tokenBytes, tokenBytes)) != token { return .wrong(.badToken) }
        guard bytes[4] == version else { return .wrong(.newer(bytes[4])) }
        guard let kind = Kind(rawValue: bytes[5]), let role = Role(rawValue: bytes.bigEndian(at: 20, as: UInt16.self))
        else { return .wrong(.foreign) }
        var header = Header()
        header.kind = kind
        header.boot = bytes.bigEndian(at: 8)
        header.sequence = bytes.bigEndian(at: sequenceOffset)
        header.role = role
        header.instance = bytes.bigEndian(at: 22)
        header.pid = bytes.bigEndian(at: 24)
        header.schema = bytes.bigEndian(at: 28)
        header.part = bytes[30]
        header.parts = bytes[31]
        header.sampleTime = bytes.bigEndian(at: 32)
        header.wallTime = bytes.bigEndian(at: 40)
        header.startTime = bytes.bigEndian(at: 48)
        header.interval = bytes.bigEndian(at: 56)
        header.state = bytes.bigEndian(at: 60)
        header.generation = bytes.bigEndian(at: 62)
        guard max(header.sampleTime, header.wallTime, header.startTime) < timeEnd else { return .wrong(.foreign) }
        let body = bytes.part(head, length - head - tokenBytes)
        if kind == .report || kind == .goodbye {
            guard body.count % metricBytes == 0, header.part >= 1, header.part <= header.parts else {
                return .wrong(.truncated)
            }
        }
        return .packet(StatsPacket(header: header, body: body))
    }

    /// Calls `each` with every metric of a report's body: its id, its value, and the subject that it is about (`nil`:
    /// the sender itself).
    package func forEachMetric(_ each: (UInt16, UInt64, UInt16?) -> Void) {
        var subject: UInt16?
        for at in stride(from: 0, to: body.count - body.count % StatsPacket.metricBytes, by: StatsPacket.metricBytes) {
            let id = body.bigEndian(at: at, as: UInt16.self)
            let value = body.bigEndian(at: at + 4, as: UInt64.self)
            if id == MetricID.subject.rawValue {
                subject = UInt16(truncatingIfNeeded: value)
            } else {
                each(id, value, subject)
            }
        }
    }
}

/// The secret that reports carry: 16 bytes, kept in RUNDIR/stats.token as 32 hex digits. It is all zeros if there is
/// none.
package struct StatsToken: Equatable, Sendable, CustomStringConvertible {
    package var high: UInt64 = 0
    package var low: UInt64 = 0
    package init() {}
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
    /// `bytes` has 16 bytes.
    init(_ bytes: UnsafeRawBufferPointer) {
        high = bytes.bigEndian(at: 0)
        low = bytes.bigEndian(at: 8)
    }
    /// `hex` has 32 hex digits; white space behind them is ignored.
    package init?(hex: String) {
        let digits = hex.utf8.prefix { $0 > 32 }
        guard digits.count == 32, hex.utf8.dropFirst(32).allSatisfy({ $0 <= 32 }) else { return nil }
        guard let high = UInt64(String(decoding: digits.prefix(16), as: UTF8.self), radix: 16),
            let low = UInt64(String(decoding: digits.dropFirst(16), as: UTF8.self), radix: 16),
            digits.allSatisfy({ hexDigit($0) != nil })
        else { return nil }
        self.init(high: high, low: low)
    }
    package var description: String { hex(high, digits: 16) + hex(low, digits: 16) }
    package var bytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: high >> (56 - 8 * $0)) }
            + (0..<8).map { UInt8(truncatingIfNeeded: low >> (56 - 8 * $0)) }
    }
}
