import Base
import Reactor

/// The connection that reads the stream: one XREAD after another, each of which the server holds until something is
/// there.
final class StreamReader {
    private unowned let engine: Engine
    private var connection: RedisConnection?
    private var position: UInt64
    /// How many entries are asked for. It adapts to their size.
    private var wanted = 64

    /// Faults are told to the engine, and never before this returns.
    init(_ engine: Engine, _ place: ServerPlace, after id: UInt64) {
        self.engine = engine
        position = id
        let connection = RedisConnection(engine.loop, place, patienceSeconds: EngineBounds.readSeconds) {
            [unowned engine] in
            engine.down($0.fault("\(place)"))
        }
        self.connection = connection
        SignIn.begin(connection, engine.settings, name: "megacomet-\(engine.settings.name)-reader") { [unowned self] in
            switch $0 {
            case .success(let info):
                // Behind one address there may be another server by now.
                guard info.runId == engine.runId else { return engine.down(.moved(to: "\(place)")) }
                read()
            case .failure(let fault): engine.down(fault)
            }
        }
    }
    func close() { connection?.close() }

    private func read() {
        let words =
            ["XREAD", "BLOCK", "\(EngineBounds.blockMilliseconds)", "COUNT", "\(wanted)"]
            + ["STREAMS", engine.keys.log, "\(position)-0"]
        connection?.send(words) { [unowned self] in answered($0) }
    }
    private func answered(_ reply: Reply) {
        if let error = reply.error { return engine.down(.answered(error, by: engine.figures.address)) }
        let entries: [EngineEntry]
        do { entries = try EntryParser.entries(reply) } catch {
            return engine.down(.unreadable("the stream: \(error)"))
        }
        if let last = entries.last {
            position = last.end
            let bytes = entries.reduce(0) { $0 + $1.records.count }
            let likely = EngineBounds.answerBytes / max(1, bytes / entries.count)
            wanted = max(1, min(likely, EngineBounds.mostEntries))
            engine.took(entries)
        }
        if connection?.isOpen == true { read() }
    }
}

extension Engine {
    /// Entries came. The handler may stop the engine meanwhile.
    func took(_ entries: [EngineEntry]) {
        for entry in entries { known.recent.add(entry) }
        if let last = entries.last {
            known.seen = max(known.seen, last.end)
            known.head = last.end
        }
        figures.read += UInt64(entries.count)
        handler.engineRead(entries)
    }
}
