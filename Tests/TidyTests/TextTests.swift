import Foundation
import Testing

/// Rules for the text of the sources that no compiler checks.
struct TextTests {
    private static let mostColumns = 120
    private static let mostLines = 300

    /// A line of JSON as it goes over the wire stays whole, in a raw literal.
    @Test func noLine_isTooWide() {
        for file in Tree.swiftFiles {
            for (number, line) in file.lines.enumerated()
            where line.count > TextTests.mostColumns && !line.contains("#\"") {
                Issue.record("\(file.path):\(number + 1) has \(line.count) columns, over \(TextTests.mostColumns)")
            }
        }
    }

    /// A file over 300 lines says in a comment why it is one: `// One file: ..`.
    @Test func longFile_saysWhy() {
        for file in Tree.swiftFiles where file.lines.count > TextTests.mostLines {
            let says = file.lines.contains { $0.hasPrefix("// One file: ") }
            #expect(
                says, "\(file.path) has \(file.lines.count) lines and no comment that begins with `// One file: `")
        }
    }

    /// A type's name in backquotes is the name of a type that exists.
    @Test func typesInComments_exist() {
        var words: Set<Substring> = []
        var named: [(name: Substring, place: String)] = []
        for file in Tree.swiftFiles {
            for (number, line) in file.lines.enumerated() {
                let comment = line.firstRange(of: "//")
                let code = line[..<(comment?.lowerBound ?? line.endIndex)]
                words.formUnion(code.split { !$0.isLetter && !$0.isNumber && $0 != "_" })
                guard let comment else { continue }
                for match in line[comment.upperBound...].matches(of: #/`([A-Z][a-z]\w*)`/#) {
                    named.append((match.output.1, "\(file.path):\(number + 1)"))
                }
            }
        }
        for (name, place) in named where !words.contains(name) {
            Issue.record("\(place) speaks of \(name), which does not exist")
        }
    }

    @Test func version_standsInOnePlace() throws {
        let version = try #require(
            Tree.file("Sources/Base/Version.swift")?.lines.compactMap { $0.firstMatch(of: #/"(\d+\.\d+\.\d+)"/#) }
                .first?.output.1)
        let files = (["Sources", "Dashboard"].flatMap(Tree.files) + ["Makefile", "README.md"].compactMap(Tree.file))
            .filter { $0.path != "Sources/Base/Version.swift" }
        for file in files {
            for (number, line) in file.lines.enumerated() where line.contains("\(version)") {
                Issue.record("\(file.path):\(number + 1) has the version, which stands in Sources/Base/Version.swift")
            }
        }
    }
}
