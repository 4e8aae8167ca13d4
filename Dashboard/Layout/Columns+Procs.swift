import Stats
import Watch

extension Columns {
    static let procs: [Column] = [
        id, state, pid(from: 32), generation, up, ready, exits, lastExit, next,
        .count("conns", "CONNS", width: 8, from: 106, metric: .connsOpen, conns.meaning, connections), rss, lost,
        heartbeat,
        connections10(from: 132),
    ]

    private static let generation = Column.quantity(
        "gen", "GEN", width: 3, from: 44, metric: .childGeneration, "", { $0.told(.childGeneration, $1.now) },
        format: Format.whole)

    private static let ready = Column.quantity(
        "ready", "READY", width: 5, from: 68, metric: .childReadyIn, "",
        { process, context in
            let ready = process.told(.childReadyIn, context.now)
            return ready.value == 0 ? .absent : ready
        }, format: { Format.milliseconds($0) })

    private static let exits = Column(
        "exits", "EXITS", width: 7, from: 40, metric: .childExits24h,
        "Times that it ended: in the last minute / in 24 hours.",
        cell: { process, _ in
            guard let minute = process.child.value(.childExits60s), let day = process.child.value(.childExits24h) else {
                return Cell("?", .dim)
            }
            return Cell(
                "\(Format.whole(minute))/\(Format.whole(day))",
                max(Level(minute, Metric[.childExits60s].threshold), Level(day, Metric[.childExits24h].threshold)).role)
        }, value: { process, _ in process.child.value(.childExits24h) })

    private static let lastExit = Column(
        "last", "LAST EXIT", width: 16, from: 76, left: true, metric: .childLastExitCode,
        "How it last ended: signal or exit code, and after how long.",
        cell: { process, context in Cell(context.model.lastExit(process).replacing(" after ", with: " ")) },
        value: { process, _ in process.child.value(.childLastExitAge).map { -$0 } })

    private static let next = Column(
        "next", "NEXT", width: 10, from: 78, left: true, metric: .childRetryIn,
        "The supervisor's next step: start or abort in so long; old: the copy before it still drains. In a rolling "
            + "restart: done, now, next, waits.",
        cell: { process, context in
            let (text, level) = context.model.next(process)
            return Cell(text, level.role)
        }, value: { process, _ in process.child.value(.childRetryIn) })

    private static let lost = Column.quantity(
        "lost", "LOST", width: 5, from: 118, metric: .childReportsLost, "", { $0.told(.childReportsLost, $1.now) },
        format: Format.short)
}
