import Base
import Glibc
import Histogram

/// The life of the clients: connect, poll, read an answer, poll again.
extension Generator {
    /// Connects, and begins at once. On loopback the connection is made by then, unless the listener's queue is full.
    func connect(_ index: Int) {
        let number = plan.first + index
        let source = plan.source + UInt32(nextSource)
        nextSource = nextSource + 1 == plan.sources ? 0 : nextSource + 1
        do {
            let port = hasMoved ? plan.comeBackPort : plan.port + UInt16(number % plan.ports)
            let descriptor = try Socket.connect(to: plan.host, port: port, from: source)
            clients[index].descriptor = descriptor
            counts.connects += 1
            if begin(index) {
                poller.add(descriptor, Poller.readable, Kind.client | UInt64(index))
                hasBegun(index)
            } else {
                clients[index].state = .connecting
                poller.add(descriptor, Poller.writable, Kind.client | UInt64(index))
            }
        } catch let failure {
            if failure.code == EMFILE || failure.code == ENFILE { return fail("\(failure)") }
            rest(index, milliseconds: 200)
            counts.failedConnects += 1
        }
    }

    func clientEvent(_ index: Int, _ what: UInt32) {
        switch clients[index].state {
        case .connecting: finishConnect(index)
        case .shaking: shake(index)
        case .opening: readStream(index)
        case .waiting: if plan.form.stays { readStream(index) } else { readAnswer(index) }
        case .resting: shut(index)  // it was closed while it rests: it connects anew when it wakes
        case .away: break  // the event came before it was closed in the same turn
        }
    }

    private func finishConnect(_ index: Int) {
        if begin(index) {
            poller.modify(clients[index].descriptor, Poller.readable, Kind.client | UInt64(index))
            hasBegun(index)
        } else if errno != EAGAIN && errno != ENOTCONN {
            failed(index)
        }
    }
    /// The connection is over before a request went out.
    func failed(_ index: Int) {
        hangUp(index)
        rest(index, milliseconds: 200)
        counts.failedConnects += 1
    }

    /// Reads what has come, behind what came before and was not whole. `nil` if nothing came, or the connection ended.
    func readMore(_ index: Int) -> UnsafeRawBufferPointer? {
        var start = 0
        if !partial.isEmpty, let earlier = partial.removeValue(forKey: index) {
            start = earlier.count
            input.copyBytes(from: earlier)
        }
        let count = read(index, at: start)
        if count > 0 { return UnsafeRawBufferPointer(start: input.baseAddress, count: start + count) }
        if count < 0, errno == EAGAIN {
            if start > 0 { partial[index] = Array(input[..<start]) }
            return nil
        }
        wasCut(index)
        return nil
    }
    /// The connection has ended. The client comes back when the server said to, or soon.
    func wasCut(_ index: Int) {
        let told = retries.removeValue(forKey: index)
        if told == nil { counts.cuts += 1 }
        let usual = clients[index].retry > 0 ? UInt64(clients[index].retry) : 40 + UInt64(random.next(below: 160))
        hangUp(index)
        rest(index, milliseconds: told ?? usual)
    }

    private func readAnswer(_ index: Int) {
        guard let bytes = readMore(index) else { return }
        switch Answer.parse(bytes) {
        case .incomplete where bytes.count < input.count: partial[index] = Array(bytes)
        case .incomplete, .malformed: broken(index)
        case .answer(let answer): take(answer, bytes, index)
        }
    }

    private func take(_ answer: Answer, _ bytes: UnsafeRawBufferPointer, _ index: Int) {
        counts.polling -= 1
        guard answer.status == 200, answer.body.upperBound == bytes.count else {
            counts.polling += 1
            return broken(index)
        }
        var envelope = Envelope(UnsafeRawBufferPointer(rebasing: bytes[answer.body]))
        let now = monotonicNanoseconds()
        var messages = 0
        while let message = envelope.next() {
            messages += 1
            received(message.mark, index, now: now)
        }
        let tail = envelope.tail()
        if let cursor = tail.cursor { clients[index].cursor = cursor }
        if plan.dialect == .nchan {
            clients.keepResume(
                index, date: UnsafeRawBufferPointer(rebasing: bytes[answer.lastModified]),
                etag: UnsafeRawBufferPointer(rebasing: bytes[answer.etag]))
        }
        if messages == 0 { counts.empty += 1 }
        if tail.gap { counts.gaps += 1 }
        if tail.failed || envelope.isMalformed { counts.errors += 1 }
        clients[index].state = .resting
        if let retry = tail.retryMilliseconds {
            if answer.closes || !plan.keepAlive { shut(index) }
            wheel.add(index, now: now, afterMilliseconds: retry)
        } else if plan.keepAlive, !answer.closes {
            pollAgain(index)
        } else {
            shut(index)
            connect(index)
        }
    }

    func received(_ mark: Mark, _ index: Int, now: UInt64) {
        if mark.client == Mark.everyone { return received(broadcast: mark, index, now: now) }
        guard Int(mark.client) == plan.first + index else {
            counts.strays += 1
            return
        }
        let isNew = ledger?.received(index, mark.sequence)
        switch clients[index].received.received(mark.sequence) {
        case .double where isNew != true:
            counts.doubles += 1
            return
        case .double: break  // it is older than what the check remembers
        case .late: counts.disorder += 1
        case .inOrder, .skipped: break
        }
        counts.delivered += 1
        if case .connect(var run) = order {
            run.probeCame(mark)
            order = .connect(run)
        } else {
            latencies.record(now > mark.nanoseconds ? now - mark.nanoseconds : 1)
        }
    }

    private func pollAgain(_ index: Int) {
        compose(index)
        if write(index) { return isWaiting(index) }
        counts.cuts += 1
        shut(index)
        rest(index, milliseconds: 40)
    }

    func hasAsked(_ index: Int) {
        if plan.form.stays { clients[index].state = .opening } else { isWaiting(index) }
    }
    func isWaiting(_ index: Int) {
        clients[index].state = .waiting
        counts.polling += 1
        isFree(index)
    }
    /// A unicast may publish to the client again.
    func isFree(_ index: Int) {
        if case .unicast = order, !clients[index].isReady {
            clients[index].isReady = true
            ready.push(UInt32(index))
        }
    }

    func broken(_ index: Int) {
        counts.errors += 1
        hangUp(index)
        rest(index, milliseconds: 200)
    }

    /// Writes the client's request into `output`.
    func compose(_ index: Int) {
        output.clear()
        let number = plan.first + index
        if plan.dialect == .nchan {
            var hadResume = false
            clients.withResume(index) {
                hadResume = true
                writer.poll(number, cursor: 0, resume: ($0, $1), to: &output)
            }
            if hadResume { return }
        }
        writer.poll(number, cursor: clients[index].cursor, resume: nil, to: &output)
    }

    /// Ends a client's connection in any state.
    func hangUp(_ index: Int) {
        if clients[index].state == .waiting { counts.polling -= 1 }
        shut(index)
        clients[index].state = .away
    }

    func rest(_ index: Int, milliseconds: UInt64) {
        clients[index].state = .resting
        wheel.add(index, now: monotonicNanoseconds(), afterMilliseconds: milliseconds)
    }

    /// The client's rest is over, or the time in which it acknowledges.
    func wake(_ index: Int) {
        if clients[index].unacknowledged > 0, clients[index].state == .waiting { acknowledge(index) }
        guard clients[index].state == .resting else { return }
        if clients[index].descriptor >= 0 { pollAgain(index) } else { connect(index) }
    }
}
