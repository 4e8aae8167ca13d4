import Base
import Comet
import Wire

// POST /publish: one publish, an array of publishes, or one on each line.
extension AppPort {
    /// Writes the outcomes and returns the status.
    mutating func publish(_ call: HTTPCall, _ switchboard: inout Switchboard) throws(PublishError) -> Int {
        let text = call.body
        if let type = call.request.contentType, type.count >= 20,
            matchesLowercase(type.part(0, 20), "application/x-ndjson")
        {
            return publishLines(call, &switchboard)
        }
        switch document.parse(text) {
        case .invalid:
            // One element that is no JSON spoils the document, but not the other elements. Each is taken as a publish
            // of its own.
            guard BatchElements.areIn(text) else { throw reject(.badJSON(text), call.app.session) }
            for (index, element) in BatchElements(text).enumerated() { publish(element, index, call, &switchboard) }
            return endOutcomes()
        case .other: throw reject(.notAnObject, call.app.session)
        case .object:
            let item = document.next(of: text, maxMessage: maxMessage) ?? .wrong(.notAnObject)
            let outcome = publish(item, call.app, &switchboard)
            if case .wrong(let error) = outcome { throw error }
            outcome.write(to: &body)
            return outcome.status
        case .array:
            var index = 0
            while let item = document.next(of: text, maxMessage: maxMessage) {
                write(publish(item, call.app, &switchboard), index)
                index += 1
            }
            return endOutcomes()
        }
    }

    private mutating func publishLines(_ call: HTTPCall, _ switchboard: inout Switchboard) -> Int {
        let text = call.body
        var (at, index) = (0, 0)
        while at < text.count {
            let end = position(of: 10, in: text, from: at)
            defer { at = end + 1 }
            if isBlank(text.part(at, end - at)) { continue }
            publish(at..<end, index, call, &switchboard)
            index += 1
        }
        return endOutcomes()
    }

    /// Publishes one of several publishes that do not depend on each other. `range` is its place in the body.
    private mutating func publish(
        _ range: Range<Int>, _ index: Int, _ call: HTTPCall, _ switchboard: inout Switchboard
    ) {
        let text = call.body.part(range.lowerBound, range.count)
        let item = document.item(of: text, at: range.lowerBound, maxMessage: maxMessage)
        write(publish(item, call.app, &switchboard), index)
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
