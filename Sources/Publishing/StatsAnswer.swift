import Base
import Comet

// GET /stats: the manager's counters as JSON, for apps and for curl. The supervisor gets the same figures by UDP.
extension AppPort {
    static func writeStats(_ switchboard: borrowing Switchboard, _ counters: AppCounters, to out: inout Buffer) {
        let counted = switchboard.counters
        out.append("{")
        field("clients", UInt64(switchboard.clientCount), first: true, to: &out)
        field("workers_connected", UInt64(switchboard.workerCount), to: &out)
        field("publishes", counted.publishes, to: &out)
        field("publish_bytes", counted.publishBytes, to: &out)
        field("sent", counted.forwarded, to: &out)
        field("queued", counted.queued, to: &out)
        field("handed", counted.handed, to: &out)
        field("undelivered", counted.returned, to: &out)
        field("gaps", counted.gaps, to: &out)
        field("polls", counted.clientsConnected, to: &out)
        field("replaced", counted.clientsReplaced, to: &out)
        out.append(",\"rejected\":{")
        field("json", counters.rejectedJSON, first: true, to: &out)
        field("size", counters.rejectedSize, to: &out)
        field("key", counters.rejectedAuth, to: &out)
        field("queue_full", counted.refusedFull, to: &out)
        out.append("},\"queue\":{")
        account(switchboard.queue, oldest: nil, to: &out)
        out.append("},\"never_seen\":{")
        account(switchboard.account(worker: nil), oldest: switchboard.oldestSeconds(worker: nil), to: &out)
        out.append("},\"workers\":[")
        for worker in 0..<switchboard.workerNumbers {
            if worker > 0 { out.append(",") }
            out.append("{")
            field("worker", UInt64(worker), first: true, to: &out)
            out.append(",")
            account(switchboard.account(worker: worker), oldest: switchboard.oldestSeconds(worker: worker), to: &out)
            out.append("}")
        }
        out.append("]}")
    }

    private static func account(_ account: QueueAccount, oldest: Int?, to out: inout Buffer) {
        field("messages", UInt64(account.depth), first: true, to: &out)
        field("bytes", UInt64(account.bytes), to: &out)
        if let oldest { field("oldest_seconds", UInt64(oldest), to: &out) }
        field("enqueued", account.enqueued, to: &out)
        field("dequeued", account.dequeued, to: &out)
        field("expired", account.expired, to: &out)
        field("dropped", account.dropped, to: &out)
    }
    private static func field(_ name: StaticString, _ value: UInt64, first: Bool = false, to out: inout Buffer) {
        out.append(first ? "\"" : ",\"")
        out.append(name)
        out.append("\":")
        out.append(decimal: value)
    }
}
