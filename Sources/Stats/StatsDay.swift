package import Base

/// The hub's memory of the last 24 hours: the least, mean and most of every 10 seconds, for each total that a viewer
/// draws over the day.
///
/// It covers the whole appliance, not each process, so 128 workers cost no more than one: 304 KiB, taken at the start.
/// A step without values (no report came, or no hub ran) is unknown, not zero.
package struct StatsDay: Sendable {
    package static let steps = 8640
    package static let secondsInStep: UInt64 = 10
    private static let stepNanoseconds = secondsInStep * 1_000_000_000
    /// A viewer gets the day by the minute. The widest line of a terminal has 200 columns of seven minutes, and by the
    /// minute it takes 63 datagrams at most, not 350.
    private static let stepsInPiece: UInt64 = 6

    package enum Total: Int, CaseIterable, Sendable {
        case connections, queued, delivered
        package var metric: MetricID {
            switch self {
            case .connections: .connsOpen
            case .queued: .queueMessages
            case .delivered: .delivered
            }
        }
    }
    /// The values of one total in one step. For a counter they are its growth in thousandths per second. A value that
    /// does not fit into 32 bits becomes the greatest that does.
    package struct Span: Equatable, Sendable {
        package var least = UInt32.max
        package var mean = UInt32.max
        package var most = UInt32.max
        package init() {}
        package var isKnown: Bool { mean != .max }
        package subscript(measure: StatsHistory.Measure) -> UInt32? {
            switch measure {
            case .value: nil
            case .least: isKnown ? least : nil
            case .mean: isKnown ? mean : nil
            case .most: isKnown ? most : nil
            }
        }
    }
    package struct Step: Equatable, Sendable {
        package var connections = Span(), queued = Span(), delivered = Span()
        package init() {}
        package subscript(total: Total) -> Span {
            get {
                switch total {
                case .connections: connections
                case .queued: queued
                case .delivered: delivered
                }
            }
            set {
                switch total {
                case .connections: connections = newValue
                case .queued: queued = newValue
                case .delivered: delivered = newValue
                }
            }
        }
    }

    private var ring = ContiguousArray(repeating: Step(), count: steps)
    /// The number of the newest step, counted from the start of CLOCK_MONOTONIC. `nil` as long as none is known.
    package private(set) var newest: UInt64?

    package init() {}

    /// The step that is not over yet. `now` is in ns of CLOCK_MONOTONIC.
    package static func step(at now: UInt64) -> UInt64 { now / stepNanoseconds }

    /// Appends a step that is over. Steps missing before it become unknown. A step that is not newer than the last is
    /// ignored.
    package mutating func put(_ step: Step, at number: UInt64) {
        if let newest {
            guard number > newest else { return }
            for missed in max(newest + 1, number - min(number, UInt64(StatsDay.steps)))..<number {
                ring[StatsDay.slot(missed)] = Step()
            }
        }
        ring[StatsDay.slot(number)] = step
        newest = number
    }
    package func step(_ number: UInt64) -> Step {
        guard let newest, number <= newest, number + UInt64(StatsDay.steps) > newest else { return Step() }
        return ring[StatsDay.slot(number)]
    }
    private static func slot(_ number: UInt64) -> Int { Int(number % UInt64(steps)) }

    /// The last 24 hours before `now`, by the minute, from the first known value to the newest. `nil` if there is none.
    package func history(_ total: Total, _ measure: StatsHistory.Measure, now: UInt64) -> StatsHistory? {
        let pieces = UInt64(StatsDay.steps) / StatsDay.stepsInPiece
        let current = StatsDay.step(at: now) / StatsDay.stepsInPiece
        guard let newest, newest / StatsDay.stepsInPiece <= current else { return nil }
        var values: [UInt64?] = []
        var first = current + 1 - min(current + 1, pieces)
        for piece in first..<max(first, newest / StatsDay.stepsInPiece + 1) {
            let value = value(total, measure, piece)
            if values.isEmpty, value == nil { first = piece + 1 } else { values.append(value) }
        }
        guard !values.isEmpty else { return nil }
        return StatsHistory(
            role: .supervisor, instance: 0, metric: StatsHistory.metric(total.metric, measure), subject: nil,
            stepMilliseconds: UInt32(StatsDay.stepsInPiece * StatsDay.secondsInStep * 1000),
            firstTime: first * StatsDay.stepsInPiece * StatsDay.stepNanoseconds,
            values: values)
    }
    private func value(_ total: Total, _ measure: StatsHistory.Measure, _ piece: UInt64) -> UInt64? {
        var tally = StatsTally()
        for number in piece * StatsDay.stepsInPiece..<(piece + 1) * StatsDay.stepsInPiece {
            if let value = step(number)[total][measure] { tally.note(Double(value)) }
        }
        return tally.span[measure].map { UInt64($0) }
    }

    // MARK: the file

    /// Bytes of a step in the supervisor's file: its number (8 bytes), then the least, mean and most of each total (4
    /// bytes each), in network byte order. All bits set means unknown. The step's number gives its place in the file.
    package static let recordBytes = 8 + 12 * Total.allCases.count
    package static func place(_ number: UInt64) -> Int { slot(number) * recordBytes }
    package func write(_ number: UInt64, to out: inout Buffer) {
        let step = step(number)
        out.append(bigEndian: number)
        for total in Total.allCases {
            out.append(bigEndian: step[total].least)
            out.append(bigEndian: step[total].mean)
            out.append(bigEndian: step[total].most)
        }
    }
    /// Takes the steps of the 24 hours before `now` from the file. The rest of the file is older, or holds no step.
    package init(records: UnsafeRawBufferPointer, now: UInt64) {
        let current = StatsDay.step(at: now)
        for slot in 0..<min(StatsDay.steps, records.count / StatsDay.recordBytes) {
            var at = slot * StatsDay.recordBytes
            func next<Integer: FixedWidthInteger & BitwiseCopyable>() -> Integer {
                defer { at += MemoryLayout<Integer>.size }
                return records.bigEndian(at: at)
            }
            let number: UInt64 = next()
            // A place that was never written is all zeros, so step 0 (the machine's first 10 seconds) is never kept.
            guard number > 0, StatsDay.slot(number) == slot, number < current, current - number < UInt64(StatsDay.steps)
            else { continue }
            var step = Step()
            for total in Total.allCases {
                step[total].least = next()
                step[total].mean = next()
                step[total].most = next()
            }
            ring[slot] = step
            newest = max(newest ?? 0, number)
        }
    }
}

/// The least, mean and most of the values that were noted.
struct StatsTally {
    private var least = 0.0, most = 0.0, sum = 0.0, count = 0.0

    mutating func note(_ value: Double) {
        least = count == 0 ? value : min(least, value)
        most = count == 0 ? value : max(most, value)
        sum += value
        count += 1
    }
    /// Unknown if no value was noted.
    var span: StatsDay.Span {
        var span = StatsDay.Span()
        guard count > 0 else { return span }
        func whole(_ value: Double) -> UInt32 { UInt32(min(value.rounded(), Double(UInt32.max - 1))) }
        (span.least, span.mean, span.most) = (whole(least), whole(sum / count), whole(most))
        return span
    }
}
