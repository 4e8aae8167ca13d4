import Base
import Glibc
import Reactor
import Stats

/// Sends the history to one viewer, and the answers to its subscriptions. These have their own boot id for each viewer.
/// So the numbers of the datagrams that all viewers get have no gaps.
final class HistorySender {
    private var writer: StatsWriter
    private var waiting: ArraySlice<StatsArchive.Key> = []
    private var current: (history: StatsHistory, sent: Int)?
    private var body = Buffer()

    var isBusy: Bool { current != nil || !waiting.isEmpty }

    init(token: StatsToken) {
        var header = StatsPacket.Header()
        header.boot = UInt64.random(in: 1...UInt64.max)
        header.role = .supervisor
        header.pid = UInt32(getpid())
        writer = StatsWriter(header, token: token)
    }

    func acknowledge(isTaken: Bool, lease: UInt32, send: (UnsafeRawBufferPointer) -> Void) {
        writer.send(
            .subscribeOK, state: isTaken ? 1 : 2, interval: lease, sampleTime: Clock.monotonicNanoseconds,
            wallTime: Clock.wallMilliseconds, send: send)
    }
    func begin(_ keys: [StatsArchive.Key]) { waiting = keys[...] }

    func step(_ archive: StatsArchive, now: UInt64, most: Int, send: (UnsafeRawBufferPointer) -> Void) {
        for _ in 0..<most {
            if current == nil {
                guard let key = waiting.popFirst() else { return }
                guard let history = archive.history(key, now: now) else { continue }
                current = (history, 0)
            }
            guard var piece = current else { return }
            body.clear()
            piece.sent += piece.history.write(from: piece.sent, to: &body)
            writer.send(
                .history, sampleTime: now, wallTime: Clock.wallMilliseconds, body: body.bytes, send: send)
            current = piece.sent < piece.history.values.count ? piece : nil
        }
    }
}
