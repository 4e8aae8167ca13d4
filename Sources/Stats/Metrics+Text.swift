import Base

extension Metric {
    /// The list in docs/metrics.txt.
    package static func documentation() -> String {
        var text = ""
        for metric in all {
            let id = "\(metric.id.rawValue)"
            let kind = String(UnicodeScalar(metric.kind.rawValue))
            text += "\(id.rightAligned(5))  \(kind)  "
            let name = "\(metric.name)\(metric.unit == .count ? "" : " (\(metric.unit))")"
            text += name.leftAligned(39) + " \(metric.scope)\n"
            let sentences = [metric.help, metric.advice, metric.threshold.map { $0.text + "." } ?? ""].filter {
                !$0.isEmpty
            }
            for line in Paragraph.lines(sentences.joined(separator: " "), width: 108) {
                text += "            \(line)\n"
            }
        }
        return text
    }
}

extension Metric.Threshold {
    /// "Warns from 80 % of conn_limit, critical from 95 %", for explanations.
    package var text: String {
        func number(_ value: Double) -> String {
            value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
        }
        func percent(_ value: Double) -> String { "\(number((value * 1000).rounded() / 10)) %" }
        let end = critical.isFinite
        return switch measure {
        case .value: "Warns from \(number(warning))" + (end ? ", critical from \(number(critical))" : "")
        case .share(let id): "Warns from \(percent(warning)) of \(Metric[id].name), critical from \(percent(critical))"
        case .rate: "Warns from \(number(warning)) a second" + (end ? ", critical from \(number(critical))" : "")
        case .rateShare(let id):
            "Warns when it grows by \(percent(warning)) of \(Metric[id].name), critical at \(percent(critical))"
        case .intervals: "Warns from \(number(warning)) intervals, critical from \(number(critical))"
        }
    }
}
