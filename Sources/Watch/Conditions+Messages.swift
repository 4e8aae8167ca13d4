import Base
import Stats
import Supervision

// Conditions of the messages that wait, and of what is kept of them.
extension Model {
    /// Adds that messages expire, are dropped or refused, or are about to be.
    func addWaiting(_ totals: Totals, to found: inout Conditions) {
        addExpiry(totals, to: &found)
        let dropped = queue.rate(.droppedFull, seconds: Model.alertSeconds)
        found.add(
            .drops, Level(dropped, Metric[.droppedFull].threshold), counter: queue.value(.droppedFull),
            "\(Format.rate(dropped ?? 0))/s\(on(.droppedFull)): clients have over queue.max_per_client; look who (2)")
        let waiting = queue.value(.queueMessages), room = queue.value(.queueLimitMessages)
        let bytes = queue.value(.queueBytes), most = queue.value(.queueLimitBytes)
        found.add(
            .queue, max(.share(.queueMessages, waiting, room), .share(.queueBytes, bytes, most)),
            "\(Format.grouped(waiting ?? 0)) of \(Format.grouped(room ?? 0)) messages, "
                + "\(Format.bytes(bytes ?? 0)) of \(Format.bytes(most ?? 0)); when it is full, publishes are refused")
        if let wrong = totals.balance.wrong.first {
            found.add(
                .balance, .critical, "\(wrong.0.short) by \(wrong.1): messages are lost without a trace; report it")
        }
        let gaps = manager(.gaps)
        found.add(
            .gaps, Level(gaps, Metric[.gaps].threshold), counter: totals.manager?.own.value(.gaps),
            "\(Format.rate(gaps ?? 0))/s: messages before are lost; their pages must load anew what they show")
    }
    private func manager(_ id: MetricID) -> Double? {
        processes[.manager]?.own.rate(id, seconds: Model.alertSeconds)
    }
    private func addExpiry(_ totals: Totals, to found: inout Conditions) {
        guard let expired = queue.rate(.expired, seconds: Model.alertSeconds) else { return }
        let published = manager(.publishes) ?? 0
        let share = published > 0 ? expired / published : .infinity
        let isFew = expired < 1
        let level: Level = isFew ? .fine : Level(share, Metric[.expired].threshold)
        let part = share.isFinite ? ", \(Format.percent(min(share, 1))) of what is published" : ""
        let absent = queue.value(.queueClients) ?? 0
        found.add(
            .expiry, level, counter: queue.value(.expired),
            "\(Format.rate(expired))/s\(part)\(on(.expired)): \(Format.grouped(absent)) clients stay away longer than "
                + "queue.ttl")
        guard level == .fine, let oldest = queue.value(.queueOldest), let ttl = queue.value(.queueTTL),
            queue.value(.queueMessages) ?? 0 > 0
        else { return }
        let left = max(0, ttl - oldest)
        found.add(
            .oldest, .share(.queueOldest, oldest, ttl),
            "the oldest waits \(Format.age(oldest / 1000)) of \(Format.age(ttl / 1000)): the first expires at "
                + UTC.clock(wall + UInt64(left)))
    }
    /// The workers whose clients it is about: ` on w0 w1`. Empty if it is about all of them, or about none.
    private func on(_ id: MetricID) -> String {
        let all = workers.filter { !$0.queue.isEmpty }
        let some = all.filter { $0.queue.rate(id, seconds: Model.alertSeconds) ?? 0 > 0 }
        guard !some.isEmpty else { return "" }
        return some.count == all.count && all.count > 4
            ? " on all workers"
            : " on " + some.prefix(4).map(\.id.short).joined(separator: " ") + (some.count > 4 ? " .." : "")
    }

    /// Adds that channels lose messages or fall behind, or that the journal does not keep what it should.
    func addKept(_ manager: ProcessModel, to found: inout Conditions) {
        let own = manager.own
        let damaged = own.value(.journalDamaged) ?? 0
        found.add(
            .damaged, damaged > 0 ? .critical : .fine,
            "\(Format.grouped(damaged)) segments or files are set aside: their messages are lost; look at the disk")
        let refused = own.rate(.journalRefused, seconds: Model.alertSeconds)
        found.add(
            .journalFull, Level(refused, Metric[.journalRefused].threshold), counter: own.value(.journalRefused),
            "\(Format.rate(refused ?? 0))/s: raise queue.max_bytes, or publish less to absent clients")
        if let error = manager.journalError { found.add(.journal, .critical, error) }
        let fanouts = own.value(.fanouts)
        found.add(
            .fanouts, Level(fanouts, Metric[.fanouts].threshold),
            "\(Format.grouped(fanouts ?? 0)) are under way: messages for many come faster than they go out")
        let dropped = own.rate(.channelDropped, seconds: Model.alertSeconds)
        found.add(
            .channels, Level(dropped, Metric[.channelDropped].threshold), counter: own.value(.channelDropped),
            "\(Format.rate(dropped ?? 0))/s: channels.max_messages is reached")
        if let wrong = manager.channelImbalance, wrong != 0 {
            found.add(.channelBooks, .critical, "by \(wrong): report it")
        }
        let lost = (own.rate(.eventsLost, seconds: Model.alertSeconds) ?? 0)
        found.add(
            .unread, lost > 0 ? .critical : .fine, counter: own.value(.eventsLost),
            "\(Format.rate(lost))/s could not be kept: give the journal more room (queue.max_bytes), or memory")
    }
}
