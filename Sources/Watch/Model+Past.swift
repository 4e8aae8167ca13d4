import Base
package import Stats
package import Supervision

// The picture of a past moment, made of what an archive has kept. What it has not kept is unknown, and never zero.
extension Model {
    /// A picture of the past says so, and what is now.
    package struct Past: Equatable, Sendable {
        /// The present, in ns of CLOCK_MONOTONIC.
        package var present: UInt64
        /// The alerts that are raised in the present.
        package var alerts: [Alert] = []
        /// The picture was taken when it was live, so nothing is missing in it.
        package var isWhole = false
        /// The totals of the minute, if nothing else is known of that time.
        package var totals: [StatsDay.Total: Double]?

        package init(present: UInt64) { self.present = present }
    }
    /// The moments that can be shown, in ns.
    package struct Reach: Equatable, Sendable {
        package var first: UInt64 = 0
        /// From here on each second is known. Before it only the totals of minutes are.
        package var seconds: UInt64 = 0
        /// The present, or the end of a recording.
        package var last: UInt64 = 0
        /// How fast a recording is played.
        package var speed = 1.0
        package init() {}
    }
    /// The present, also in a picture of the past.
    package var present: UInt64 { past?.present ?? now }

    /// The moments that `past` can show.
    package func reach(_ archive: StatsArchive) -> Reach {
        var reach = Reach()
        reach.last = now
        reach.seconds = archive.span.map { $0.lowerBound * Model.second } ?? now
        reach.first = min(reach.seconds, days.values.compactMap(\.oldest).min() ?? now)
        return reach
    }
    private static let second: UInt64 = 1_000_000_000

    /// The picture that was live at `moment`, as far as it is known. The time between the seconds counts for the ages.
    package func past(at moment: UInt64, _ archive: StatsArchive) -> Model {
        var picture = Model()
        picture.server = server
        picture.now = moment
        picture.wall = wall - min(wall, (now - min(now, moment)) / 1_000_000)
        picture.link = .live
        picture.health = health
        picture.past = Past(present: now)
        picture.events = events.filter { $0.time <= picture.wall }
        (picture.depth, picture.connections) = (depth.until(moment), connections.until(moment))
        picture.deliveries = deliveries.until(moment)
        picture.days = days.mapValues { $0.until(moment) }
        picture.peakConnections = picture.connections.range?.most ?? 0
        picture.told = toldOfPast(picture.wall)
        if supervisor.startTime <= picture.wall {
            (picture.supervisor.boot, picture.supervisor.pid) = (supervisor.boot, supervisor.pid)
            picture.supervisor.startTime = supervisor.startTime
        }
        let step = StatsArchive.step(at: moment)
        guard let span = archive.span, step >= span.lowerBound else {
            picture.past?.totals = days.compactMapValues { $0.mean(at: moment) }
            for id in processes.keys { picture.processes[id] = ProcessModel(id) }
            return picture
        }
        let seconds = Seconds(archive: archive, step: step)
        picture.supervisor.own = seconds.series(.init(.supervisor), like: supervisor.own)
        picture.queue = seconds.series(.init(.manager), like: queue)
        for (id, live) in processes {
            let process = seconds.process(live, moment)
            if !process.own.isEmpty || !process.queue.isEmpty || !process.child.isEmpty {
                picture.processes[id] = process
            }
        }
        // It has no memory of the seconds before, so what holds at the moment is an alert.
        let conditions = picture.conditions(picture.totals)
        for sample in 1...AlertBook.samplesToRise {
            picture.book.note(conditions, sample: UInt64(sample), wall: picture.wall)
        }
        // Alerts that are raised now know since when.
        let known = alerts.filter { $0.since <= picture.wall && $0.over ?? .max > picture.wall }
        let keys = Set(known.map(\.key))
        picture.told.alerts = (known + picture.book.raised.filter { !keys.contains($0.key) }).worstFirst
        return picture
    }
    /// Answers are about the present. Only crash reports say themselves of when they are.
    private func toldOfPast(_ wall: UInt64) -> Told {
        var told = Told()
        let unknown = "not known of the past"
        (told.clients.problem, told.apps.problem) = (unknown, unknown)
        (told.channels.problem, told.addresses.problem) = (unknown, unknown)
        let stamp = (UTC.date(wall) + "T" + UTC.clock(wall)).filter { $0 != "-" && $0 != ":" }
        told.crashes = self.told.crashes?.filter { $0.id.prefix(stamp.count) <= stamp }
        return told
    }
}

/// The seconds of an archive up to the one of the picture.
private struct Seconds {
    let archive: StatsArchive
    let step: UInt64

    func process(_ live: ProcessModel, _ moment: UInt64) -> ProcessModel {
        var process = ProcessModel(live.id)
        process.isPast = true
        process.own = series(live.id.place, like: live.own)
        process.queue = series(.init(.manager, subject: live.id.subject), like: live.queue)
        process.child = series(.init(.supervisor, subject: live.id.subject), like: live.child)
        process.pid = process.child.count(.childPid).flatMap { UInt32(exactly: $0) } ?? 0
        process.generation = process.child.count(.childGeneration).flatMap { UInt16(exactly: $0) } ?? 0
        switch process.child.count(.childOverloaded) {
        case 0?: process.reportedState = StatsPacket.State.ready.rawValue
        case 1?: process.reportedState = StatsPacket.State.overloaded.rawValue
        default: break
        }
        (process.connections, process.depth) = (live.connections.until(moment), live.depth.until(moment))
        (process.deliveries, process.apps) = (live.deliveries.until(moment), live.apps.until(moment))
        // Whoever draws them looks at the seconds up to the picture's.
        process.latencies = live.latencies
        if live.id.isWorker, let newest = process.own.time {
            let step = StatsArchive.step(at: newest)
            for (time, values) in life(live.id.place, until: step, seconds: Recent.seconds).reversed() {
                process.latency.take(values, time: time)
                process.closes.take(values, time: time)
            }
        }
        return process
    }
    /// The last reports of a place, as a live picture had them then.
    func series(_ place: StatsArchive.Place, like live: Series) -> Series {
        var series = Series()
        series.interval = live.interval
        for (time, values) in life(place, until: step, samples: Series.kept).reversed() {
            series.take(values, time: time)
        }
        return series
    }
    /// The reports of one life, the newest first: so many, or those of so many seconds.
    private func life(
        _ place: StatsArchive.Place, until step: UInt64, samples: Int = .max,
        seconds: UInt64 = UInt64(StatsArchive.steps)
    ) -> [(time: UInt64, values: MetricValues)] {
        var found: [(time: UInt64, values: MetricValues)] = []
        let oldest = step - min(step, seconds)
        var at = step
        while at > oldest, found.count < samples {
            defer { at -= 1 }
            guard let values = archive.values(place, at: at) else { continue }
            // No rate is computed across the beginning of a life.
            if let later = found.last?.values, later.beganAnew(after: values) { break }
            found.append((at * 1_000_000_000, values))
        }
        return found
    }
}

extension ProcessName {
    /// The place of its own reports.
    fileprivate var place: StatsArchive.Place {
        switch self {
        case .manager: .init(.manager)
        case .webhook: .init(.webhook)
        case .worker(let number): .init(.worker, instance: UInt16(clamping: number))
        }
    }
}
