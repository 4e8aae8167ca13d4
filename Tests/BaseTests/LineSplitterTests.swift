import Base
import Testing

struct LineSplitterTests {
    /// The lines of a text that comes in pieces of so many bytes.
    static func lines(_ text: String, mostBytes: Int = .max, pieces: Int) -> [String] {
        var splitter = LineSplitter(mostBytes: mostBytes)
        var lines: [String] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            var piece = rest.prefix(pieces)
            rest = rest.dropFirst(pieces)
            while let line = splitter.next(&piece) { lines.append(line) }
        }
        return lines + [splitter.rest()].compactMap(\.self)
    }

    @Test(arguments: [1, 2, 3, 7, 100]) func lines_areTheSameInAnyPieces(_ pieces: Int) {
        #expect(Self.lines("one\n\ntwo\r\nthree", pieces: pieces) == ["one", "", "two", "three"])
        #expect(Self.lines("one\n", pieces: pieces) == ["one"])
        #expect(Self.lines("", pieces: pieces) == [])
    }
    @Test(arguments: [1, 2, 3, 7, 100]) func longLine_isCut_andTheNextIsWhole(_ pieces: Int) {
        #expect(Self.lines("0123456\nab\n", mostBytes: 4, pieces: pieces) == ["0123", "ab"])
        #expect(Self.lines("0123\nab", mostBytes: 4, pieces: pieces) == ["0123", "ab"])
        #expect(Self.lines("01234567", mostBytes: 4, pieces: pieces) == ["0123"])
    }
    @Test func unfinishedBytes_areThoseOfTheLineThatHasNotEnded() {
        var splitter = LineSplitter()
        var input = Array("drain\nst".utf8)[...]
        #expect(splitter.next(&input) == "drain" && splitter.next(&input) == nil)
        #expect(splitter.unfinishedBytes == 2)
    }
}
