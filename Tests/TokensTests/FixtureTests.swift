import Foundation
import Testing
import Tokens

/// Tokens that another implementation made, and what it says of each (fixtures.txt).
@Suite struct FixtureTests {
    @Test func fixtures_haveTheirOutcomes() throws {
        var signer = try TestSigner()
        (signer.rules.issuer, signer.rules.audience, signer.rules.leeway) = ("shop", "push", 0)
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        let text = try String(contentsOf: folder.appending(path: "fixtures.txt"), encoding: .utf8)
        var (note, count) = ("", 0)
        for line in text.split(separator: "\n") {
            if line.hasPrefix("#") {
                note = String(line)
                continue
            }
            let words = line.split(separator: " ")
            try #require(words.count == 3, "\(note)")
            let outcome =
                switch signer.error(Array(words[2].utf8)) {
                case nil: "taken"
                case .expired: "expired"
                case .client: "client"
                case .bad: "bad"
                }
            #expect(outcome == words[0], "\(note)")
            #expect(outcome != "taken" || words[1] == "taken", "\(note)")
            count += 1
        }
        #expect(count > 50)
    }
}
