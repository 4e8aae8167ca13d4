import ArgumentParser
import Base
import Configuration
import Foundation

struct Apps: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The connections of apps, those that published most first: asked of the manager over the app's port.")
    @Option(name: [.customShort("n"), .long], help: "How many, at most 100.") var most = 10
    @Flag(help: "As JSON, in a line.") var json = false
    @OptionGroup var config: ConfigurationOption

    struct Answer: Decodable {
        struct Row: Decodable {
            var peer: String
            var form: String?
            var connected_seconds: Double
            var publishes: Int
            var bytes: Int
            var errors: Int
            var idle_seconds: Double
            var backlog_bytes: Int
        }
        var apps: [Row]
        var more: Int
    }

    func validate() throws {
        if !(1...100).contains(most) { throw ValidationError("-n is a whole number from 1 to 100") }
    }
    func run() throws {
        let text = try AppRequest(try config.settings()).send("GET", "/apps?most=\(most)")
        guard !json else { return print(text) }
        let answer = try JSONDecoder().decode(Answer.self, from: Data(text.utf8))
        func left(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(1, width - text.count)) + text
        }
        print(
            left("PUBLISHES", 11) + left("BYTES", 14) + left("ERRORS", 8) + left("BACKLOG", 10) + left("UP", 8)
                + left("IDLE", 8) + left("FORM", 7) + "  PEER")
        for row in answer.apps {
            let times = left(Status.time(row.connected_seconds), 8) + left(Status.time(row.idle_seconds), 8)
            let counts = left("\(row.publishes)", 11) + left("\(row.bytes)", 14) + left("\(row.errors)", 8)
            let form = left(plainText(row.form ?? "-"), 7)
            print(counts + left("\(row.backlog_bytes)", 10) + times + form + "  " + plainText(row.peer))
        }
        if answer.apps.isEmpty { print("no app is connected") }
        if answer.more > 0 { print("and \(answer.more) more") }
    }
}
