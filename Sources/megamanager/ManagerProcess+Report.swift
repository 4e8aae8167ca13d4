import Comet
import Publishing
import Stats
import Wire

// The manager's report of each second (docs/operating.txt, 7).
extension ManagerProcess {
    var load: Overload.Load {
        let (kept, settings) = (switchboard.kept, switchboard.settings)
        return Overload.Load(
            share: max(
                Double(kept.messages) / Double(settings.maxMessages), Double(kept.bytes) / Double(settings.maxBytes)),
            refused: switchboard.counters.refusedFull)
    }

    func fill(_ report: inout StatsWriter) {
        let counters = switchboard.counters
        report.set(.workersConnected, switchboard.workerCount)
        report.set(.appsConnected, apps?.count ?? 0)
        report.set(.clientsKnown, switchboard.clientCount)
        report.set(.clientsWaiting, switchboard.waitingCount)
        report.set(.publishes, counters.publishes)
        report.set(.publishBytes, counters.publishBytes)
        report.set(.rejectedJSON, port.counters.rejectedJSON)
        report.set(.rejectedSize, port.counters.rejectedSize)
        report.set(.rejectedAuth, port.counters.rejectedAuth)
        report.set(.rejectedRequest, port.counters.rejectedRequest)
        report.set(.forwarded, counters.forwarded)
        report.set(.queued, counters.queued)
        report.set(.refusedFull, counters.refusedFull)
        report.set(.handed, counters.handed)
        report.set(.returned, counters.returned)
        report.set(.framesIn, counters.framesIn)
        report.set(.clientsConnected, counters.clientsConnected)
        report.set(.clientsGone, counters.clientsGone)
        report.set(.clientsReplaced, counters.clientsReplaced)
        report.set(.gaps, counters.gaps)
        report.set(.linksAccepted, counters.linksAccepted)
        report.set(.linksRefused, counters.linksRefused)
        report.set(.linksLost, counters.linksLost)
        report.set(.seedRejected, counters.seedRejected)
        report.set(.linkVersion, UInt64(LinkVersion.two.rawValue))
        report.set(.workerBacklog, switchboard.outboxBytes.all)
        report.set(.workerBacklogMax, links?.takeBacklogMost() ?? 0)
        report.set(.appBacklogMax, port.takeOutputMost())
        report.set(.appAccepts, apps?.acceptCount ?? 0)
        report.set(.appAcceptErrors, apps?.acceptErrors ?? 0)
        report.set(.managerMemory, switchboard.clientMemoryBytes)
        report.set(.queueLimitMessages, switchboard.settings.maxMessages)
        report.set(.queueLimitBytes, switchboard.settings.maxBytes)
        report.set(.queueLimitPerClient, switchboard.settings.maxPerClient)
        report.set(.queueTTL, UInt64(switchboard.settings.timeToLive))

        cluster?.fill(&report)
        fillChannels(&report)
        fillJournal(&report)
        fillEvents(&report)

        // The queue is reported as a whole, for the clients that were on no worker, and for each worker.
        let groups = [nil] + (0..<switchboard.workerNumbers).map(Optional.some)
        var ages: (Int, Int, Int, Int) = (0, 0, 0, 0)
        for group in groups {
            let own = switchboard.ages(worker: group)
            ages = (ages.0 + Int(own.0), ages.1 + Int(own.1), ages.2 + Int(own.2), ages.3 + Int(own.3))
        }
        queue(
            switchboard.queue, oldest: groups.reduce(0) { max($0, switchboard.oldestSeconds(worker: $1)) }, ages,
            &report)
        for group in groups {
            report.subject(group)
            let own = switchboard.ages(worker: group)
            queue(
                switchboard.account(worker: group), oldest: switchboard.oldestSeconds(worker: group),
                (Int(own.0), Int(own.1), Int(own.2), Int(own.3)), &report)
        }
    }

    private func queue(_ account: QueueAccount, oldest: Int, _ ages: (Int, Int, Int, Int), _ report: inout StatsWriter)
    {
        report.set(.queueClients, account.clients)
        report.set(.queueMessages, account.depth)
        report.set(.queueBytes, account.bytes)
        report.set(.queueOldest, oldest * 1000)
        report.set(.enqueued, account.enqueued)
        report.set(.dequeued, account.dequeued)
        report.set(.expired, account.expired)
        report.set(.droppedFull, account.dropped)
        report.set(.queueAge0, ages.0)
        report.set(.queueAge10, ages.1)
        report.set(.queueAge20, ages.2)
        report.set(.queueAge40, ages.3)
    }
}
