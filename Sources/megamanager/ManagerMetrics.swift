import Comet
import Publishing
import Wire

extension ManagerProcess {
    /// The manager's own metrics, and the queue's: of all, then by worker number.
    func fill(_ stats: inout StatsWriter) {
        let counters = switchboard.counters
        stats.set(.workersConnected, switchboard.workerCount)
        stats.set(.appsConnected, apps?.count ?? 0)
        stats.set(.clientsKnown, switchboard.clientCount)
        stats.set(.publishes, counters.publishes)
        stats.set(.publishBytes, counters.publishBytes)
        stats.set(.rejectedJSON, port.counters.rejectedJSON)
        stats.set(.rejectedSize, port.counters.rejectedSize)
        stats.set(.rejectedAuth, port.counters.rejectedKey)
        stats.set(.rejectedRequest, port.counters.failedRequests)
        stats.set(.forwarded, counters.sent)
        stats.set(.queued, counters.queued)
        stats.set(.refusedFull, counters.refusedFull)
        stats.set(.handed, counters.handed)
        stats.set(.returned, counters.undelivered)
        stats.set(.framesIn, counters.frames)
        stats.set(.clientsConnected, counters.connected)
        stats.set(.clientsGone, counters.gone)
        stats.set(.clientsReplaced, counters.replaced)
        stats.set(.gaps, counters.gaps)
        stats.set(.linksAccepted, counters.linksAccepted)
        stats.set(.linksRefused, counters.linksRefused)
        stats.set(.linksLost, counters.linksLost)
        stats.set(.seedRejected, counters.seedRejected)
        let backlog = switchboard.outboxBytes
        stats.set(.workerBacklog, backlog.all)
        stats.set(.workerBacklogMax, backlog.most)
        stats.set(.appBacklogMax, apps?.takeOutputMost() ?? 0)
        stats.set(.appAcceptErrors, (apps?.acceptErrors ?? 0) + (links?.acceptErrors ?? 0))
        stats.set(.managerMemory, switchboard.clientMemoryBytes)
        stats.set(.queueLimitMessages, switchboard.settings.maxMessages)
        stats.set(.queueLimitBytes, switchboard.settings.maxBytes)
        stats.set(.queueTTL, UInt64(switchboard.settings.timeToLive))
        stats.set(.queueLimitPerClient, switchboard.settings.maxPerClient)
        queues(&stats)
    }

    private func queues(_ stats: inout StatsWriter) {
        let numbers = [nil] + (0..<switchboard.workerNumbers).map { Optional($0) }
        var oldest = 0
        var ages: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
        for number in numbers {
            oldest = max(oldest, switchboard.oldestSeconds(worker: number))
            let part = switchboard.ages(worker: number)
            ages = (ages.0 + part.0, ages.1 + part.1, ages.2 + part.2, ages.3 + part.3)
        }
        account(switchboard.queue, oldest, ages, &stats)
        for number in numbers {
            stats.subject(number)
            account(switchboard.account(worker: number), switchboard.oldestSeconds(worker: number), switchboard.ages(worker: number), &stats)
        }
    }
    private func account(_ account: QueueAccount, _ oldestSeconds: Int, _ ages: (UInt32, UInt32, UInt32, UInt32), _ stats: inout StatsWriter) {
        stats.set(.queueMessages, account.depth)
        stats.set(.queueBytes, account.bytes)
        stats.set(.queueOldest, oldestSeconds * 1000)
        stats.set(.enqueued, account.enqueued)
        stats.set(.dequeued, account.dequeued)
        stats.set(.expired, account.expired)
        stats.set(.droppedFull, account.dropped)
        stats.set(.queueAge0, UInt64(ages.0))
        stats.set(.queueAge10, UInt64(ages.1))
        stats.set(.queueAge20, UInt64(ages.2))
        stats.set(.queueAge40, UInt64(ages.3))
    }
}
