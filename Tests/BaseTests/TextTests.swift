import Base
import Testing

struct TimeTests {
    @Test func times_areThoseOfTheGregorianCalendar() {
        let known: [(UInt64, String)] = [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_799_999, "2000-02-29T23:59:59.999Z"), (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_763_906_551_042, "2025-11-23T14:02:31.042Z"), (4_107_542_399_000, "2100-02-28T23:59:59.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ]
        for (wall, text) in known { #expect(UTC.text(wall) == text) }
        #expect(UTC.text(1_763_906_551_042, milliseconds: false) == "2025-11-23T14:02:31Z")
    }
    /// Each day follows the day before. After the last day of a month comes the first day of the next.
    @Test func dates_haveNoGaps() {
        var before = (year: 1969, month: 12, day: 31)
        for day in UInt64(0)..<150_000 {
            let parts = UTC.date(day * 86_400_000).split(separator: "-").compactMap { Int($0) }
            let (year, month, ofMonth) = (parts[0], parts[1], parts[2])
            let isLeap = before.year % 4 == 0 && (before.year % 100 != 0 || before.year % 400 == 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            let isLast = before.day == lengths[before.month - 1]
            let isYearsEnd = isLast && before.month == 12
            let isRight =
                year == before.year + (isYearsEnd ? 1 : 0)
                && month == (isYearsEnd ? 1 : before.month + (isLast ? 1 : 0))
                && ofMonth == (isLast ? 1 : before.day + 1)
            if !isRight { return _ = Issue.record("\(before) is followed by \(parts)") }
            before = (year, month, ofMonth)
        }
    }
    /// A time may come from a file or from another machine.
    @Test func anyNumber_isSomeTime() {
        #expect(UTC.text(Int64.min) == "1970-01-01T00:00:00.000Z")
        #expect(UTC.text(Int64.max) == "292278994-08-17T07:12:55.807Z")
        #expect(UTC.text(UInt64.max).hasSuffix("Z"))
    }
}

struct DigitsTests {
    @Test func digits_areFilledUpWithZeros() {
        #expect(hex(UInt64(0x2A), digits: 16) == "000000000000002a")
        #expect(hex(UInt64.max, digits: 16) == "ffffffffffffffff")
        #expect(hex(UInt32(0x12345), digits: 4) == "12345")
        #expect(decimal(UInt64(7), digits: 3) == "007")
        #expect(decimal(UInt64(1234), digits: 3) == "1234")
    }
    @Test func numbers_haveSoManyDigitsBehindThePoint() {
        #expect(decimals(3.04, 1) == "3.0" && decimals(3.05, 1) == "3.1" && decimals(99.96, 1) == "100.0")
        #expect(decimals(-0.04, 1) == "0.0" && decimals(-1.26, 1) == "-1.3" && decimals(2.5, 0) == "3")
        #expect(decimals(1.001, 3) == "1.001" && decimals(.infinity, 1) == "?" && decimals(1e15, 1) == "?")
    }
}

struct ColumnsTests {
    @Test func columns_areFilledUp_andNothingIsCut() {
        #expect("ab".leftAligned(4) == "ab  " && "ab".rightAligned(4) == "  ab")
        #expect("abcde".leftAligned(4) == "abcde" && "abcde".rightAligned(4) == "abcde")
        #expect("é█".leftAligned(3) == "é█ ")
    }
    @Test func paragraph_isBrokenAtSpaces_andLongWordsAnywhere() {
        #expect(Paragraph.lines("one two three", width: 8) == ["one two", "three"])
        #expect(Paragraph.lines("one two three", width: 13) == ["one two three"])
        #expect(Paragraph.lines("0123456789abcdefgh", width: 8) == ["01234567", "89abcdef", "gh"])
        #expect(Paragraph.lines("", width: 8) == [])
        #expect(Paragraph.lines(words: ["a b", "c d"], gap: "  ", width: 8) == ["a b  c d"])
    }
}
