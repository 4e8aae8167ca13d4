import Histogram

/// A histogram as text: `value:count` for each value that was seen, so that processes' histograms can be added up.
enum HistogramText {
    static func write(_ histogram: Histogram<UInt32>) -> String {
        histogram.recordedValues().map { "\($0.value):\($0.count)" }.joined(separator: " ")
    }

    static func add(_ text: Substring, to histogram: inout Histogram<UInt64>) {
        for word in text.split(separator: " ") {
            let parts = word.split(separator: ":")
            guard parts.count == 2, let value = UInt64(parts[0]), let count = UInt64(parts[1]) else { continue }
            histogram.record(value, count: count)
        }
    }
}
