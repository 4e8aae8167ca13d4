package import Stats
package import Supervision

extension Severity {
    /// For the key that goes through them; the first follows the last.
    package var next: Severity {
        let all = Severity.allCases
        return all[((all.firstIndex(of: self) ?? 0) + 1) % all.count]
    }
}

/// An event as the screens know it.
extension Event {
    /// Of megatop itself, for its own list.
    package static func own(_ kind: String, _ severity: Severity, _ text: String, time: UInt64) -> Event {
        Event(time: time, severity: severity, name: "top", kind: kind, text: text)
    }
    package var process: ProcessName? { name.flatMap { ProcessName($0) } }
    /// `w5`, `mgr`, `top`; `cmt` for the whole appliance.
    package var who: String { process?.short ?? name ?? "cmt" }
    /// It tells one event from the others, also where it has no number.
    package var key: UInt64 { time &* 1_000_003 &+ number }
    package func isOf(_ process: ProcessName) -> Bool { self.process == process }
}
