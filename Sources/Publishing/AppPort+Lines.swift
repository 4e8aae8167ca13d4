import Base
import Comet
import Wire

// The line form: one JSON object a line, one answer a line, on a connection that stays open.
extension AppPort {
    /// Takes up the next line. False if there is none.
    mutating func line(_ call: AppCall, _ switchboard: inout Switchboard) -> Bool {
        let session = call.session
        if isClustered, shipLines(call) { return true }
        let input = session.input.bytes
        let end = position(of: 10, in: input, from: session.searched)
        guard end < input.count else {
            wait(call)
            return false
        }
        if session.isSkipping {
            session.isSkipping = false
        } else if end > longestLine(session) {
            answer(.wrong(reject(.lineTooLong, session)), session)
        } else {
            line(input.part(0, end), call, &switchboard)
        }
        session.input.consume(end + 1)
        session.searched = 0
        return true
    }
    /// An app that has not shown its key may not make the port hold much.
    private func longestLine(_ session: AppSession) -> Int {
        isAuthorized(session) ? mostBody : maxMessage + Limits.publishBytes
    }

    /// The input holds no end of line. A line that is too long is answered now, and the rest of it is skipped.
    private mutating func wait(_ call: AppCall) {
        let session = call.session
        let count = session.input.count
        let isTooMuch = call.inputElsewhere + count > Limits.appInputBytes
        guard session.isSkipping || isTooMuch || count > longestLine(session) else {
            session.searched = count
            return
        }
        if !session.isSkipping { answer(.wrong(reject(isTooMuch ? .busy : .lineTooLong, session)), session) }
        session.isSkipping = true
        session.input.consume(count)
        session.searched = 0
    }

    private mutating func line(
        _ line: UnsafeRawBufferPointer, _ call: AppCall, _ switchboard: inout Switchboard
    ) {
        guard !isBlank(line) else { return }
        let session = call.session
        counters.lines += 1
        let item = document.item(of: line, op: nil, maxMessage: maxMessage)
        if case .hello(let hello) = item {
            if let given = hello.key {
                // An app may give a key even if none is needed, so that it need not know whether one is.
                if keys.areNeeded { show(keys.find(given), session) } else { session.hasShownKey = true }
            }
            if isAuthorized(session) {
                if let name = hello.name {
                    session.name = String(decoding: name, as: UTF8.self)
                    session.hasAsked = true
                }
                return
            }
        }
        guard isAuthorized(session) else {
            // This is the one mistake that is not forgiven: an app with a wrong key is not listened to.
            session.isClosing = true
            return answer(.wrong(reject(.unauthorized, session)), session)
        }
        if let right = item.right, !may(session, right) {
            return answer(.wrong(reject(.mayNot(right), session)), session)
        }
        if isClustered, item.isShipped {
            // Otherwise the line would have been shipped.
            return answer(.wrong(reject(refusal(of: item.isPublish) ?? .engine(engineFault), session)), session)
        }
        answer(take(item, call, &switchboard), session)
    }

    func answer(_ outcome: Outcome, _ session: AppSession) {
        outcome.write(to: &session.output)
        session.output.append(10)
    }
}

func isBlank(_ line: UnsafeRawBufferPointer) -> Bool { line.allSatisfy { $0 == 32 || $0 == 9 || $0 == 13 } }
