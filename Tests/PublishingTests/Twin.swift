import Base
import Comet
import Wire

@testable import Publishing

/// Another machine of the cluster: it has the same clients, and carries out what comes from the engine.
final class Twin {
    private var port: AppPort
    var board: Switchboard
    private var worker: LinkSlot

    init(_ settings: QueueSettings, now: UInt64, takesTokens: Bool) {
        board = Switchboard(settings, wallMicroseconds: App.firstId, now: now, seed: 4)
        port = AppPort(maxMessage: settings.maxMessage, keys: [], takesTokens: takesTokens, isClustered: true)
        worker = board.accepted(mayBeSeed: false)
    }
    /// The same frames come from a worker.
    func receive(_ frames: UnsafeRawBufferPointer, now: UInt64) { _ = board.received(worker, frames, now: now) }
    func write(now: UInt64) {
        while let link = board.nextToWrite(now: now) { board.written(link, board.unsent(link).count) }
    }
    func apply(_ record: [UInt8], now: UInt64) -> Bool {
        let before = port.counters
        defer { precondition(port.counters == before && !port.hasShipments, "nobody asked this machine") }
        return record.withUnsafeBytes { port.apply($0, &board, now: now) }
    }
}

extension Switchboard {
    /// All that a look at clients, channels and messages tells.
    func picture(now: UInt64) -> [String] {
        var lines = [
            "cursor \(cursor), events \(eventCursor), receipts \(receiptCount), revocations \(revocationCount)",
            "clients \(clientCount), channels \(channelCount), subscriptions \(subscriptionCount), kept \(kept)",
            "publishes \(counters.publishes) of \(counters.publishBytes) bytes, \(counters.forwarded) forwarded, "
                + "\(counters.queued) queued, \(counters.refusedFull) refused",
        ]
        for row in deepest(10_000, now: now) {
            lines.append("\(text(row.client)) has \(row.queued) of \(row.bytes) bytes, \(row.oldestSeconds) s old")
            let look = look(row.client, now: now)
            lines.append("\(look) \(channels(of: row.client).sorted())")
        }
        for (name, row) in channels(10_000) {
            lines.append("\(name): \(row.subscribers), \(row.connected) connected, \(row.kept) of \(row.bytes) bytes")
            var bytes = Array(name.utf8)
            let look = bytes.withUnsafeMutableBytes {
                channel(UnsafeRawBufferPointer($0), clients: 1000, history: 1000, now: now)
            }
            for client in look?.clients ?? [] { lines.append("\(name) is read by \(client.client)") }
            for message in look?.messages ?? [] { lines.append("\(name) has \(message.id) \(text(message.json))") }
        }
        return lines.sorted()
    }
    private func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }
}
