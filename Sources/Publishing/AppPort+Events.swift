import Base
package import Comet
import Wire

// Answers that are held, and streams of events.
extension AppPort {
    // MARK: requests

    /// The seconds that a publish waits for its end. 0 if it does not.
    mutating func wait(_ op: Op, _ call: HTTPCall) throws(PublishError) -> Int {
        guard op == .publish, !call.request.query.isEmpty else { return 0 }
        do throws(PublishError) {
            let seconds = try AppPort.wait(call.request.query)
            if seconds > 0, heldCount + shippedWaits >= maxWaits { throw .tooManyWaits }
            return seconds
        } catch { throw reject(error, call.app.session) }
    }
    private static func wait(_ query: UnsafeRawBufferPointer) throws(PublishError) -> Int {
        try number("wait", in: query, 0...Limits.waitSeconds, otherwise: 0, .badWait)
    }

    /// Holds the answer to a publish until its end. False if it is answered at once, since nothing was kept or its end
    /// is known already.
    mutating func hold(
        _ outcome: Outcome, _ terms: ReplyTerms, _ call: AppCall, _ switchboard: borrowing Switchboard
    ) -> Bool {
        guard let message = outcome.message, let end = switchboard.awaited(message), end.left > 0 else { return false }
        awaiting[message, default: []].append(call.session.number)
        hold(.end(message, outcome), terms, call)
        return true
    }
    private mutating func hold(_ what: HeldAnswer.What, _ terms: ReplyTerms, _ call: AppCall) {
        let session = call.session
        session.held = HeldAnswer(
            what: what, head: terms.head, deadline: call.now + UInt64(terms.waitSeconds) * 1000)
        heldCount += 1
        waiting[session.number] = session
        if case .events = what { readers[session.number] = session }
    }

    /// Answers GET /events, at once if there are some.
    mutating func writeEvents(_ call: HTTPCall, _ switchboard: borrowing Switchboard) throws(PublishError) -> Int? {
        let session = call.app.session
        do throws(PublishError) {
            let request = try EventsRequest(call.request.query)
            try request.check(switchboard.eventKinds)
            let seconds = try AppPort.wait(call.request.query)
            var cursor = request.cursor ?? switchboard.eventCursor
            if write(request, &cursor, session, switchboard) || seconds == 0 { return 200 }
            body.clear()
            guard heldCount + shippedWaits < maxWaits else { throw .tooManyWaits }
            let terms = ReplyTerms(head: ResponseHead(answering: call.request), waitSeconds: seconds)
            hold(.events(request, cursor: cursor), terms, call.app)
            return nil
        } catch { throw reject(error, session) }
    }
    /// Makes a connection of the line form a stream of events.
    mutating func stream(_ request: EventsRequest, _ call: AppCall, _ switchboard: borrowing Switchboard) -> Outcome {
        let session = call.session
        guard session.stream == nil else { return refused(.streamsAlready, session) }
        do throws(PublishError) { try request.check(switchboard.eventKinds) } catch {
            return .wrong(reject(error, session))
        }
        let remembered = request.reader.map { name in
            name.withUnsafeBytes { switchboard.readerCursor($0) } ?? 0
        }
        let cursor = request.cursor ?? remembered ?? switchboard.eventCursor
        session.stream = EventStream(request: request, cursor: cursor, lastTold: call.now)
        waiting[session.number] = session
        readers[session.number] = session
        // The events that are there already are told at the end of the turn.
        toldEvent = 0
        return .streams(Op.events.name, cursor: cursor)
    }

    /// Makes a connection of the line form a stream of what happens to a client.
    mutating func follow(
        _ client: UnsafeRawBufferPointer, contents: Bool, _ call: AppCall, _ switchboard: inout Switchboard
    ) -> Outcome {
        let session = call.session
        guard !session.isFollowing else { return refused(.streamsAlready, session) }
        guard switchboard.follow(session.number, client, contents: contents) else {
            return refused(.followersFull, session)
        }
        session.isFollowing = true
        readers[session.number] = session
        return .streams(Op.follow.name, cursor: switchboard.cursor)
    }

    // MARK: what happens

    /// Tells the sessions that wait what has happened. Call it at the end of each turn, before answers are written.
    package mutating func tellWaiting(_ switchboard: inout Switchboard, now: UInt64) {
        for message in switchboard.takeFinished() { answer(message, &switchboard, now: now) }
        if switchboard.hasFollowed {
            for session in readers.values where session.isFollowing && session.output.count < Limits.eventsAnswerBytes {
                // It may have had nothing to read for long. Its time to read begins now.
                if session.output.isEmpty { session.lastProgress = now }
                let before = session.output.count
                switchboard.takeFollowed(session.number, to: &session.output)
                let told = session.output.bytes.part(before, session.output.count - before)
                session.tally.events += UInt64(told.count { $0 == 10 })
                list(session)
            }
        }
        guard switchboard.eventCursor != toldEvent else { return }
        toldEvent = switchboard.eventCursor
        for session in readers.values { tell(session, &switchboard, now: now) }
    }
    /// Answers those whose time is over, and tells streams that are quiet their cursors. Call it about every 100 ms.
    package mutating func tick(_ switchboard: inout Switchboard, now: UInt64) {
        for session in waiting.values {
            if let held = session.held, held.deadline <= now {
                switch held.what {
                case .events(let request, var cursor):
                    _ = write(request, &cursor, session, switchboard)
                    answer(session, 200, &switchboard, now: now)
                case .end(_, let outcome):
                    outcome.write(to: &body)
                    answer(session, 202, &switchboard, now: now)
                }
            } else if let stream = session.stream, session.output.isEmpty,
                now >= stream.lastTold + Limits.eventsBeatMilliseconds
            {
                session.stream?.lastTold = now
                AppPort.beat(stream.cursor, isGap: false, to: &session.output)
                list(session)
            }
        }
    }
    private static func beat(_ cursor: UInt64, isGap: Bool, to out: inout Buffer) {
        out.append(isGap ? "{\"gap\":true,\"cursor\":" : "{\"cursor\":")
        out.append(decimal: cursor)
        out.append("}\n")
    }
    /// Tells a session what has happened since it was told last.
    mutating func tell(_ session: AppSession, _ switchboard: inout Switchboard, now: UInt64) {
        if let held = session.held, case .events(let request, var cursor) = held.what {
            if write(request, &cursor, session, switchboard) { return answer(session, 200, &switchboard, now: now) }
            body.clear()
            session.held?.what = .events(request, cursor: cursor)
        }
        if session.stream != nil { tellStream(session, switchboard, now: now) }
    }
    private mutating func tellStream(_ session: AppSession, _ switchboard: borrowing Switchboard, now: UInt64) {
        guard let stream = session.stream, session.output.count < Limits.eventsAnswerBytes else { return }
        let before = session.output.count
        var cursor = stream.cursor
        if let lost = switchboard.eventGap(after: cursor) {
            cursor = lost
            AppPort.beat(cursor, isGap: true, to: &session.output)
        }
        switchboard.readEvents(after: &cursor, stream.request) { event in
            guard session.output.count < Limits.eventsAnswerBytes else { return false }
            event.write(to: &session.output)
            session.output.append(10)
            session.tally.events += 1
            return true
        }
        session.stream?.cursor = cursor
        guard session.output.count > before else { return }
        session.stream?.lastTold = now
        list(session)
    }

    /// Writes `{"events":[..],"cursor":N}` into the body. True if it tells something new.
    private mutating func write(
        _ request: EventsRequest, _ cursor: inout UInt64, _ session: AppSession, _ switchboard: borrowing Switchboard
    ) -> Bool {
        body.append("{\"events\":[")
        let empty = body.count
        let lost = switchboard.eventGap(after: cursor)
        cursor = lost ?? cursor
        switchboard.readEvents(after: &cursor, request) { event in
            guard body.count < Limits.eventsAnswerBytes else { return false }
            if body.count > empty { body.append(",") }
            event.write(to: &body)
            session.tally.events += 1
            return true
        }
        let isNew = body.count > empty || lost != nil
        body.append("],\"cursor\":")
        body.append(decimal: cursor)
        body.append(lost != nil ? ",\"gap\":true}" : "}")
        return isNew
    }

    // MARK: ends

    /// The end of a message is known.
    private mutating func answer(_ message: UInt64, _ switchboard: inout Switchboard, now: UInt64) {
        guard let end = switchboard.awaited(message) else { return }
        let numbers = awaiting[message] ?? []
        switchboard.stopAwaiting(message)
        for number in numbers {
            guard let session = sessions[number], case .end(_, let outcome) = session.held?.what else { continue }
            outcome.write(end, to: &body)
            answer(session, 200, &switchboard, now: now)
        }
    }
    /// Sends the held answer, whose content is in `body`.
    private mutating func answer(
        _ session: AppSession, _ status: Int, _ switchboard: inout Switchboard, now: UInt64
    ) {
        guard let held = session.held else { return }
        stopWaiting(session, &switchboard)
        reply(status, held.head, session)
        if !held.head.keepAlive { session.isClosing = true }
        session.lastProgress = now
        list(session)
        // The app may have sent more meanwhile.
        if !session.input.isEmpty { process(session, &switchboard, now: now) }
    }
    /// The session has lost the right to events. A publish whose end it waits for was made while it had its key.
    mutating func endEvents(_ session: AppSession, _ switchboard: inout Switchboard, now: UInt64) {
        let error = reject(isAuthorized(session) ? .mayNot(.events) : .unauthorized, session)
        switch session.held?.what {
        case .end: return
        case .events:
            body.clear()
            error.write(to: &body)
            answer(session, error.status, &switchboard, now: now)
        case nil:
            stopWaiting(session, &switchboard)
            session.stream = nil
            session.isFollowing = false
            session.isClosing = true
            Outcome.wrong(error).write(to: &session.output)
            session.output.append(10)
            list(session)
        }
    }
    /// Nothing is held for the session any more.
    mutating func stopWaiting(_ session: AppSession, _ switchboard: inout Switchboard) {
        waiting[session.number] = nil
        readers[session.number] = nil
        if session.isFollowing { switchboard.stopFollowing(session.number) }
        guard let held = session.held else { return }
        session.held = nil
        heldCount -= 1
        guard case .end(let message, _) = held.what else { return }
        awaiting[message]?.removeAll { $0 == session.number }
        guard awaiting[message]?.isEmpty != false else { return }
        awaiting[message] = nil
        switchboard.stopAwaiting(message)
    }
}

extension Switchboard {
    fileprivate func readEvents(
        after cursor: inout UInt64, _ request: EventsRequest, _ take: (KeptEvent) -> Bool
    ) {
        guard let client = request.client else {
            return readEvents(after: &cursor, request.kinds, client: nil, take)
        }
        return client.withUnsafeBytes { readEvents(after: &cursor, request.kinds, client: $0, take) }
    }
}

extension Outcome {
    /// The id of the message, if it was kept.
    var message: UInt64? {
        switch self {
        case .sent(let id, _), .queued(let id, _), .several(let id, _, _, _): id
        default: nil
        }
    }
    /// Writes the end of the message that had this outcome.
    func write(_ end: AwaitedEnd, to out: inout Buffer) {
        guard let message else { return }
        out.append("{\"id\":")
        out.append(decimal: message)
        out.append(",\"status\":\"")
        if case .several = self {
            out.append("done\"")
            end.counts.write(to: &out)
        } else {
            out.append(end.status)
            out.append("\"")
        }
        out.append("}")
    }
}
