import ArgumentParser
import Base
import Configuration
import FoundationEssentials
import Wire

struct Clients: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Lists the clients with the most messages waiting. The deepest mailbox comes first."
    )
    @OptionGroup var list: ListOptions
    @OptionGroup var config: ConfigurationOption

    func run() throws {
        let text = try AppRequest(config, .read).send("GET", "/clients?most=\(list.most)")
        guard !list.json else { return print(text) }
        let rows = try JSONDecoder().decode(ClientsAnswer.self, from: Data(text.utf8)).clients
        print(cell("QUEUED", 8) + cell("BYTES", 12) + cell("OLDEST", 9) + cell("WORKER", 8) + "  CLIENT")
        for row in rows {
            let worker = row.worker.map { "w\($0)" } ?? "-"
            let counts = cell(row.queued, 8) + cell(row.bytes, 12)
            print(
                counts + cell(Status.time(row.oldestSeconds), 9) + cell(worker, 8) + "  " + plainText(row.client))
        }
        if rows.isEmpty { print("nothing waits for anyone") }
    }
}
