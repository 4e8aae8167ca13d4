import ArgumentParser
import Base
import Configuration
import ControlLines
import Wire

struct Clients: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Lists the clients with the most messages waiting. The deepest mailbox comes first."
    )
    @Option(help: "Only the clients of this user, also those for which nothing waits.") var user: String?
    @OptionGroup var list: ListOptions
    @OptionGroup var config: ConfigurationOption

    func run() throws {
        let of = user.map { "&user=" + percentEncoded($0) } ?? ""
        let text = try AppRequest(config, .read).send("GET", "/clients?most=\(list.most)" + of)
        guard !list.json else { return print(text) }
        let answer = try ClientsAnswer(json: text)
        let rows = answer.clients
        print(cell("QUEUED", 8) + cell("BYTES", 12) + cell("OLDEST", 9) + cell("WORKER", 8) + "  STATE   CLIENT")
        for row in rows {
            let worker = row.worker.map { "w\($0)" } ?? "-"
            let counts = cell(row.queued, 8) + cell(row.bytes, 12)
            let state = row.connected.map { $0 ? "here    " : "away    " } ?? "-       "
            print(
                counts + cell(Status.time(row.oldestSeconds), 9) + cell(worker, 8) + "  " + state
                    + plainText(row.client))
        }
        if let user, let count = answer.count {
            let connected = answer.connected ?? 0
            print("\(whole(count)) clients of user \(plainText(user)), \(whole(connected)) connected")
        } else if rows.isEmpty {
            print("nothing waits for anyone")
        }
    }
}
