import Comet
import Reactor
import Stats
import Store

// The part of the report that is about channels and the memory of the queue.
extension ManagerProcess {
    func fillChannels(_ report: inout StatsWriter) {
        let (counters, books) = (switchboard.counters, switchboard.channelBooks)
        report.set(.channels, switchboard.channelCount)
        report.set(.subscriptions, switchboard.subscriptionCount)
        report.set(.channelMessages, books.depth)
        report.set(.channelBytes, books.bytes)
        report.set(.channelEnqueued, books.enqueued)
        report.set(.channelOver, books.over)
        report.set(.channelDropped, books.dropped)
        report.set(.channelReplaced, books.replaced)
        report.set(.fanouts, switchboard.fanOutCount)
        report.set(.fanoutReceivers, counters.fanoutReceivers)
        report.set(.presenceTold, counters.presenceTold)
        report.set(.revocations, switchboard.revocationCount)
        report.set(.revoked, counters.revoked)
        report.set(.grantsRefused, counters.grantsRefused)
    }
    func fillJournal(_ report: inout StatsWriter) {
        let figures = switchboard.arenaFigures
        report.set(.journalMode, UInt64(memory.descriptor == nil ? 0 : disk == nil ? 1 : 2))
        report.set(.journalSyncMax, disk?.takeLongest() ?? 0)
        report.set(.journalBytes, figures.live)
        report.set(.journalAllocated, figures.allocated)
        report.set(.journalSegments, figures.segments)
        report.set(.journalRecords, figures.appended)
        report.set(.journalRefused, switchboard.counters.journalRefused)
        report.set(.journalReplay, replayMilliseconds)
        report.set(.journalReplayed, recovery.messages + recovery.subscriptions)
        report.set(.journalDamaged, figures.damaged)
        report.set(.journalError, UInt64(memory.lastError))
    }
}
