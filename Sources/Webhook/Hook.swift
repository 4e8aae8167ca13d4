/// The webhook: it reads events from the manager, and posts them to the app until the app has taken them. All decisions
/// are here. The clock is handed in, and what is to be done comes out as actions.
///
///     manager:  apart --time--> connecting --connected--> asking --its answer--> reading
///                 ^                  |                       |                      |
///                 +------------------+-- ended, refused, silent for too long -------+
///
///     app:      idle --events--> posting --2xx--> idle, and the manager is told the cursor
///                                  ^  |
///                                  |  +--any other answer, or none--> waiting
///                                  +---------- its time ----------------+
///
/// One request is under way at a time, and while a batch waits nothing is read: the manager's ring is the buffer. A
/// batch stays the same until it is taken, over the manager's death, too. An event is told at least once: what was
/// posted and not confirmed before this process died is posted by the next one, with the same ids.
package struct Hook {
    package typealias Milliseconds = UInt64

    package enum Manager: Equatable {
        /// No connection. The next try is at this time.
        case apart(until: Milliseconds)
        case connecting
        /// Connected, and asked for events.
        case asking
        case reading
    }
    package enum App: Equatable {
        case idle
        case posting(since: Milliseconds)
        /// The batch was not taken. It is posted again at this time.
        case waiting(until: Milliseconds)
    }
    package enum Action: Equatable {
        /// Connect to the manager's app port. Then call `connected` or `disconnected`.
        case connect
        case disconnect
        /// Write this to the manager.
        case send(String)
        /// Post the batch. Then call `answered` or `failed`.
        case post(Batch)
        /// Tell the operator.
        case tell(Notice)
        /// The drain is over.
        case finished
    }
    package enum Notice: Equatable {
        /// The app does not take a batch. It is told once for each reason.
        case failing(String)
        case recovered(failures: Int, after: Milliseconds)
        /// The manager refuses, or can't be reached. It is told once for each reason.
        case managerAway(String)
        /// Events were gone before they could be posted.
        case gap
    }
    package struct Counters: Equatable {
        package var requests: UInt64 = 0
        package var events: UInt64 = 0
        package var failures: UInt64 = 0
        package var gaps: UInt64 = 0
        /// The HTTP status of the last answer. 0 if the last request had none.
        package var status = 0
    }

    package private(set) var manager: Manager
    package private(set) var app = App.idle
    package private(set) var counters = Counters()
    /// The time of the last answer that took a batch, or of the start.
    package private(set) var lastSuccess: Milliseconds
    /// Since when the app has not taken the batch that is under way. `nil` if all is well.
    package private(set) var failingSince: Milliseconds?

    /// The batch that is posted, until it is taken.
    private var batch: Batch?
    private var queue: EventQueue
    /// The id of the last event that was read. `nil` as long as the manager has not said where it begins.
    private var lastRead: UInt64?
    /// The cursor of the last batch that was taken, and the last one that the manager has confirmed to know.
    private var taken: UInt64?
    private var confirmed: UInt64?
    /// Failures of the batch, and failures to reach the manager, since the last success.
    private var failures = 0
    private var absences = 0
    private var lastReason = ""
    private var lastAbsence = ""
    /// When the manager was last heard. It says something each ten seconds.
    private var heardAt: Milliseconds
    /// The end of a drain.
    private var drainsUntil: Milliseconds?
    /// The token by which the manager knows this process. Empty if there is no supervisor.
    private let token: String

    package static let managerSilence: Milliseconds = 30_000
    private static let firstDelay: Milliseconds = 1000, mostDelay: Milliseconds = 60_000
    private static let firstAbsence: Milliseconds = 250, mostAbsence: Milliseconds = 2000

    /// `node` is the name of this machine in its cluster. Empty: this is one machine.
    package init(token: String, node: String = "", now: Milliseconds) {
        self.token = token
        queue = EventQueue(node: node)
        manager = .apart(until: now)
        lastSuccess = now
        heardAt = now
    }

    /// Whether what the manager sends is to be read.
    package var wantsInput: Bool {
        (manager == .asking || manager == .reading) && (drainsUntil != nil || app == .idle && queue.isEmpty)
    }
    /// Events that were read and that the app has not taken.
    package var waitingEvents: Int { (batch?.count ?? 0) + queue.eventCount }
    /// The time for the next `ticked`. `nil` if there is nothing to wait for.
    package var nextDeadline: Milliseconds? {
        var next = drainsUntil
        func note(_ time: Milliseconds) { next = min(next ?? .max, time) }
        switch manager {
        case .apart(let time): note(time)
        case .asking, .reading: if wantsInput { note(heardAt + Hook.managerSilence) }
        case .connecting: break
        }
        if case .waiting(let time) = app { note(time) }
        return next
    }

    // MARK: - The manager

    package mutating func connected(now: Milliseconds) -> [Action] {
        guard manager == .connecting else { return [] }
        manager = .asking
        heardAt = now
        var text = token.isEmpty ? "" : "{\"key\":\"\(token)\"}\n"
        // Batches that were taken while there was no manager are told first, before anything else happens.
        if let taken, taken != confirmed { text += Hook.seen(taken) }
        text +=
            "{\"op\":\"events\",\"reader\":\"\(Hook.reader)\"" + (lastRead.map { ",\"cursor\":\($0)" } ?? "") + "}\n"
        return [.send(text)]
    }
    /// The connection could not be made, or has ended. `jitter` is from -1 to 1.
    package mutating func disconnected(_ reason: String, jitter: Double, now: Milliseconds) -> [Action] {
        if case .apart = manager { return [] }
        let delay = Hook.delay(Hook.firstAbsence, Hook.mostAbsence, failures: absences, jitter)
        absences += 1
        manager = .apart(until: now + delay)
        let isNews = lastAbsence != reason
        lastAbsence = reason
        return (isNews ? [.tell(.managerAway(reason))] : []) + finishDrain()
    }
    /// A line came from the manager.
    package mutating func received(_ line: UnsafeRawBufferPointer, jitter: Double, now: Milliseconds) -> [Action] {
        heardAt = now
        switch EventLine(line) {
        case .event(let id):
            guard manager == .reading, drainsUntil == nil, id > lastRead ?? 0 else { return [] }
            lastRead = id
            queue.add(event: line, id: id)
        case .gap(let cursor):
            guard manager == .reading, drainsUntil == nil else { return [] }
            lastRead = max(lastRead ?? 0, cursor)
            counters.gaps += 1
            queue.add(gapBefore: cursor)
            return [.tell(.gap)]
        case .begins(let cursor):
            guard manager == .asking else { return [] }
            // If the manager's memory is gone and its clock went back, its ids may be below ours.
            lastRead = cursor
            manager = .reading
            absences = 0
            lastAbsence = ""
        case .seen(let cursor):
            confirmed = cursor
            return finishDrain()
        case .refusal(let reason):
            return [.disconnect] + disconnected("it refuses: \(reason)", jitter: jitter, now: now)
        case .unknown: return [.disconnect] + disconnected("it is no manager", jitter: jitter, now: now)
        case .heartbeat: break
        }
        return []
    }
    /// All lines that came together were handed in.
    package mutating func inputEnded(now: Milliseconds) -> [Action] { postNext(now) }

    // MARK: - The app

    /// The app answered with this HTTP status.
    package mutating func answered(_ status: Int, jitter: Double, now: Milliseconds) -> [Action] {
        counters.status = status
        guard (200...299).contains(status) else {
            let isRedirect = (300...399).contains(status)
            return notTaken(
                "it answers \(status)\(isRedirect ? ", a redirect, which is not followed" : "")", jitter, now)
        }
        guard let batch, case .posting = app else { return [] }
        counters.events += UInt64(batch.count)
        var actions: [Action] = []
        if failures > 0 {
            actions.append(.tell(.recovered(failures: failures, after: now - (failingSince ?? now))))
        }
        (self.batch, app, failures, failingSince, lastReason) = (nil, .idle, 0, nil, "")
        lastSuccess = now
        taken = batch.cursor
        if manager == .reading { actions.append(.send(Hook.seen(batch.cursor))) }
        heardAt = now  // nothing was read meanwhile
        return actions + (drainsUntil == nil ? postNext(now) : finishDrain())
    }
    /// The request had no answer.
    package mutating func failed(_ reason: String, jitter: Double, now: Milliseconds) -> [Action] {
        counters.status = 0
        return notTaken(reason, jitter, now)
    }
    private mutating func notTaken(_ reason: String, _ jitter: Double, _ now: Milliseconds) -> [Action] {
        guard case .posting(let began) = app else { return [] }
        let delay = Hook.delay(Hook.firstDelay, Hook.mostDelay, failures: failures, jitter)
        counters.failures += 1
        failures += 1
        failingSince = failingSince ?? began
        app = .waiting(until: now + delay)
        let isNews = lastReason != reason
        lastReason = reason
        return (isNews ? [.tell(.failing(reason))] : []) + finishDrain()
    }

    // MARK: - Time

    package mutating func ticked(jitter: Double, now: Milliseconds) -> [Action] {
        var actions: [Action] = []
        if let drainsUntil, now >= drainsUntil { return [.finished] }
        if case .apart(let time) = manager, time <= now, drainsUntil == nil {
            manager = .connecting
            actions.append(.connect)
        }
        if wantsInput, now >= heardAt + Hook.managerSilence {
            actions.append(.disconnect)
            actions += disconnected("it is silent", jitter: jitter, now: now)
        }
        if case .waiting(let time) = app, time <= now, let batch, drainsUntil == nil {
            actions.append(post(batch, now))
        }
        return actions
    }
    /// Ends the work by this time: a request that is under way may end, and the manager learns what was taken.
    package mutating func drain(until time: Milliseconds) -> [Action] {
        guard drainsUntil == nil else { return [] }
        drainsUntil = time
        queue.clear()
        return finishDrain()
    }
    private func finishDrain() -> [Action] {
        guard drainsUntil != nil else { return [] }
        if case .posting = app { return [] }
        let knowsAll = taken == nil || taken == confirmed
        return knowsAll || manager != .reading ? [.finished] : []
    }

    // MARK: - Helpers

    private mutating func postNext(_ now: Milliseconds) -> [Action] {
        guard app == .idle, drainsUntil == nil, let next = queue.takeBatch() else { return [] }
        batch = next
        return [post(next, now)]
    }
    private mutating func post(_ batch: Batch, _ now: Milliseconds) -> Action {
        counters.requests += 1
        app = .posting(since: now)
        return .post(batch)
    }
    /// The name under which the manager keeps the cursor.
    private static let reader = "webhook"
    private static func seen(_ cursor: UInt64) -> String {
        "{\"op\":\"seen\",\"reader\":\"\(reader)\",\"cursor\":\(cursor)}\n"
    }
    /// `first`, doubled with each failure, up to `most`, plus or minus a fifth.
    private static func delay(_ first: Milliseconds, _ most: Milliseconds, failures: Int, _ jitter: Double)
        -> Milliseconds
    {
        let whole = min(most, first << Milliseconds(min(failures, 16)))
        return Milliseconds(Double(whole) * (1 + 0.2 * max(-1, min(1, jitter))))
    }
}
