import ArgumentParser
import Base
import Configuration
import Reactor
import Stats
import Store
import Supervision

struct Journal: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What is in the journal: the memory of the queue, which outlives the manager.",
        discussion:
            "It also shows what was set aside, because managers died of it. Exit code 1 with --verify: a record is "
            + "damaged.")
    @Flag(help: "Say whether all records are well. Exits with 1 if not.") var verify = false
    @Flag(help: "As JSON, in one line.") var json = false
    @OptionGroup var config: ConfigurationOption

    func run() throws {
        let client = try config.client()
        var answer = try client.order(ControlRequest("journal"), JournalAnswer.self)
        let descriptors = client.takeDescriptors()
        defer { descriptors.forEach(Sockets.close) }
        for (index, descriptor) in descriptors.enumerated() where index < answer.memories.count {
            answer.memories[index].contents = .init(reading: descriptor, now: Clock.monotonicMilliseconds)
        }
        if json { print(JSONLine.text(answer)) } else { show(answer) }
        let isWell = answer.memories.allSatisfy { $0.contents?.failure == nil && $0.contents?.damagedSegments == 0 }
        if verify, !isWell { throw ExitCode(1) }
    }

    private func show(_ answer: JournalAnswer) {
        row("mode", answer.mode + (answer.directory.map { ", the files are in \($0)" } ?? ""))
        if answer.memories.allSatisfy(\.isAside) { row("journal", "no manager has one") }
        for memory in answer.memories {
            row(memory.isAside ? "set aside" : "memory", memoryText(memory))
            guard let contents = memory.contents else { continue }
            if let failure = contents.failure {
                row("", "nothing can be read: " + plainText(failure))
            } else {
                show(contents)
            }
        }
        guard let error = answer.lastError else { return row("last error", "none") }
        row("last error", "\(UTC.text(error.time)) \(error.kind) \(plainText(error.text))")
    }
    private func memoryText(_ memory: JournalAnswer.Memory) -> String {
        "\(bytes(memory.allocatedBytes)) of \(bytes(memory.bytes))"
    }
    private func show(_ contents: JournalAnswer.Contents) {
        row("segments", "\(contents.segments)")
        row("records", "\(contents.records), \(bytes(UInt64(contents.usedBytes)))")
        let kinds = contents.kinds.map { "\($0.kind) \($0.live)" }.joined(separator: ", ")
        row(
            "live",
            "\(contents.liveRecords), \(bytes(UInt64(contents.liveBytes)))" + (kinds.isEmpty ? "" : ": " + kinds))
        let oldest = contents.oldestSeconds.map { ", the oldest for \(Status.time($0)) (id \(contents.oldestId ?? 0))" }
        row("messages", "\(contents.liveMessages) wait" + (oldest ?? ""))
        if contents.damagedSegments > 0 {
            row("damage", "in \(contents.damagedSegments) segments: what stands before it in them counts")
        } else if verify {
            row("damage", "none: all records are well")
        }
    }
    private func row(_ name: String, _ text: String) { print(name.leftAligned(12) + text) }
    private func bytes(_ count: UInt64) -> String { decimals(Double(count) / 1_048_576, 1) + " MiB" }
}

extension JournalAnswer.Contents {
    /// How often a journal is read anew in which there seems to be damage. The manager goes on writing meanwhile, and
    /// may give back a segment that is being read.
    private static let mostLooks = 3

    /// Reads the memory behind a descriptor. Each record is checked. Nothing in the memory is changed.
    init(reading descriptor: Int32, now: UInt64) {
        self.init()
        for _ in 0..<Self.mostLooks {
            self = Self()
            do { try look(descriptor, now) } catch { failure = "\(error)" }
            if failure == nil, damagedSegments == 0 { return }
        }
    }
    private mutating func look(_ descriptor: Int32, _ now: UInt64) throws {
        // A manager that has just been started has given it no size yet.
        guard MemoryFile.size(descriptor).bytes > 0 else { return }
        let arena = try Arena(MappedMemory(lookingAt: descriptor), salt: 0)
        let figures = arena.figures
        (segments, damagedSegments) = (figures.segments, arena.attachment.damaged)
        (usedBytes, liveBytes) = (figures.used, figures.live)
        (records, liveRecords) = (arena.attachment.records, arena.attachment.live)
        var counts: [Arena.Kind: Int] = [:]
        var oldest: (id: UInt64, age: UInt64)?
        arena.forEachLive { _, record in
            counts[record.kind, default: 0] += 1
            guard record.kind == .message || record.kind == .reference else { return }
            // The value is the end of its time to live.
            let age = min(UInt64(record.timeToLive), (now + UInt64(record.timeToLive)).subtracting(record.value))
            if oldest == nil || age > oldest?.age ?? 0 { oldest = (record.id, age) }
        }
        liveMessages = (counts[.message] ?? 0) + (counts[.reference] ?? 0)
        kinds = Arena.Kind.allCases.compactMap { kind in
            counts[kind].map { JournalAnswer.Kind(kind: "\(kind)", live: $0) }
        }
        oldestId = oldest?.id
        oldestSeconds = oldest.map { Double($0.age) / 1000 }
    }
}

extension UInt64 {
    fileprivate func subtracting(_ other: UInt64) -> UInt64 { self > other ? self - other : 0 }
}
