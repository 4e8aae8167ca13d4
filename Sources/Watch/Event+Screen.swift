package import Stats
package import Supervision

extension Severity {
    /// The next severity for the key that steps through them. After the last one comes the first.
    package var next: Severity {
        let all = Severity.allCases
        return all[((all.firstIndex(of: self) ?? 0) + 1) % all.count]
    }
}

/// The parts of an event that the screens show.
extension Event {
    /// An event of megatop itself, for its own list.
    package static func own(_ kind: String, _ severity: Severity, _ text: String, time: UInt64) -> Event {
        Event(time: time, severity: severity, name: "top", kind: kind, text: text)
    }
    package var process: ProcessName? { name.flatMap { ProcessName($0) } }
    /// The short name of the process: `w5`, `mgr`, `top`. `cmt` stands for the whole appliance.
    package var who: String { process?.short ?? name ?? "cmt" }
    /// A key that tells the event from all others, also if it has no number.
    package var key: UInt64 { time &* 1_000_003 &+ number }
    package func isOf(_ process: ProcessName) -> Bool { self.process == process }
}
