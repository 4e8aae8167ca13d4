package import Stats
import Supervision

/// A report for the model, from the stats channel, a recording or a test.
package struct Report: Equatable, Sendable {
    package var role: StatsPacket.Role
    package var instance: Int
    package var boot: UInt64
    package var pid: UInt32 = 0
    package var generation: UInt16 = 1
    package var startTime: UInt64 = 0
    package var state: UInt16 = StatsPacket.State.ready.rawValue
    package var isGoodbye = false
    /// Nanoseconds of CLOCK_MONOTONIC.
    package var time: UInt64
    package var interval: UInt64 = 1000
    package var lost: UInt64 = 0
    package var values = MetricValues()
    /// Its values about others: 0 is the manager (for a queue, the clients that were on no worker), n + 1 is worker n.
    package var subjects: [UInt16: MetricValues] = [:]

    package init(_ role: StatsPacket.Role, _ instance: Int = 0, boot: UInt64, time: UInt64) {
        self.role = role
        self.instance = instance
        self.boot = boot
        self.time = time
    }
}

extension Model {
    package mutating func take(_ report: Report) {
        switch report.role {
        case .worker: takeOwn(report, .worker(report.instance))
        case .manager:
            takeOwn(report, .manager)
            let isNew = isNewManager(report)
            for (subject, values) in report.subjects {
                let id = ProcessName(subject: subject)
                process(id) { process in
                    if isNew { process.queue.restart() }
                    process.queue.interval = report.interval
                    process.queue.take(values, time: report.time)
                    process.depth.note(process.queue.value(.queueMessages), time: report.time)
                }
            }
            if isNew {
                queue.restart()
                publishes.restart()
                enqueued.restart()
            }
            publishes.note(report.values[.publishes], time: report.time)
            enqueued.note(report.values[.enqueued], time: report.time)
            managerBoot = report.boot
            queue.interval = report.interval
            queue.take(report.values, time: report.time)
            depth.note(queue.value(.queueMessages), time: report.time)
        case .webhook: takeOwn(report, .webhook)
        case .supervisor:
            if supervisor.boot != report.boot { supervisor.own.restart() }
            supervisor.boot = report.boot
            supervisor.pid = report.pid
            supervisor.startTime = report.startTime
            supervisor.own.interval = report.interval
            supervisor.own.take(report.values, time: report.time)
            for (subject, values) in report.subjects {
                process(ProcessName(subject: subject)) { process in
                    process.child.interval = report.interval
                    process.child.take(values, time: report.time)
                }
            }
        case .reader: return
        }
    }
    private func isNewManager(_ report: Report) -> Bool { managerBoot != 0 && managerBoot != report.boot }

    private mutating func takeOwn(_ report: Report, _ id: ProcessName) {
        var lostNow: UInt64 = 0
        process(id) { process in
            if process.boot != report.boot {
                // The generation before still drains. The row shows the new one.
                if process.boot != 0, report.generation < process.generation,
                    process.own.freshness(report.time) == .fresh
                {
                    return
                }
                process.own.restart()
                process.latency.restart()
                process.closes.restart()
                process.deliveries.restart()
                process.latencies.restart()
                process.boot = report.boot
                process.lost = 0
            }
            process.pid = report.pid
            process.generation = report.generation
            process.startTime = report.startTime
            process.reportedState = report.state
            process.saidGoodbye = report.isGoodbye
            // The hub begins with its newest report. Reports between that one and the first live one went to others,
            // and were not lost.
            let lost = process.own.samples.count > 1 ? report.lost : 0
            process.lost += lost
            lostNow = lost
            process.own.interval = report.interval
            process.own.take(report.values, time: report.time)
            let whole = process.own.samples.last?.values ?? report.values
            process.latency.take(whole, time: report.time)
            process.closes.take(whole, time: report.time)
            process.noteHistories(time: report.time)
        }
        health.lost += lostNow
    }
    /// Changes the process in place, so that its ten minutes of values are not copied for each report.
    private mutating func process(_ id: ProcessName, _ change: (inout ProcessModel) -> Void) {
        change(&processes[id, default: ProcessModel(id)])
    }
}

extension ProcessModel {
    /// Takes the newest sample into the ten minutes that are drawn.
    fileprivate mutating func noteHistories(time: UInt64) {
        switch id {
        case .worker:
            connections.note(own.value(.connsOpen).map(served), time: time)
            if let values = own.samples.last?.values { latencies.note(values, time: time) }
        case .manager:
            connections.note(own.value(.workersConnected), time: time)
            apps.note(own.value(.appsConnected), time: time)
        case .webhook: break
        }
        deliveries.note(own.count(id.delivered), time: time)
    }
}
