/// The time of day and the date as people and machines read them, in UTC, from milliseconds since 1970. It needs no C
/// library and no time zone. A time before 1970, which only a wrong clock has, is shown as 1970.
package enum UTC {
    private static let millisecondsPerDay: UInt64 = 86_400_000

    /// `2026-11-23T14:02:31.042Z`, or without the milliseconds (RFC 3339).
    package static func text(_ wall: some BinaryInteger, milliseconds: Bool = true) -> String {
        "\(date(wall))T\(clock(wall, milliseconds: milliseconds))Z"
    }
    /// `14:02:31`, or `14:02:31.042`.
    package static func clock(_ wall: some BinaryInteger, milliseconds: Bool = false) -> String {
        let ofDay = UInt64(clamping: wall) % millisecondsPerDay
        let seconds = ofDay / 1000
        let text =
            decimal(seconds / 3600, digits: 2) + ":" + decimal(seconds / 60 % 60, digits: 2) + ":"
            + decimal(seconds % 60, digits: 2)
        return milliseconds ? text + "." + decimal(ofDay % 1000, digits: 3) : text
    }
    /// `2026-11-23`: the Gregorian calendar, from the number of the day. Years begin in March here, so that a leap day
    /// is the last day of its year, and 400 of them are an era.
    package static func date(_ wall: some BinaryInteger) -> String {
        let day = UInt64(clamping: wall) / millisecondsPerDay + 719_468  // from 1 March of the year 0
        let era = day / 146_097
        let ofEra = day % 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * ofYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let ofMonth = ofYear - (153 * monthFromMarch + 2) / 5 + 1
        return decimal(year, digits: 4) + "-" + decimal(month, digits: 2) + "-" + decimal(ofMonth, digits: 2)
    }
}
