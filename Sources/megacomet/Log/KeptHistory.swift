import Base
import FoundationEssentials
import Glibc
import Reactor
import Stats
import Supervision
import Wire

/// RUNDIR/memory: the history for the next supervisor. To an operator it is the same program after an upgrade, and
/// after a death nobody should have to guess what came before.
///
/// The file has lines of JSON. Each line has one member, which says what it is. Events and the exits of a process are
/// added as they happen, so that a kill -9 loses none:
///
///     {"version":1}                                  first; a file of another version is not taken up
///     {"event":{"number":17,"time":..,"kind":"EXIT",..}}                     as `megacomet events --json` has it
///     {"process":{"name":"worker-3","exits":4,"last_exit":{..},..}}          the last one of a name is what is
///     {"losses":{"day":"2026-11-23","rows":[..]}}    the last one is what is; at most one in ten seconds
///     {"output":{"name":"worker-3","line":{"time":..,"pid":..,"text":".."}}} only when it is handed over by an upgrade
///
/// A program skips members that it doesn't know, and lines that it can't read, such as a last line that was not written
/// whole. The file is written anew when it has grown by `Limits.memoryBytes`.
final class KeptHistory {
    private struct Line: Codable {
        var version: Int?
        var event: Event?
        var process: SlotMemory?
        var output: Output?
        var losses: LossesAnswer?
    }
    private struct Output: Codable {
        var name: String
        var line: OutputLine
    }
    private static let version = 1

    private let path: String
    /// `nil` before the first writing, and after a failure.
    private var descriptor: Int32?
    private var grown = 0
    private var failure: String?
    /// The last state that was written for each process.
    private var tallies: [ProcessName: FleetSlot.Tally] = [:]
    /// The ledger that was written last, and when it may be written again.
    private var losses: LossesAnswer?
    private var lossesDue: Milliseconds = 0
    private static let lossesEvery: Milliseconds = 10_000

    init(path: String) { self.path = path }

    var isLong: Bool { descriptor != nil && grown > Limits.memoryBytes }
    /// Why it could not be written. Each failure is told once.
    func takeFailure() -> String? {
        defer { failure = nil }
        return failure
    }

    /// The history that an earlier supervisor left.
    struct Kept {
        var events: [Event] = []
        var processes: [SlotMemory] = []
        var output: [(name: ProcessName, line: OutputLine)] = []
        var losses: LossesAnswer?
    }
    func read() -> Kept {
        guard let text = try? Files.text(path, most: Limits.memoryFileBytes) else { return Kept() }
        let decoder = JSONDecoder()
        let lines = text.utf8.split(separator: 10).compactMap { try? decoder.decode(Line.self, from: Data($0)) }
        guard lines.first?.version == KeptHistory.version else { return Kept() }
        return Kept(
            events: lines.compactMap(\.event), processes: lines.compactMap(\.process),
            output: lines.compactMap(\.output).compactMap { kept in ProcessName(kept.name).map { ($0, kept.line) } },
            losses: lines.compactMap(\.losses).last)
    }
    /// Writes the whole file anew. From then on, more is added to it. `wallAhead` is by how much the wall clock is
    /// ahead of the fleet's clock.
    func write(
        events: some Sequence<Event>, _ fleet: Fleet, wallAhead: Milliseconds, losses: LossesAnswer?,
        output: [(name: ProcessName, line: OutputLine)]
    ) {
        close()
        for name in fleet.names { tallies[name] = fleet[name]?.tally }
        let processes = fleet.names.compactMap { fleet.memory(of: $0, wallAhead: wallAhead) }
        let lines =
            [Line(version: KeptHistory.version)] + events.map { Line(event: $0) }
            + processes.map { Line(process: $0) }
            + [losses].compactMap(\.self).map { Line(losses: $0) }
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
    /// Adds the ledger if it has changed.
    func remember(_ losses: LossesAnswer, now: Milliseconds) {
        guard losses != self.losses, now >= lossesDue else { return }
        self.losses = losses
        lossesDue = now + KeptHistory.lossesEvery
        add(Line(losses: losses))
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
