package import Stats

extension Report {
    /// Makes the report from a reader's source, which has the datagrams of one process.
    package init(_ source: StatsSource, lost: UInt64) {
        self.init(
            source.header.role, Int(source.header.instance), boot: source.header.boot, time: source.header.sampleTime)
        pid = source.header.pid
        generation = source.header.generation
        startTime = source.header.startTime
        state = source.header.state
        isGoodbye = source.saidGoodbye
        interval = UInt64(max(1, source.header.interval))
        self.lost = lost
        values = source.values
        for (id, subject) in source.subjects where subject.time == source.header.sampleTime {
            subjects[id] = subject.values
        }
    }
}
