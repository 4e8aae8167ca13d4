import Base
import Comet
import Wire

// POST /publish, /subscribe, /unsubscribe and /disconnect: one object, an array of objects, or one on each line.
extension AppPort {
    /// Writes the outcomes and returns the status. `nil`: the answer is held.
    mutating func take(_ op: Op, _ call: HTTPCall, _ switchboard: inout Switchboard) throws(PublishError) -> Int? {
        let (text, session) = (call.body, call.app.session)
        let wait = try wait(op, call)
        let once = call.request.hasIdempotencyKey ? call.request.values(of: "idempotency-key").first : nil
        if let type = call.request.contentType, type.count >= 20,
            matchesLowercase(type.part(0, 20), "application/x-ndjson")
        {
            if once != nil { throw reject(.onceOfABatch, session) }
            if wait > 0 { throw reject(.waitOfABatch, session) }
            return takeLines(op, call, &switchboard)
        }
        let shape = document.parse(text)
        if once != nil, shape == .array || shape == .invalid && BatchElements.areIn(text) {
            throw reject(.onceOfABatch, session)
        }
        if wait > 0, shape != .object { throw reject(.waitOfABatch, session) }
        switch shape {
        case .invalid:
            // One element that is no JSON spoils the document, but not the other elements. Each is taken as a request
            // of its own.
            guard BatchElements.areIn(text) else { throw reject(.badJSON(text), session) }
            for (index, element) in BatchElements(text).enumerated() { take(op, element, index, call, &switchboard) }
            return endOutcomes()
        case .other: throw reject(.notAnObject(op), session)
        case .object:
            let item = document.next(of: text, op: op, maxMessage: maxMessage) ?? .wrong(.notAnObject(op))
            let named = once.map { item.named($0) } ?? item
            let outcome = take(wait > 0 ? named.awaited : named, call.app, &switchboard)
            if wait > 0, hold(outcome, seconds: wait, call, switchboard) { return nil }
            if case .wrong(let error) = outcome { throw error }
            outcome.write(to: &body)
            return outcome.status
        case .array:
            var index = 0
            while let item = document.next(of: text, op: op, maxMessage: maxMessage) {
                write(take(item, call.app, &switchboard), index)
                index += 1
            }
            return endOutcomes()
        }
    }

    private mutating func takeLines(_ op: Op, _ call: HTTPCall, _ switchboard: inout Switchboard) -> Int {
        let text = call.body
        var (at, index) = (0, 0)
        while at < text.count {
            let end = position(of: 10, in: text, from: at)
            defer { at = end + 1 }
            if isBlank(text.part(at, end - at)) { continue }
            take(op, at..<end, index, call, &switchboard)
            index += 1
        }
        return endOutcomes()
    }

    /// Takes up one of several requests that do not depend on each other. `range` is its place in the body.
    private mutating func take(
        _ op: Op, _ range: Range<Int>, _ index: Int, _ call: HTTPCall, _ switchboard: inout Switchboard
    ) {
        let text = call.body.part(range.lowerBound, range.count)
        let item = document.item(of: text, op: op, at: range.lowerBound, maxMessage: maxMessage)
        write(take(item, call.app, &switchboard), index)
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
    /// The same publish, whose app waits for its end.
    var awaited: AppDocument.Item {
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
    func named(_ header: UnsafeRawBufferPointer) -> AppDocument.Item {
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
