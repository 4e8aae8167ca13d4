import ArgumentParser
import Base
import Configuration
import Foundation
import Wire

struct Apps: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The connections of apps, those that published most first: asked of the manager over the app's port.")
    @Option(name: [.customShort("n"), .long], help: "How many, at most 100.") var most = 10
    @Flag(help: "As JSON, in a line.") var json = false
    @OptionGroup var config: ConfigurationOption

    func validate() throws {
        if !(1...100).contains(most) { throw ValidationError("-n is a whole number from 1 to 100") }
    }
    func run() throws {
        let text = try AppRequest(try config.settings()).send("GET", "/apps?most=\(most)")
        guard !json else { return print(text) }
        let answer = try JSONDecoder().decode(AppsAnswer.self, from: Data(text.utf8))
        func left(_ text: String, _ width: Int) -> String {
            " " + text.rightAligned(width - 1)
        }
        func count(_ value: Double) -> String { String(format: "%.0f", value) }
        print(
            left("PUBLISHES", 11) + left("BYTES", 14) + left("ERRORS", 8) + left("BACKLOG", 10) + left("UP", 8)
                + left("IDLE", 8) + left("FORM", 7) + "  PEER")
        for row in answer.apps {
            let times = left(Status.time(row.connectedSeconds), 8) + left(Status.time(row.idleSeconds), 8)
            let counts = left(count(row.publishes), 11) + left(count(row.bytes), 14) + left(count(row.errors), 8)
            let form = left(plainText(row.form ?? "-"), 7)
            print(counts + left(count(row.backlogBytes), 10) + times + form + "  " + plainText(row.peer))
        }
        if answer.apps.isEmpty { print("no app is connected") }
        if answer.more > 0 { print("and \(count(answer.more)) more") }
    }
}
