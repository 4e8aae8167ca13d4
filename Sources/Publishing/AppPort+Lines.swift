import Base
import Comet
import Wire

// The line form: one JSON object a line, one answer a line, on a connection that stays open.
extension AppPort {
    /// Takes up the next line; false where there is none.
    mutating func line(
        _ session: inout AppSession, _ switchboard: inout Switchboard, _ inputElsewhere: Int, _ now: UInt64
    ) -> Bool {
        let input = session.input.bytes
        let longest = maxMessage + Limits.publishBytes
        let end = position(of: 10, in: input, from: session.searched)
        guard end < input.count else {
            let isTooMuch = inputElsewhere + input.count > Limits.appInputBytes
            if session.isSkipping || isTooMuch || input.count > longest {
                if !session.isSkipping { answer(reject(isTooMuch ? .busy : .lineTooLong, &session), &session) }
                session.isSkipping = true
                session.input.consume(input.count)
                session.searched = 0
            } else {
                session.searched = input.count
            }
            return false
        }
        if session.isSkipping {
            session.isSkipping = false
        } else if end > longest {
            answer(reject(.lineTooLong, &session), &session)
        } else {
            line(input.part(0, end), &session, &switchboard, now)
        }
        session.input.consume(end + 1)
        session.searched = 0
        return true
    }

    private mutating func line(
        _ line: UnsafeRawBufferPointer, _ session: inout AppSession, _ switchboard: inout Switchboard, _ now: UInt64
    ) {
        guard !isBlank(line) else { return }
        counters.lines += 1
        switch document.parse(line) {
        case .invalid:
            answer(
                session.hasKey || key.isEmpty ? reject(.badJSON(line), &session) : reject(.unauthorized, &session),
                &session)
        case .array, .other:
            answer(
                session.hasKey || key.isEmpty ? reject(.notAnObject, &session) : reject(.unauthorized, &session),
                &session)
        case .object:
            guard let item = document.next(of: line, maxMessage: maxMessage) else { return }
            if case .key(let given) = item {
                // Where no key is needed one may be given all the same: an app needs not know.
                session.hasKey = key.isEmpty || isKey(given)
                if !session.hasKey { answer(reject(.unauthorized, &session), &session) }
            } else {
                answer(
                    session.hasKey || key.isEmpty
                        ? publish(item, &session, &switchboard, now) : reject(.unauthorized, &session), &session)
            }
        }
        // The one mistake that isn't forgiven: who has no key is not listened to.
        if !key.isEmpty, !session.hasKey { session.isClosing = true }
    }

    private func answer(_ outcome: Outcome, _ session: inout AppSession) {
        outcome.write(to: &session.output)
        session.output.append(10)
    }
}

func isBlank(_ line: UnsafeRawBufferPointer) -> Bool { line.allSatisfy { $0 == 32 || $0 == 9 || $0 == 13 } }
