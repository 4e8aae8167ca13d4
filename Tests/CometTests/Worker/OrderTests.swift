import Base
import Comet
import Testing
import Wire

/// A worker without sockets: its inputs, and the orders that follow from them.
@Suite struct OrderTests {
    /// The waiting orders, as text. The bytes of an order to send count as written, in whole or in part.
    private func orders(_ worker: inout Worker, taking: Int? = nil) -> [String] {
        var found: [String] = []
        while let order = worker.next() {
            switch order {
            case .send(let slot, let bytes):
                found.append("send \(slot)")
                let taken = taking ?? bytes.count
                if taken < 0 { worker.failed(slot) } else { worker.wrote(slot, taken, nanoseconds: 0) }
            case .watch(let slot, let input, let output):
                found.append("watch \(slot)" + (input ? " input" : "") + (output ? " output" : ""))
            case .endOutput(let slot): found.append("endOutput \(slot)")
            case .prepareStream(let slot): found.append("prepareStream \(slot)")
            case .close(let slot):
                found.append("close \(slot)")
                worker.closed(slot)
            case .askAndClose(let slot):
                found.append("askAndClose \(slot)")
                worker.closed(slot, isTaken: true)
            }
        }
        return found
    }
    private func expect(
        _ found: [String], _ wanted: [String], _ why: Comment? = nil, at place: SourceLocation = #_sourceLocation
    ) {
        #expect(found == wanted, why, sourceLocation: place)
    }
    private func receive(_ worker: inout Worker, _ slot: ConnectionSlot, _ target: String) {
        Array("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n".utf8).withUnsafeBytes { worker.received(slot, $0, now: 0) }
    }

    @Test func aConnection_fromItsPollToItsEnd() {
        var worker = Worker(WorkerSettings(), extraBytes: 0, seed: 42)
        let first = worker.opened(now: 0)
        receive(&worker, first, "/c1.json")
        expect(orders(&worker), [], "the poll is held")
        let second = worker.opened(now: 0)
        receive(&worker, second, "/c1.json")
        expect(orders(&worker, taking: 10), ["send \(first)", "watch \(first) input output"], "the first is replaced")
        worker.writable(first)
        expect(orders(&worker), ["send \(first)", "watch \(first) input"])
        worker.inputEnded(first, now: 0)
        expect(orders(&worker), ["close \(first)"])
        receive(&worker, second, "/_/health")
        expect(orders(&worker), [], "it waits for the answer to the poll")
        let isExpired = worker.expireNext(now: 40_000)
        #expect(isExpired)
        expect(orders(&worker), ["send \(second)"])
        let isResumed = worker.resumeNext(now: 40_000)
        #expect(isResumed)
        expect(orders(&worker, taking: -1), ["send \(second)", "close \(second)"])
        let count = worker.connections
        #expect(count == 0)
    }

    @Test func eachRequest_isTold_whereThatIsAsked() {
        var settings = WorkerSettings()
        settings.tellsRequests = true
        var worker = Worker(settings, extraBytes: 0, seed: 42)
        let slot = worker.opened(now: 0)
        receive(&worker, slot, "/c1.json?cursor=5")
        let asked = worker.takeAsked()
        #expect(asked?.slot == slot)
        let head = String(decoding: asked?.head ?? [], as: UTF8.self)
        #expect(head.hasPrefix("GET /c1.json?cursor=5 HTTP/1.1\r\n"))
        let isToldAgain = worker.takeAsked() != nil
        #expect(!isToldAgain)
    }

    @Test func aConnection_isSmall() { #expect(MemoryLayout<Connection>.size == 32) }

    @Test func whatCanNotBeTaken_isAnswered_andItsConnectionEnds() {
        var worker = Worker(WorkerSettings(), extraBytes: 0, seed: 42)
        let slot = worker.opened(now: 0)
        receive(&worker, slot, "/nothing")
        expect(orders(&worker), ["send \(slot)", "endOutput \(slot)"])
        worker.broke(slot)
        expect(orders(&worker), ["close \(slot)"])
    }
}
