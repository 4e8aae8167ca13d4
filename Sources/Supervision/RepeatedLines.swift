/// The lines of one process. Lines that repeat the last one are counted instead of passed on: a journal drops lines
/// that come too fast, and the last lines before a crash should say more than one thing.
///
///     no route      -> no route
///     no route
///     no route
///     link is up    -> last message repeated 2 times
///                      link is up
package struct RepeatedLines: Sendable {
    /// The time from the first repeat until the count is passed on, if no other line comes.
    private static let patience: Milliseconds = 30_000
    /// The last line without its time.
    private var last: Substring?
    private var count = 0
    private var countedFrom: Milliseconds = 0

    package init() {}

    /// The lines to pass on for this line, in order.
    package mutating func said(_ line: String, now: Milliseconds) -> [String] {
        let text = RepeatedLines.withoutTime(line)
        guard text != last else {
            if count == 0 { countedFrom = now }
            count += 1
            return tick(now: now).map { [$0] } ?? []
        }
        let repeated = taken()
        last = text
        return (repeated.map { [$0] } ?? []) + [line]
    }
    package mutating func tick(now: Milliseconds) -> String? {
        now - countedFrom >= RepeatedLines.patience ? taken() : nil
    }
    /// The count that was not passed on yet, as a line.
    package mutating func taken() -> String? {
        guard count > 0 else { return nil }
        defer { count = 0 }
        return "last message repeated \(RepeatedLines.grouped(count)) time\(count == 1 ? "" : "s")"
    }

    /// The line without its time. Lines of JSON begin with a time, and so do lines of programs that write for people.
    private static func withoutTime(_ line: String) -> Substring {
        let prefix = "{\"time\":\""
        if line.hasPrefix(prefix), let end = line.dropFirst(prefix.count).firstIndex(of: ",") { return line[end...] }
        let first = line.prefix { $0 != " " }
        let isTime = first.count >= 20 && first.hasSuffix("Z") && first.prefix(4).allSatisfy(\.isNumber)
        return isTime ? line[first.endIndex...] : line[...]
    }
    /// The number in groups of three digits: 4,811.
    private static func grouped(_ count: Int) -> String {
        let digits = String(count)
        return digits.enumerated().map { index, digit in
            (index > 0 && (digits.count - index) % 3 == 0 ? "," : "") + String(digit)
        }.joined()
    }
}
