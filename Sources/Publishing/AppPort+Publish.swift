import Base
import Comet
import Wire

// POST /publish: one publish, an array of them, or one a line.
extension AppPort {
    mutating func publish(
        _ request: HTTPRequest, _ body: UnsafeRawBufferPointer, _ session: inout AppSession,
        _ switchboard: inout Switchboard, _ now: UInt64
    ) {
        if let type = request.contentType, type.count >= 20, matchesLowercase(type.part(0, 20), "application/x-ndjson")
        {
            return publishLines(request, body, &session, &switchboard, now)
        }
        switch document.parse(body) {
        case .invalid:
            // One element that is no JSON spoils the document, and none of the others: each is a publish, as each line
            // is.
            guard BatchElements.areIn(body) else { return reply(reject(.badJSON(body), &session), request, &session) }
            self.body.clear()
            for (index, element) in BatchElements(body).enumerated() {
                let text = body.part(element.lowerBound, element.count)
                write(publish(text, at: element.lowerBound, &session, &switchboard, now), index)
            }
            replyWithOutcomes(request, &session)
        case .other: reply(reject(.notAnObject, &session), request, &session)
        case .object:
            guard let item = document.next(of: body, maxMessage: maxMessage) else { return }
            reply(publish(item, &session, &switchboard, now), request, &session)
        case .array:
            self.body.clear()
            var index = 0
            while let item = document.next(of: body, maxMessage: maxMessage) {
                write(publish(item, &session, &switchboard, now), index)
                index += 1
            }
            replyWithOutcomes(request, &session)
        }
    }

    private mutating func publishLines(
        _ request: HTTPRequest, _ body: UnsafeRawBufferPointer, _ session: inout AppSession,
        _ switchboard: inout Switchboard, _ now: UInt64
    ) {
        self.body.clear()
        var (at, index) = (0, 0)
        while at < body.count {
            let end = position(of: 10, in: body, from: at)
            let line = body.part(at, end - at)
            defer { at = end + 1 }
            if isBlank(line) { continue }
            write(publish(line, at: at, &session, &switchboard, now), index)
            index += 1
        }
        replyWithOutcomes(request, &session)
    }

    /// One publish of several that each stand for themselves. `offset`: where it stands in the body.
    private mutating func publish(
        _ text: UnsafeRawBufferPointer, at offset: Int, _ session: inout AppSession, _ switchboard: inout Switchboard,
        _ now: UInt64
    ) -> Outcome {
        switch document.parse(text) {
        case .invalid: return reject(.badJSON(text, at: offset), &session)
        case .array, .other: return reject(.notAnObject, &session)
        case .object:
            let item = document.next(of: text, maxMessage: maxMessage)
            return item.map { publish($0, &session, &switchboard, now) } ?? reject(.notAnObject, &session)
        }
    }
    private mutating func write(_ outcome: Outcome, _ index: Int) {
        body.append(index == 0 ? "[" : ",")
        outcome.write(to: &body, index: index)
    }
    private mutating func replyWithOutcomes(_ request: HTTPRequest, _ session: inout AppSession) {
        body.append(body.isEmpty ? "[]" : "]")
        reply(200, request, &session)
    }
}
