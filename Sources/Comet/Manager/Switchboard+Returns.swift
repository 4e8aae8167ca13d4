import Base
import Store
import Wire

// Messages that did not reach their receivers come back.
extension Switchboard {
    /// A worker gives a message back.
    mutating func undelivered(_ worker: UInt16, _ frame: Frame, _ now: UInt64) {
        guard ids.isOfThisLife(frame.number), frame.body.count > 0 else { return }
        counters.returned += 1
        giveBack(frame, from: worker, now)
    }

    /// A message did not reach its client, and goes back into its old place in the client's own log, whosever it was.
    /// If the client acknowledges, the message is still in its log. There is one exception: it was handed over before
    /// the client had a cursor. The cursor has moved past it by now, so it is lost, and the client is told of a gap.
    mutating func giveBack(_ frame: Frame, from worker: UInt16, _ now: UInt64) {
        let known = presence.find(frame.client)
        // If the client has had no receiver yet, the message is from an earlier manager, which knew more of it.
        let isFromBefore = known.map { presence[$0].worker == .max } ?? true
        if let known, !isFromBefore, !presence[known].handedForGood {
            let record = presence[known]
            if !record.isHeld, record.tag == frame.tag { goBack(known, to: frame.number - 1) }
            let isKept = record.log.known.map { logs.keeps(frame.number, in: $0) } ?? false
            guard record.wasHandedForGood, !isKept, !frame.flags.contains(.members) else { return }
            logs.passThrough(bytes: frame.body.count, worker: record.worker, .dropped, now: now)
            logs.endHanded(frame.number, of: frame.client, .dropped)
            record.owesGap = true
            return
        }
        let client = known ?? makeClient(frame.client)
        let record = presence[client]
        let time = UInt32(truncatingIfNeeded: now)
        if isFromBefore {
            record.worker = worker
            if let log = record.log.known { logs.move(log, to: worker) }
            record.handedDeadline = time &+ settings.timeToLive
            record.handedForGood = true
        }
        presence.leaveLost(client)
        let log = openLog(client)
        let isTooLate = isOver(record.handedDeadline, time)
        var facts = MessageFacts(timeToLive: isTooLate ? 0 : record.handedDeadline &- time)
        if frame.flags.contains(.members) { facts.marks.insert(.members) }
        let hasReceipt = logs.hasHanded(frame.number, to: frame.client)
        if hasReceipt { facts.marks.insert(.receipt) }
        guard !isTooLate, logs.hasRoomToPutBack(frame.body.count),
            logs.put(frame.number, frame.body, facts, in: log, logName(client), now: now)
        else {
            logs.passThrough(
                bytes: frame.body.count, worker: record.worker, isTooLate ? .expired : .dropped, now: now)
            logs.endHanded(frame.number, of: frame.client, isTooLate ? .expired : .dropped)
            logs.markLost(frame.number, in: log, logName(client))
            return settle(client, now)
        }
        if hasReceipt { logs.takeBack(frame.number, of: frame.client) }
        // The client may poll again already. It is answered at the end of the turn, when all messages have come back.
        block(client)
    }
}
