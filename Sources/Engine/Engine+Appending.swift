import Base
import Glibc
import Reactor
import Store

/// The batches that are under way on the connection for commands.
struct Appender {
    struct Batch {
        let sequence: UInt64
        let count: Int
        /// They are kept until the answer: the script may have to be loaded again.
        let records: [UInt8]
        let sentAt: UInt64
        var size: Int { records.count + Appender.batchBytes }
    }
    /// Bytes of a batch beside its records: the words of its command.
    static let batchBytes = 256

    /// The name of append.lua at the server.
    let script: String
    /// Sent, and without an answer.
    var sent = Fifo<Batch?>()
    /// The server has forgotten the script. These are sent again when the answers to all others are there.
    var held: [Batch] = []
    /// In the stream, and not yet known to be with enough replicas.
    var unsafe: [(batch: Batch, id: UInt64)] = []
    var waitsForReplicas = false

    mutating func takeSent() -> Batch? {
        guard let batch = sent.first else { return nil }
        sent[0] = nil
        _ = sent.take()
        return batch
    }
}

extension Engine {
    /// True while so many bytes are under way that the caller must wait for answers.
    package var isFull: Bool { figures.bytesInFlight >= EngineBounds.mostInFlight }

    /// Appends one batch, which gets `ids` ids. Only while the engine is up. `sequence` grows with each batch.
    package func append(_ records: UnsafeRawBufferPointer, ids: Int, sequence: UInt64) {
        precondition(isUp, "the engine is away")
        precondition(ids > 0, "a batch without ids")
        let batch = Appender.Batch(
            sequence: sequence, count: ids, records: Array(records), sentAt: Clock.monotonicNanoseconds)
        figures.bytesInFlight += batch.size
        if appender.held.isEmpty { send(batch) } else { appender.held.append(batch) }
    }
    private func send(_ batch: Appender.Batch) {
        guard let command, let join else { return }
        appender.sent.append(batch)
        var words = RedisCommand(count: 11)
        words.add("EVALSHA")
        words.add(appender.script)
        words.add("2")
        words.add(keys.log)
        words.add(keys.life)
        words.add(join.life)
        words.add(known.seen)
        words.add(UInt64(batch.count))
        words.add(EntryParser.senderText(settings.name, epoch: epoch, sequence: batch.sequence))
        batch.records.withUnsafeBytes { words.add($0) }
        words.add(EngineBounds.keyMilliseconds)
        command.send(words) { [unowned self] in answered($0) }
        waitForReplicas()
    }

    private func answered(_ reply: Reply) {
        guard let batch = appender.takeSent() else { return }
        if let id = reply.number {
            // The order of the batches would be another one.
            guard appender.held.isEmpty else {
                return down(.closed(figures.address, reason: "its scripts were removed, and are there again"))
            }
            taken(batch, id: id)
        } else {
            let text = reply.error ?? ""
            if text.hasPrefix("NOSCRIPT") {
                appender.held.append(batch)
            } else {
                let fault =
                    reply.error == nil
                    ? .unreadable("a batch's answer")
                    : EngineFault.answered(text, by: figures.address, replicas: settings.replicas)
                guard fault.isOfOneBatch else { return down(fault) }
                refuse(batch, fault)
            }
        }
        if !appender.held.isEmpty, appender.sent.isEmpty { loadAgain() }
    }
    private func taken(_ batch: Appender.Batch, id: UInt64) {
        if id > 0 { known.seen = max(known.seen, id + UInt64(batch.count) - 1) }
        guard settings.replicas > 0 else { return finish(batch, id: id) }
        appender.unsafe.append((batch, id))
    }
    private func finish(_ batch: Appender.Batch, id: UInt64) {
        let latency = (Clock.monotonicNanoseconds - batch.sentAt) / 1000
        figures.latency = latency
        figures.latencyMost = max(figures.latencyMost, latency)
        figures.bytesInFlight -= batch.size
        figures.appended += 1
        handler.engineAppended(sequence: batch.sequence, id: id)
    }
    private func refuse(_ batch: Appender.Batch, _ fault: EngineFault) {
        figures.bytesInFlight -= batch.size
        figures.refused += 1
        handler.engineRefused(sequence: batch.sequence, fault)
    }

    /// Loads the script again, and sends what was held, in its order.
    private func loadAgain() {
        let held = appender.held
        appender.held = []
        command?.send(["SCRIPT", "LOAD", Scripts.append]) { [unowned self] reply in
            if let error = reply.error { down(.answered(error, by: figures.address)) }
        }
        held.forEach(send)
    }

    // MARK: replicas

    /// Asks the server to wait for its replicas, one question at a time: the answer is for all batches before it.
    private func waitForReplicas() {
        guard settings.replicas > 0, !appender.waitsForReplicas else { return }
        appender.waitsForReplicas = true
        command?.send(["WAIT", "\(settings.replicas)", "\(EngineBounds.replicaMilliseconds)"]) { [unowned self] in
            waited($0)
        }
    }
    private func waited(_ reply: Reply) {
        guard let number = reply.number else {
            return down(
                reply.error.map { .answered($0, by: figures.address) } ?? .unreadable("the answer to WAIT"))
        }
        let batches = appender.unsafe
        appender.unsafe = []
        appender.waitsForReplicas = false
        let (connection, found) = (command, Int(number))
        if !appender.sent.isEmpty { waitForReplicas() }
        for (batch, id) in batches {
            // The handler may have stopped us.
            guard connection === command else { return }
            if found >= settings.replicas {
                finish(batch, id: id)
            } else {
                refuse(batch, .tooFewReplicas(wanted: settings.replicas, found: found))
            }
        }
    }
}
