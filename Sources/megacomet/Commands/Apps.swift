import ArgumentParser
import Base
import Configuration
import ControlLines
import Wire

struct Apps: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the connections of apps. Those that published most come first.",
        discussion: "With --json also what each may do, and the last thing that was refused to it.")
    @OptionGroup var list: ListOptions
    @OptionGroup var config: ConfigurationOption

    func run() throws {
        let text = try AppRequest(config, .read).send("GET", "/apps?most=\(list.most)")
        guard !list.json else { return print(text) }
        let answer = try AppsAnswer(json: text)
        print(
            cell("NO", 6) + cell("PUBLISHES", 11) + cell("BYTES", 14) + cell("ERRORS", 8) + cell("EVENTS", 9)
                + cell("BACKLOG", 10) + cell("STALLED", 9) + cell("UP", 8) + cell("IDLE", 8) + cell("KEY", 12)
                + cell("FORM", 7) + "  NAME                      PEER")
        for row in answer.apps {
            let times = cell(Status.time(row.connectedSeconds), 8) + cell(Status.time(row.idleSeconds), 8)
            let counts =
                cell(row.number.map(whole) ?? "-", 6) + cell(row.publishes, 11) + cell(row.bytes, 14)
                + cell(row.errors, 8) + cell(row.events.map(whole) ?? "-", 9)
            let backlog = cell(row.backlogBytes, 10) + cell(row.stalledSeconds.map(Status.time) ?? "-", 9)
            let session = cell(plainText(row.key ?? "-"), 12) + cell(plainText(row.form ?? "-"), 7)
            print(
                counts + backlog + times + session + "  " + plainText(row.name ?? "-").leftAligned(24) + "  "
                    + plainText(row.peer))
        }
        if answer.apps.isEmpty { print("no app is connected") }
        if answer.more > 0 { print("and \(whole(answer.more)) more") }
    }
}
