import Base
import Comet
import Wire

// POST /publish, /subscribe, /unsubscribe and /disconnect: one object, an array of objects, or one on each line.
extension AppPort {
    /// Writes the outcomes and returns the status. `nil`: the answer is held.
    mutating func take(_ op: Op, _ call: HTTPCall, _ switchboard: inout Switchboard) throws(PublishError) -> Int? {
        guard let form = op.form else { preconditionFailure("a path has an op that is only on a line") }
        let terms = ReplyTerms(head: ResponseHead(answering: call.request), waitSeconds: try wait(op, call))
        var asked = AppRecord(form, body: call.body)
        if call.request.hasIdempotencyKey, let header = call.request.values(of: "idempotency-key").first {
            asked.flags.insert(.once)
            asked.header = header
        }
        if let type = call.request.contentType, type.count >= 20,
            matchesLowercase(type.part(0, 20), "application/x-ndjson")
        {
            asked.flags.insert(.ndjson)
        }
        if terms.waitSeconds > 0 { asked.flags.insert(.waits) }
        if isClustered, try ship(op, asked, terms, call.app) { return nil }
        return try carryOut(op, asked, terms, call.app, &switchboard)
    }

    /// Does what was asked, in the same way on every machine. The answer may be held if there are terms for it.
    mutating func carryOut(
        _ op: Op, _ asked: AppRecord, _ terms: ReplyTerms?, _ call: AppCall, _ switchboard: inout Switchboard
    ) throws(PublishError) -> Int? {
        let (text, session) = (asked.body, call.session)
        let (hasOnce, waits) = (asked.flags.contains(.once), asked.flags.contains(.waits))
        if asked.flags.contains(.ndjson) {
            if hasOnce { throw reject(.onceOfABatch, session) }
            if waits { throw reject(.waitOfABatch, session) }
            return takeLines(op, text, call, &switchboard)
        }
        let shape = document.parse(text)
        if hasOnce, shape == .array || shape == .invalid && BatchElements.areIn(text) {
            throw reject(.onceOfABatch, session)
        }
        if waits, shape != .object { throw reject(.waitOfABatch, session) }
        switch shape {
        case .invalid:
            // One element that is no JSON spoils the document, but not the other elements. Each is taken as a request
            // of its own.
            guard BatchElements.areIn(text) else { throw reject(.badJSON(text), session) }
            for (index, element) in BatchElements(text).enumerated() {
                take(op, text, element, index, call, &switchboard)
            }
            return endOutcomes()
        case .other: throw reject(.notAnObject(op), session)
        case .object:
            let item = document.next(of: text, op: op, maxMessage: maxMessage) ?? .wrong(.notAnObject(op))
            let outcome = take(item.wanted(asked), call, &switchboard)
            if waits, let terms, hold(outcome, terms, call, switchboard) { return nil }
            if case .wrong(let error) = outcome { throw error }
            outcome.write(to: &body)
            return outcome.status
        case .array:
            var index = 0
            while let item = document.next(of: text, op: op, maxMessage: maxMessage) {
                write(take(item, call, &switchboard), index)
                index += 1
            }
            return endOutcomes()
        }
    }

    private mutating func takeLines(
        _ op: Op, _ text: UnsafeRawBufferPointer, _ call: AppCall, _ switchboard: inout Switchboard
    ) -> Int {
        var (at, index) = (0, 0)
        while at < text.count {
            let end = position(of: 10, in: text, from: at)
            defer { at = end + 1 }
            if isBlank(text.part(at, end - at)) { continue }
            take(op, text, at..<end, index, call, &switchboard)
            index += 1
        }
        return endOutcomes()
    }

    /// Takes up one of several requests that do not depend on each other. `range` is its place in the body.
    private mutating func take(
        _ op: Op, _ body: UnsafeRawBufferPointer, _ range: Range<Int>, _ index: Int, _ call: AppCall,
        _ switchboard: inout Switchboard
    ) {
        let text = body.part(range.lowerBound, range.count)
        let item = document.item(of: text, op: op, at: range.lowerBound, maxMessage: maxMessage)
        write(take(item, call, &switchboard), index)
    }
    private mutating func write(_ outcome: Outcome, _ index: Int) {
        body.append(index == 0 ? "[" : ",")
        outcome.write(to: &body, index: index)
    }
    private mutating func endOutcomes() -> Int {
        body.append(body.isEmpty ? "[]" : "]")
        return 200
    }
}

extension AppDocument.Item {
    /// The same item with what the request says beside its body.
    func wanted(_ asked: AppRecord) -> AppDocument.Item {
        let named = asked.flags.contains(.once) ? named(asked.header) : self
        return asked.flags.contains(.waits) ? named.awaited : named
    }
    /// The same publish, whose app waits for its end.
    private var awaited: AppDocument.Item {
        var options = PublishOptions()
        switch self {
        case .publish(let client, let json, let timeToLive):
            options.timeToLive = timeToLive
            options.isAwaited = true
            return .publishTo(.client(client), json: json, options)
        case .publishTo(let target, let json, let given):
            guard given.keeps else { return .wrong(.waitsForNothing) }
            options = given
            options.isAwaited = true
            return .publishTo(target, json: json, options)
        default: return self
        }
    }
    /// The same item with the value of the header Idempotency-Key. Only publishes have use for it.
    private func named(_ header: UnsafeRawBufferPointer) -> AppDocument.Item {
        // The draft of the header wants a string in quotes, and most programs send it without them.
        let isQuoted = header.count > 2 && header.first == 34 && header.last == 34
        let once = isQuoted ? header.part(1, header.count - 2) : header
        var options = PublishOptions()
        // The field is a string of JSON, so it is UTF-8, and so is what may stand for it.
        guard isUTF8(once) else { return .wrong(.badOnce) }
        switch self {
        case .publish(let client, let json, let timeToLive):
            guard !once.isEmpty, once.count <= Limits.onceBytes else { return .wrong(.badOnce) }
            options.timeToLive = timeToLive
            options.once = once
            return .publishTo(.client(client), json: json, options)
        case .publishTo(let target, let json, let given):
            guard !once.isEmpty, once.count <= Limits.onceBytes else { return .wrong(.badOnce) }
            if let other = given.once, !areEqual(other, once) { return .wrong(.twoOnces) }
            options = given
            options.once = once
            return .publishTo(target, json: json, options)
        default: return self
        }
    }
}
