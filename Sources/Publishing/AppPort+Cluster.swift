import Base
package import Comet
import Wire

// A cluster. A request that changes something is not carried out when it comes. It is shipped: it becomes a record
// (`AppRecord`), which goes through the engine and comes back in the one order of all machines. Then each machine
// carries it out, and this one answers its app.
//
//     taken up --ship--> at the engine --returned--> carried out and answered
//                        at the engine --failShipped--> answered with an error; it may be carried out yet
//
// A session ships one request at a time, or all whole lines of its input together. The rest of its input waits. What
// only looks, and what is refused without a look at clients and messages, is answered at once.

extension AppPort {
    // MARK: to the engine

    /// Gives each request that was shipped since the last call, in order. Call it at the end of each turn.
    package mutating func takeShipments(_ take: (Shipment) -> Void) {
        guard !toShip.places.isEmpty else { return }
        var start = 0
        for place in toShip.places {
            let record = toShip.records.bytes.part(start, place.end - start)
            take(Shipment(number: place.number, record: record, ids: place.ids))
            start = place.end
        }
        toShip.places.removeAll(keepingCapacity: true)
        toShip.records.clear()
        toShip.records.shrink(over: 1024 * 1024)
    }
    package var hasShipments: Bool { !toShip.places.isEmpty }
    /// Requests that are at the engine, or on their way to it.
    package var shippedCount: Int { shipped.count }

    /// Ships a request over HTTP. False if it is refused whatever has happened before, and needs no engine for that.
    mutating func ship(_ op: Op, _ asked: AppRecord, _ terms: ReplyTerms, _ call: AppCall) throws(PublishError) -> Bool
    {
        guard let ids = ids(op, asked) else { return false }
        if let refusal = refusal(of: op == .publish) { throw reject(refusal, call.session) }
        ship(asked, ids, ShippedRequest(terms: terms, since: call.now), call.session)
        return true
    }
    /// Why nothing is shipped now. Publishes are not, either, if the queue is full: once they are shipped no machine
    /// may refuse them.
    func refusal(of isPublish: Bool) -> PublishError? {
        if let engineFault { return .engine(engineFault) }
        return isPublish && isQueueFull ? .queueFull : nil
    }
    /// Ships the lines at the front of the input, up to the first that has to be taken up by itself. False if there is
    /// none.
    mutating func shipLines(_ call: AppCall) -> Bool {
        let session = call.session
        guard engineFault == nil, !session.isSkipping, isAuthorized(session) else { return false }
        let input = session.input.bytes
        var (at, count, ids) = (0, 0, 0)
        while at < Limits.shippedLinesBytes {
            let end = position(of: 10, in: input, from: max(at, session.searched))
            guard end < input.count, end - at <= mostBody, at == 0 || end < Limits.shippedLinesBytes else { break }
            let line = input.part(at, end - at)
            if !isBlank(line) {
                let item = document.item(of: line, op: nil, maxMessage: maxMessage)
                guard item.isShipped, refusal(of: item.isPublish) == nil, item.right.map({ may(session, $0) }) ?? true
                else { break }
                count += 1
                ids += item.mostIds
            }
            at = end + 1
        }
        guard count > 0 else { return false }
        ship(
            AppRecord(.lines, body: input.part(0, at)), ids, ShippedRequest(lines: count, since: call.now), session)
        session.input.consume(at)
        session.searched = 0
        counters.lines += UInt64(count)
        return true
    }
    private mutating func ship(_ asked: AppRecord, _ ids: Int, _ request: ShippedRequest, _ session: AppSession) {
        lastShipment += 1
        let before = toShip.records.count
        var asked = asked
        var scope = keys.scope(session.key)
        scope.withUTF8 {
            asked.scope = UnsafeRawBufferPointer($0)
            asked.write(to: &toShip.records)
        }
        toShip.places.append((lastShipment, toShip.records.count, ids))
        var request = request
        request.number = lastShipment
        request.bytes = toShip.records.count - before
        session.shipped = request
        shipped[lastShipment] = session
        if request.waits { shippedWaits += 1 }
    }

    /// The most ids that carrying a request out takes. `nil` if it is refused whatever has happened before. A body that
    /// is one object is looked at; of others only the beginning and what it takes to count.
    private mutating func ids(_ op: Op, _ asked: AppRecord) -> Int? {
        let isOfOne = asked.flags.isDisjoint(with: [.once, .waits])
        if asked.flags.contains(.ndjson) { return isOfOne ? several(op, asked) : nil }
        switch asked.body.first(where: { $0 != 32 && $0 != 10 && $0 != 13 && $0 != 9 }) {
        case UInt8(ascii: "["): return isOfOne ? several(op, asked) : nil
        case UInt8(ascii: "{"):
            guard document.parse(asked.body) == .object,
                let item = document.next(of: asked.body, op: op, maxMessage: maxMessage)
            else { return nil }
            let wanted = item.wanted(asked)
            return wanted.isShipped ? wanted.mostIds : nil
        default: return nil
        }
    }
    /// The same for a body with several objects.
    private mutating func several(_ op: Op, _ asked: AppRecord) -> Int {
        let body = asked.body
        switch op {
        case .publish:
            // A publish is an object, and none is shorter than `{"user":"a","message":1}`.
            return min(body.reduce(0) { $0 + ($1 == UInt8(ascii: "{") ? 1 : 0) }, body.count / 24 + 1)
        case .subscribe:
            var ids = 0
            if asked.flags.contains(.ndjson) {
                for line in body.split(separator: 10) { ids += mostIds(UnsafeRawBufferPointer(rebasing: line), op) }
            } else if document.parse(body) == .array {
                while let item = document.next(of: body, op: op, maxMessage: maxMessage) { ids += item.mostIds }
            } else {
                for element in BatchElements(body) { ids += mostIds(body.part(element.lowerBound, element.count), op) }
            }
            return ids
        default: return 0
        }
    }
    private mutating func mostIds(_ text: UnsafeRawBufferPointer, _ op: Op) -> Int {
        document.item(of: text, op: op, maxMessage: maxMessage).mostIds
    }

    // MARK: from the engine

    /// A record of this machine came back: it is carried out, and its app is answered. If the app is gone, or was told
    /// an error meanwhile, it is carried out like that of another machine. False if it can't be read.
    @discardableResult
    package mutating func returned(
        _ number: UInt64, _ record: UnsafeRawBufferPointer, _ switchboard: inout Switchboard, now: UInt64
    ) -> Bool {
        guard let session = shipped[number], let request = session.shipped, !session.isClosing else {
            return apply(record, &switchboard, now: now)
        }
        guard let asked = keep(record) else {
            failShipped(.away, [number], &switchboard, now: now)
            return false
        }
        stopShipping(session)
        self.now = now
        carryOut(
            asked, request.terms, AppCall(session: session, inputElsewhere: 0, now: now, scope: asked.scope),
            &switchboard)
        goOn(session, request, &switchboard, now: now)
        return true
    }
    /// Carries out a request of another machine. It has all rights, since that machine has looked at them. False if it
    /// can't be read: then nothing is done.
    @discardableResult
    package mutating func apply(
        _ record: UnsafeRawBufferPointer, _ switchboard: inout Switchboard, now: UInt64
    ) -> Bool {
        guard let asked = keep(record) else { return false }
        let before = counters
        carryOut(
            asked, nil, AppCall(session: elsewhere, inputElsewhere: 0, now: now, scope: asked.scope, isForeign: true),
            &switchboard)
        counters = before
        // The answer is for nobody, and the next one begins with an empty body.
        body.clear()
        body.shrink(over: 1024 * 1024)
        return true
    }
    /// The requests are not waited for any more: their apps are told so, and their input goes on. Whoever holds
    /// records that are not on their way yet throws them away.
    package mutating func failShipped(
        _ fault: ShippingFault, _ numbers: [UInt64], _ switchboard: inout Switchboard, now: UInt64
    ) {
        self.now = now
        for number in numbers {
            guard let session = shipped[number], let request = session.shipped else { continue }
            stopShipping(session)
            guard !session.isClosing else { continue }
            if let terms = request.terms {
                reply(reject(.engine(fault), session), terms.head, session)
            } else {
                for _ in 0..<request.lines { answer(.wrong(reject(.engine(fault), session)), session) }
            }
            goOn(session, request, &switchboard, now: now)
        }
    }
    /// The numbers of the requests that were shipped before this time and have not come back, the oldest first.
    package func shippedBefore(_ time: UInt64) -> [UInt64] {
        shipped.filter { $0.value.shipped.map { $0.since < time } ?? false }.keys.sorted()
    }

    /// Copies the record to where simdjson may read past its end.
    private mutating func keep(_ record: UnsafeRawBufferPointer) -> AppRecord? {
        carried.clear()
        carried.shrink(over: 1024 * 1024)
        carried.append(record)
        _ = carried.reserve(AppDocument.padding)
        guard case .record(let asked, record.count) = AppRecord.parse(carried.bytes) else { return nil }
        return asked
    }
    /// `terms` are `nil` for lines, and for requests of other machines.
    private mutating func carryOut(
        _ asked: AppRecord, _ terms: ReplyTerms?, _ call: AppCall, _ switchboard: inout Switchboard
    ) {
        partIds = 0
        guard let op = Op(asked.form) else { return carryOutLines(asked.body, call, &switchboard) }
        body.clear()
        do throws(PublishError) {
            let status = try carryOut(op, asked, terms, call, &switchboard)
            if let status, let terms { reply(status, terms.head, call.session) }
        } catch {
            if let terms { reply(error, terms.head, call.session) }
        }
    }
    private mutating func carryOutLines(
        _ text: UnsafeRawBufferPointer, _ call: AppCall, _ switchboard: inout Switchboard
    ) {
        var at = 0
        while at < text.count {
            let end = position(of: 10, in: text, from: at)
            let line = text.part(at, end - at)
            at = end + 1
            if isBlank(line) { continue }
            let item = document.item(of: line, op: nil, maxMessage: maxMessage)
            let outcome = item.isOfConnection ? .wrong(.badOp) : take(item, call, &switchboard)
            if !call.isForeign { answer(outcome, call.session) }
        }
    }
    /// The request was answered. The app may have sent more meanwhile.
    private mutating func goOn(
        _ session: AppSession, _ request: ShippedRequest, _ switchboard: inout Switchboard, now: UInt64
    ) {
        if let head = request.terms?.head, session.isLeaving || !head.keepAlive, session.held == nil {
            session.isClosing = true
        }
        session.lastProgress = now
        process(session, &switchboard, now: now)
    }
    /// Nothing of the session is at the engine any more, as far as its app is told.
    mutating func stopShipping(_ session: AppSession) {
        guard let request = session.shipped else { return }
        session.shipped = nil
        shipped[request.number] = nil
        if request.waits { shippedWaits -= 1 }
    }
}
