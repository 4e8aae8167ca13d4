import Base

/// Numbers and times as people read them, in the width that there is.
package enum Format {
    /// `812,344`.
    package static func grouped(_ value: Double) -> String {
        guard value.isFinite else { return "?" }
        guard abs(value) < 9e15 else { return short(value) }
        var digits = Array(String(Int64(abs(value).rounded())))
        var at = digits.count - 3
        while at > 0 {
            digits.insert(",", at: at)
            at -= 3
        }
        return (value.rounded() < 0 ? "-" : "") + String(digits)
    }
    /// `15.6k`, `1.00M`. A number under a thousand stays as it is.
    package static func short(_ value: Double) -> String { scaled(value, 1000, ["", "k", "M", "G", "T", "P"]) }
    /// `18.6M`, in steps of 1,024.
    package static func bytes(_ value: Double) -> String { scaled(value, 1024, ["", "K", "M", "G", "T", "P"]) }
    private static func scaled(_ value: Double, _ step: Double, _ units: [String]) -> String {
        guard value.isFinite else { return "?" }
        var rest = abs(value)
        var unit = 0
        // 999.6 would be written as 1000.
        while rest >= (unit == 0 ? step - 0.5 : 999.5), unit < units.count - 1 {
            rest /= step
            unit += 1
        }
        let text =
            unit == 0
            ? String(Int64(rest.rounded()))
            : decimals(rest, rest < 9.995 && step == 1000 && unit > 1 ? 2 : rest < 99.95 ? 1 : 0)
        return (value < 0 && rest > 0 ? "-" : "") + text + units[unit]
    }
    /// A number with so many digits behind the point.
    package static func decimals(_ value: Double, _ count: Int) -> String { Base.decimals(value, count) }
    /// `2112`, for numbers that are names, or small. A number from outside may be too large for an Int: it is written,
    /// and does not trap.
    package static func whole(_ value: Double) -> String { decimals(value, 0) }
    /// The full form if it fits, otherwise the short one.
    package static func number(_ value: Double, width: Int, full: Bool = true) -> String {
        let long = grouped(value)
        return full && long.count <= width || abs(value) < 1000 ? long : short(value)
    }
    /// Per second: one decimal under 100.
    package static func rate(_ value: Double) -> String {
        abs(value) < 99.95 && value != 0 ? decimals(value, 1) : short(value)
    }
    package static func percent(_ share: Double) -> String { decimals(share * 100, 0) + "%" }

    /// Seconds as `12d03h`, `2h11m`, `1m02s`, `41s`, `6.6s`.
    package static func span(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0 else { return "?" }
        if seconds < 9.95 { return decimals(seconds, 1) + "s" }
        let whole = Int(min(seconds.rounded(), 1e12))
        if whole < 60 { return "\(whole)s" }
        if whole < 3600 { return "\(whole / 60)m" + two(whole % 60) + "s" }
        if whole < 86_400 { return "\(whole / 3600)h" + two(whole % 3600 / 60) + "m" }
        return whole < 8_640_000 ? "\(whole / 86_400)d" + two(whole % 86_400 / 3600) + "h" : "\(whole / 86_400)d"
    }
    /// Seconds as `0:47`, `1:02:03`.
    package static func age(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0 else { return "?" }
        let whole = Int(min(seconds, 1e12))
        return whole < 3600 ? "\(whole / 60):" + two(whole % 60) : "\(whole / 3600)h" + two(whole % 3600 / 60)
    }
    /// Milliseconds as `41ms`, `0.9s`, `12s`.
    package static func milliseconds(_ value: Double) -> String {
        value < 999.5
            ? decimals(value, value > 0 && value < 0.95 ? 1 : 0) + "ms"
            : decimals(value / 1000, value < 9950 ? 1 : 0) + "s"
    }
    private static func two(_ value: Int) -> String { decimal(UInt(value), digits: 2) }

    /// The text in a column of exactly this width. A longer text is cut, and ends with two points.
    package static func left(_ text: String, _ width: Int) -> String { cut(text, width).leftAligned(width) }
    /// The number in a column of exactly this width. A longer number is rounded. It never loses its unit.
    package static func right(_ text: String, _ width: Int) -> String { fitted(text, width).rightAligned(width) }

    /// The text, or its beginning with two points behind it. A width that has no room for both shows the beginning.
    package static func cut(_ text: String, _ width: Int) -> String {
        if text.count <= width { return text }
        return width < 4 ? String(text.prefix(max(0, width))) : String(text.prefix(width - 2)) + ".."
    }
    /// A number as it was written by this type, in at most so many columns: `+1.2k` becomes `+1k`, `1m02s` becomes `1m`
    /// and `100%~` becomes `100~`, since the heading says what it is. A number that still does not fit is hidden by
    /// `#`. A part of its digits would be another number.
    package static func fitted(_ text: String, _ width: Int) -> String {
        if text.count <= width { return text }
        let mark = text.hasSuffix("~") ? "~" : ""
        let body = text.dropLast(mark.count)
        let digits = body.prefix { "+-.,0123456789".contains($0) }
        guard let value = Double(String(digits.filter { $0 != "," })) else { return hidden(width) }
        let sign = digits.hasPrefix("+") ? "+" : ""
        // A span of time has two units, and an age has a colon. The greater one is kept.
        let rest = body.dropFirst(digits.count)
        let unit = rest.hasPrefix(":") ? "m" : rest.contains(where: \.isNumber) ? String(rest.prefix(1)) : String(rest)
        if unit == "ms" { return fitted(decimals(value / 1000, 1) + "s" + mark, width) }
        let short = unit.isEmpty && abs(value) >= 1000 ? sign + Format.short(value) + mark : text
        if short.count < text.count { return fitted(short, width) }
        let rounded = decimals(value, 0)
        return [sign + rounded + unit + mark, rounded + (unit == "%" ? "" : unit) + mark].first { $0.count <= width }
            ?? hidden(width)
    }
    private static func hidden(_ width: Int) -> String { String(repeating: "#", count: max(0, width)) }
}
