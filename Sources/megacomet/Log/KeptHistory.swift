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
final class KeptHistory {
    private struct Line: Codable {
        var version: Int?
        var event: Event?
        var process: SlotMemory?
        var output: Output?
    }
    private struct Output: Codable {
        var name: String
        var line: OutputLine
    }
    private static let version = 1

    private let path: String
    /// Nil before the first writing, and after one that failed.
    private var descriptor: Int32?
    private var grown = 0
    private var failure: String?
    /// What was written last of each process.
    private var tallies: [ProcessName: FleetSlot.Tally] = [:]

    init(path: String) { self.path = path }

    var isLong: Bool { descriptor != nil && grown > Limits.memoryBytes }
    /// Why it could not be written, to be told once.
    func takeFailure() -> String? {
        defer { failure = nil }
        return failure
    }

    /// What an earlier supervisor left.
    struct Kept {
        var events: [Event] = []
        var processes: [SlotMemory] = []
        var output: [(name: ProcessName, line: OutputLine)] = []
    }
    func read() -> Kept {
        guard let text = try? Files.text(path, most: Limits.memoryFileBytes) else { return Kept() }
        let decoder = JSONDecoder()
        let lines = text.utf8.split(separator: 10).compactMap { try? decoder.decode(Line.self, from: Data($0)) }
        guard lines.first?.version == KeptHistory.version else { return Kept() }
        return Kept(
            events: lines.compactMap(\.event), processes: lines.compactMap(\.process),
            output: lines.compactMap(\.output).compactMap { kept in ProcessName(kept.name).map { ($0, kept.line) } })
    }
    /// Whole, in place of what there was. More is added from then on. `wallAhead`: what the wall clock shows more than
    /// the fleet's.
    func write(
        events: some Sequence<Event>, _ fleet: Fleet, wallAhead: Milliseconds,
        output: [(name: ProcessName, line: OutputLine)]
    ) {
        close()
        for name in fleet.names { tallies[name] = fleet[name]?.tally }
        let processes = fleet.names.compactMap { fleet.memory(of: $0, wallAhead: wallAhead) }
        let lines =
            [Line(version: KeptHistory.version)] + events.map { Line(event: $0) }
            + processes.map { Line(process: $0) }
            + output.map { Line(output: Output(name: "\($0.name)", line: $0.line)) }
        do {
            try Files.write(path, lines.map(KeptHistory.text).joined(), mode: 0o640)
            let opened = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
            guard opened >= 0 else { throw SystemError("open \(path)") }
            descriptor = opened
        } catch { failure = "\(error)" }
    }
    func add(_ event: Event) { add(Line(event: event)) }
    /// Adds the processes that have changed since the last time.
    func remember(_ fleet: Fleet, wallAhead: Milliseconds) {
        for name in fleet.names {
            guard let tally = fleet[name]?.tally, tally != tallies[name] else { continue }
            tallies[name] = tally
            if let process = fleet.memory(of: name, wallAhead: wallAhead) { add(Line(process: process)) }
        }
    }
    private func close() {
        if let descriptor { Sockets.close(descriptor) }
        (descriptor, grown) = (nil, 0)
    }

    private func add(_ line: Line) {
        guard let descriptor else { return }
        let text = KeptHistory.text(line)
        guard Files.writeAll(descriptor, text) else {
            failure = "\(SystemError("write \(path)"))"
            return close()
        }
        grown += text.utf8.count
    }
    private static func text(_ line: Line) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return (try? encoder.encode(line)).map { String(decoding: $0, as: UTF8.self) + "\n" } ?? ""
    }
}
