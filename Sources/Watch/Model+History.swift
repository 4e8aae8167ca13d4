package import Stats
import Supervision

extension Model {
    /// Takes a piece of the hub's history, so that the pictures are full from the first one on.
    package mutating func take(_ history: StatsHistory) {
        guard let id = history.id, let measure = history.measure, history.stepMilliseconds > 0 else { return }
        if measure != .value { return take(history, ofDay: measure) }
        let step = UInt64(history.stepMilliseconds) * 1_000_000
        var before: UInt64?
        for (index, value) in history.values.enumerated() {
            defer { before = value }
            guard let value else { continue }
            let time = history.firstTime &+ UInt64(index) * step
            let process: ProcessName? =
                switch (history.role, history.subject) {
                case (.worker, nil): .worker(Int(history.instance))
                case (.manager, nil): .manager
                case (.manager, let subject?): ProcessName(subject: subject)
                default: nil
                }
            guard let process else { return }
            let rate = before.flatMap {
                value >= $0 ? Double(value - $0) * 1000 / Double(history.stepMilliseconds) : nil
            }
            switch (id, history.subject) {
            case (.connsOpen, nil): note(process, \.connections, Double(value), time)
            case (.queueMessages, nil): depth.note(Double(value), time: time)
            case (.queueMessages, _): note(process, \.depth, Double(value), time)
            case (.delivered, nil), (.handed, nil): if let rate { note(process, \.deliveries, rate, time) }
            default: return
            }
        }
        if id == .connsOpen { sum(\.connections, into: \.connections) }
        if id == .delivered { sum(\.deliveries, into: \.deliveries) }
    }
    private mutating func note(
        _ id: ProcessName, _ path: WritableKeyPath<ProcessModel, History>, _ value: Double, _ time: UInt64
    ) {
        // Only for processes that exist. The history also remembers workers of a larger configuration.
        guard processes[id] != nil else { return }
        processes[id]?[keyPath: path].note(value, time: time)
    }
    /// Sums the histories of the workers into the total's history.
    private mutating func sum(_ part: KeyPath<ProcessModel, History>, into total: WritableKeyPath<Model, History>) {
        let sums = History.sum(workers.map { $0[keyPath: part] })
        if self[keyPath: total].isEmpty, let (second, value) = sums.first {
            self[keyPath: total].note(value, time: second * 1_000_000_000)
        }
        for (second, value) in sums { self[keyPath: total].fill(second, value, overwrites: true) }
    }
}
