import ArgumentParser
import Base
import Configuration
import Foundation
import Wire

struct Clients: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "The clients with the most messages waiting, the deepest mailbox first: asked of the manager over the "
            + "app's port."
    )
    @Option(name: [.customShort("n"), .long], help: "How many, at most 100.") var most = 10
    @Flag(help: "As JSON, in a line.") var json = false
    @OptionGroup var config: ConfigurationOption

    func validate() throws {
        if !(1...100).contains(most) { throw ValidationError("-n is a whole number from 1 to 100") }
    }
    func run() throws {
        let text = try AppRequest(try config.settings()).send("GET", "/clients?most=\(most)")
        guard !json else { return print(text) }
        let rows = try JSONDecoder().decode(ClientsAnswer.self, from: Data(text.utf8)).clients
        func left(_ text: String, _ width: Int) -> String {
            " " + text.rightAligned(width - 1)
        }
        func count(_ value: Double) -> String { String(format: "%.0f", value) }
        print(left("QUEUED", 8) + left("BYTES", 12) + left("OLDEST", 9) + left("WORKER", 8) + "  CLIENT")
        for row in rows {
            let worker = row.worker.map { "w\($0)" } ?? "-"
            let counts = left(count(row.queued), 8) + left(count(row.bytes), 12)
            print(
                counts + left(Status.time(row.oldestSeconds), 9) + left(worker, 8) + "  " + plainText(row.client))
        }
        if rows.isEmpty { print("nothing waits for anyone") }
    }
}
