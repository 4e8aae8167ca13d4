import Base

/// Writes the datagrams of one process. The memory is made once; a report costs no allocation.
package struct StatsWriter: ~Copyable {
    /// The header of this process's datagrams. `sequence`, times and state are filled in here.
    package var header: StatsPacket.Header
    package var token: StatsToken
    /// The number of the newest datagram.
    package var newestSequence: UInt32 { header.sequence &- 1 }
    private var metrics = Buffer()
    private var datagram = Buffer()

    package init(_ header: StatsPacket.Header, token: StatsToken) {
        self.header = header
        self.token = token
    }

    // MARK: a report

    /// Adds a value to the next report. A gauge below zero is written as two's complement.
    package mutating func set(_ id: MetricID, _ value: UInt64) {
        let marks = Metric.marksByID[Int(id.rawValue)]
        metrics.append(bigEndian: id.rawValue)
        metrics.append(marks.kind)
        metrics.append(marks.unit)
        metrics.append(bigEndian: value)
    }
    package mutating func set(_ id: MetricID, _ value: Int) { set(id, UInt64(bitPattern: Int64(value))) }
    package mutating func set(_ id: MetricID, _ value: Bool) { set(id, value ? 1 : 0 as UInt64) }

    /// The values that follow are about worker n, or about the manager if it is `nil`. For a queue `nil` means the
    /// clients that were on no worker.
    package mutating func subject(_ worker: Int?) { subject(UInt16((worker ?? -1) + 1)) }
    /// The values that follow are about this process. See `MetricID.subject`.
    package mutating func subject(_ number: UInt16) { set(.subject, UInt64(number)) }

    /// Sends the values that were set as one report of one or more datagrams, and forgets them. `sampleTime` is in ns
    /// of CLOCK_MONOTONIC, `wallTime` in ms.
    package mutating func finish(
        _ kind: StatsPacket.Kind = .report, state: StatsPacket.State, sampleTime: UInt64, wallTime: UInt64,
        send: (UnsafeRawBufferPointer) -> Void
    ) {
        header.kind = kind
        header.state = state.rawValue
        header.sampleTime = sampleTime
        header.wallTime = wallTime
        var cut = Cut()
        var parts = 0
        repeat {
            cut = next(after: cut)
            parts += 1
        } while cut.end < metrics.count
        precondition(parts <= 255, "a report of more than 255 datagrams")
        header.parts = UInt8(parts)
        header.part = 0
        cut = Cut()
        repeat {
            cut = next(after: cut)
            header.part += 1
            beginDatagram()
            if let subject = cut.repeated {
                datagram.append(bigEndian: MetricID.subject.rawValue)
                datagram.append(Metric.Kind.subject.rawValue)
                datagram.append(Metric.Unit.count.rawValue)
                datagram.append(bigEndian: subject)
            }
            datagram.append(metrics.bytes.part(cut.start, cut.end - cut.start))
            endDatagram(send)
        } while cut.end < metrics.count
        metrics.clear()
    }

    /// The part of the values that one datagram holds.
    private struct Cut {
        var start = 0
        var end = 0
        /// The subject whose values continue here. It is named again, so that each datagram can be read alone.
        var repeated: UInt64?
        /// The subject that its last values are about.
        var subject: UInt64?
    }

    private func next(after cut: Cut) -> Cut {
        let size = StatsPacket.metricBytes
        let bytes = metrics.bytes
        func isSubject(_ at: Int) -> Bool { bytes.bigEndian(at: at, as: UInt16.self) == MetricID.subject.rawValue }
        let start = cut.end
        let begins = start < bytes.count && isSubject(start)
        var next = Cut(start: start, end: 0, repeated: begins ? nil : cut.subject, subject: cut.subject)
        next.end = min(bytes.count, start + (StatsPacket.metricsInOne - (next.repeated == nil ? 0 : 1)) * size)
        guard next.end < bytes.count else { return next }
        // It is cut before a subject rather than within one, if that wastes little.
        var at = next.end
        while at > start, !isSubject(at) { at -= size }
        if at > start, (next.end - at) / size < StatsPacket.metricsInOne / 2 { next.end = at }
        at = next.end - size
        while at > start, !isSubject(at) { at -= size }
        if isSubject(at) { next.subject = bytes.bigEndian(at: at + 4) }
        return next
    }

    // MARK: the other datagrams

    /// Sends a datagram of another type. The type says what `state` and `interval` mean. A body that is too long is
    /// cut.
    package mutating func send(
        _ kind: StatsPacket.Kind, state: UInt16 = 0, interval: UInt32? = nil, sampleTime: UInt64, wallTime: UInt64,
        body: UnsafeRawBufferPointer = .init(start: nil, count: 0), send: (UnsafeRawBufferPointer) -> Void
    ) {
        let promised = header.interval
        header.kind = kind
        header.state = state
        header.interval = interval ?? promised
        header.sampleTime = sampleTime
        header.wallTime = wallTime
        (header.part, header.parts) = (1, 1)
        beginDatagram()
        datagram.append(
            body.part(0, min(body.count, StatsPacket.mostBytes - StatsPacket.headerBytes - StatsPacket.tokenBytes)))
        endDatagram(send)
        header.interval = promised
    }

    private mutating func beginDatagram() {
        datagram.clear()
        datagram.append(bigEndian: StatsPacket.magic)
        datagram.append(StatsPacket.version)
        datagram.append(header.kind.rawValue)
        datagram.append(bigEndian: UInt16(StatsPacket.headerBytes))
        datagram.append(bigEndian: header.boot)
        datagram.append(bigEndian: header.sequence)
        datagram.append(bigEndian: header.role.rawValue)
        datagram.append(bigEndian: header.instance)
        datagram.append(bigEndian: header.pid)
        datagram.append(bigEndian: header.schema)
        datagram.append(header.part)
        datagram.append(header.parts)
        datagram.append(bigEndian: header.sampleTime)
        datagram.append(bigEndian: header.wallTime)
        datagram.append(bigEndian: header.startTime)
        datagram.append(bigEndian: header.interval)
        datagram.append(bigEndian: header.state)
        datagram.append(bigEndian: header.generation)
    }
    private mutating func endDatagram(_ send: (UnsafeRawBufferPointer) -> Void) {
        datagram.append(bigEndian: token.high)
        datagram.append(bigEndian: token.low)
        header.sequence &+= 1
        send(datagram.bytes)
    }
}
