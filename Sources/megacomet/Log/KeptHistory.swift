import Base
import Foundation
import Reactor
import Stats
import Supervision
import Wire

/// RUNDIR/memory: what happened, for the supervisor after this one. After an upgrade it is the same program to an
/// operator, and after a death nobody should have to guess what came before.
///
/// Lines of JSON, each with one member that says what it is; an event or a process's exits are added as they happen, so
/// that a kill -9 loses none:
///
///     {"version":1}                                  first; a file of another version is not taken up
///     {"event":{"number":17,"time":..,"kind":"EXIT",..}}                     as `megacomet events --json` has it
///     {"process":{"name":"worker-3","exits":4,"last_exit":{..},..}}          the last one of a name is what is
///     {"output":{"name":"worker-3","line":{"time":..,"pid":..,"text":".."}}} only when it is handed over by an upgrade
///
/// What a line has that a program doesn't know is skipped, and so is a line that it can't read, such as a last one that
/// was not written whole. The file is written anew when it has grown by `Limits.memoryBytes`.
final class Memory {
    struct Line: Codable {
        var version: Int?
        var event: Event?
        var process: SlotMemory?
        var output: Output?
    }
    struct Output: Codable {
        var name: String
        var line: OutputLine
    }
    private static let version = 1

    private let path: String
    /// Nil before the first writing, and after one that failed.
    private var descriptor: Int32?
    private var grown = 0
    private var failure: String?

    init(path: String) { self.path = path }

    var isLong: Bool { descriptor != nil && grown > Limits.memoryBytes }
    /// Why it could not be written, to be told once.
    func takeFailure() -> String? {
        defer { failure = nil }
        return failure
    }

    /// What an earlier supervisor left; nothing where there is none.
    func read() -> [Line] {
        guard let text = try? RunFolder.read(path, most: Limits.memoryFileBytes) else { return [] }
        let decoder = JSONDecoder()
        let lines = text.utf8.split(separator: 10).compactMap { try? decoder.decode(Line.self, from: Data($0)) }
        return lines.first?.version == Memory.version ? lines : []
    }
    /// Whole, in place of what there was. More is added from then on.
    func write(events: some Sequence<Event>, processes: [SlotMemory], output: [Output]) {
        close()
        let lines =
            [Line(version: Memory.version)] + events.map(Memory.line) + processes.map { Line(process: $0) }
            + output.map { Line(output: $0) }
        do {
            try RunFolder.write(path, lines.map(Memory.text).joined(), mode: 0o640)
            let opened = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
            guard opened >= 0 else { throw SystemError("open \(path)") }
            descriptor = opened
        } catch { failure = "\(error)" }
    }
    func add(_ event: Event) { add(Memory.line(event)) }
    func add(_ process: SlotMemory) { add(Line(process: process)) }
    func close() {
        if let descriptor { Sockets.close(descriptor) }
        (descriptor, grown) = (nil, 0)
    }

    private func add(_ line: Line) {
        guard let descriptor else { return }
        let text = Memory.text(line)
        guard RunFolder.writeAll(descriptor, text) else {
            failure = "\(SystemError("write \(path)"))"
            return close()
        }
        grown += text.utf8.count
    }
    private static func line(_ event: Event) -> Line { Line(event: event) }
    private static func text(_ line: Line) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return (try? encoder.encode(line)).map { String(decoding: $0, as: UTF8.self) + "\n" } ?? ""
    }
}

// The supervisor's end of it.
extension Supervisor {
    private var wallAhead: Milliseconds { WallClock.milliseconds - Supervisor.now }

    /// Before anything is adopted or told.
    func takeUpMemory() {
        let lines = memory.read()
        events.takeUp(lines.compactMap(\.event?.plain))
        for process in lines.compactMap(\.process) { fleet.takeUp(process, wallAhead: wallAhead) }
        for kept in lines.compactMap(\.output) {
            guard let name = ProcessName(kept.name), fleet[name] != nil else { continue }
            var line = kept.line
            line.text = plainText(line.text, most: Limits.outputLineBytes)
            output[name, default: OutputLines()].add(line)
        }
        writeMemory()
    }
    /// `withOutput`: for the program that this one becomes. Each process has the same room for its newest lines.
    func writeMemory(withOutput: Bool = false) {
        var kept: [Memory.Output] = []
        for (name, lines) in withOutput ? output : [:] {
            var room = Limits.memoryOutputBytes / output.count
            let newest = lines.newest.reversed().prefix { line in
                room -= line.text.utf8.count
                return room >= 0
            }
            kept += newest.reversed().map { Memory.Output(name: "\(name)", line: $0) }
        }
        for name in fleet.names { savedTallies[name] = fleet[name]?.tally }
        memory.write(
            events: events.newest, processes: fleet.names.compactMap { fleet.memory(of: $0, wallAhead: wallAhead) },
            output: kept)
    }
    /// What has changed of the processes since the last time. (Their events are added as they are told.)
    func remember() {
        for name in fleet.names {
            guard let tally = fleet[name]?.tally, tally != savedTallies[name] else { continue }
            savedTallies[name] = tally
            if let process = fleet.memory(of: name, wallAhead: wallAhead) { memory.add(process) }
        }
        if memory.isLong { writeMemory() }
        if let failure = memory.takeFailure() {
            tell(.warning, "MEMORY", "what happens is not kept for the next supervisor: \(failure)")
        }
    }
}
