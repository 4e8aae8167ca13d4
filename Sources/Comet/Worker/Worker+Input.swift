import Base
import Store
import Wire

// Bytes of clients become requests. Those that can't be taken up yet are kept.
extension Worker {
    /// Keeps bytes that can't be parsed yet, or not now. Their bound is that of a request. If a client sends more
    /// ahead, nothing more is read from it.
    mutating func keepForLater(_ slot: ConnectionSlot, _ bytes: UnsafeRawBufferPointer, _ now: UInt32) {
        let held = pendingOf(slot)
        held.input.append(bytes)
        let connection = slab.pointer(slot)
        if connection.pointee.state == .reading {
            waitForHead(slot, now)
        } else if held.input.count >= settings.maxRequest, !connection.pointee.marks.contains(.paused) {
            connection.pointee.marks.insert(.paused)
            watch(slot)
        }
    }
    mutating func pendingOf(_ slot: ConnectionSlot) -> Pending {
        if let held = pending[slot] { return held }
        let held = Pending()
        pending[slot] = held
        slab.pointer(slot).pointee.marks.insert(.hasPending)
        return held
    }
    /// The bytes kept for the connection are used up.
    mutating func dropPending(_ slot: ConnectionSlot) {
        pending[slot] = nil
        slab.pointer(slot).pointee.marks.remove(.hasPending)
    }
    private mutating func waitForHead(_ slot: ConnectionSlot, _ now: UInt32) {
        guard slab.pointer(slot).pointee.list != Deadlines.Kind.header.rawValue else { return }
        deadlines.move(slot, to: .header, now: now, in: slab)
    }
    /// The events to watch the connection for have changed.
    mutating func watch(_ slot: ConnectionSlot) {
        let wants = wants(slot)
        orders.add(.watch(slot, input: wants.input, output: wants.output))
    }
    /// The events to watch the connection for.
    package func wants(_ slot: ConnectionSlot) -> (input: Bool, output: Bool) {
        let marks = slab.pointer(slot).pointee.marks
        let hasOutput = marks.contains(.hasPending) && pending[slot].map { !$0.output.isEmpty } ?? false
        return (marks.isDisjoint(with: [.paused, .inputEnded]), hasOutput)
    }

    mutating func parsePending(_ slot: ConnectionSlot, _ held: Pending, _ now: UInt32) {
        held.input.consume(parse(slot, held.input.bytes, now))
        if slab.pointer(slot).pointee.state == .waiting, !slab.pointer(slot).pointee.receiver.endsWithAnswer {
            held.input.clear()
        }
        if held.input.isEmpty, held.output.isEmpty { dropPending(slot) }
        let connection = slab.pointer(slot)
        let isReading = connection.pointee.state == .reading
        if connection.pointee.marks.contains(.inputEnded) {
            // The bytes that are left are no whole request, and no more will come.
            if isReading { close(slot, .client) }
        } else if connection.pointee.marks.contains(.paused), isReading || held.input.count < settings.maxRequest {
            // The parser bounds a request that is being read. This bound is for requests that come too far ahead.
            connection.pointee.marks.remove(.paused)
            watch(slot)
        }
    }

    /// Takes up a request, if it is whole. The result is the number of its bytes.
    mutating func parse(_ slot: ConnectionSlot, _ bytes: UnsafeRawBufferPointer, _ now: UInt32) -> Int {
        switch HTTPRequest.parse(bytes, limit: settings.maxRequest) {
        case .incomplete:
            waitForHead(slot, now)
            return 0
        case .refused(let refusal):
            refuse(slot, refusal, bytes)
            return bytes.count
        case .request(let request):
            let body =
                request.method == .post && request.contentLength <= Limits.ignoredBodyBytes ? request.contentLength : 0
            guard bytes.count >= request.headBytes + body else {
                waitForHead(slot, now)
                return 0
            }
            if settings.tellsRequests { asked = (slot, Array(bytes.part(0, request.headBytes))) }
            handle(slot, request, now)
            if isPutOff {
                isPutOff = false
                return 0
            }
            // The answer that is the last may be another connection's, whose receiver this request has ended.
            let isLast = sending.isLast && slab.pointer(slot).pointee.state == .replying
            return isLast ? bytes.count : request.headBytes + body
        }
    }

    /// A request that can't be taken ends the connection. A script tag is told in its own form, if its first line could
    /// be read.
    mutating func refuse(_ slot: ConnectionSlot, _ refusal: HTTPRefusal, _ request: UnsafeRawBufferPointer) {
        counters.httpRefused += 1
        let line = settings.jsonp ? HTTPRequest.firstLine(of: request, limit: settings.maxRequest) : nil
        let callback = line.flatMap { PollRequest.callback(of: $0, scratch: scratch) }
        Answer.refusal(refusal, cors: .anyone, callback: callback, to: &out)
        replyAndLinger(slot)
    }

    /// A request came without TLS to a port for TLS. It is told so without TLS.
    package mutating func refusePlain(_ slot: ConnectionSlot) {
        let refusal = HTTPRefusal(400, "this port speaks TLS: begin the URL with https or wss")
        refuse(slot, refusal, UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// The request that is being taken up is taken up again at the end of the turn.
    mutating func putOff(_ slot: ConnectionSlot) {
        isPutOff = true
        slab.pointer(slot).pointee.marks.insert(.resuming)
        resuming.append(slot)
    }

    /// Takes up a request that came while an answer was awaited. Call it at the end of each turn until it is false.
    package mutating func resumeNext(now: UInt64) -> Bool {
        guard let slot = resuming.popLast() else { return false }
        let connection = slab.pointer(slot)
        connection.pointee.marks.remove(.resuming)
        if connection.pointee.state == .reading, let held = pending[slot] {
            parsePending(slot, held, UInt32(truncatingIfNeeded: now))
        }
        return true
    }

    /// The request that was taken up since the last call. There is one only if `WorkerSettings.tellsRequests`.
    package mutating func takeAsked() -> (slot: ConnectionSlot, head: [UInt8])? {
        defer { asked = nil }
        return asked
    }
}
