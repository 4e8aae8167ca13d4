import ArgumentParser
import Base
import Configuration
import ControlLines
import Wire

struct Channels: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the channels with the most subscribers. The largest comes first.")
    @OptionGroup var list: ListOptions
    @OptionGroup var config: ConfigurationOption

    func run() throws {
        let text = try AppRequest(config, .read).send("GET", "/channels?most=\(list.most)")
        guard !list.json else { return print(text) }
        let answer = try ChannelsAnswer(json: text)
        print(cell("SUBSCRIBERS", 12) + cell("CONNECTED", 11) + cell("MESSAGES", 10) + cell("BYTES", 12) + "  CHANNEL")
        for row in answer.channels {
            let counts = cell(row.subscribers, 12) + cell(row.connected, 11)
            print(counts + cell(row.messages, 10) + cell(row.bytes, 12) + "  " + plainText(row.channel))
        }
        if answer.channels.isEmpty { print("there are no channels") }
        let more = answer.count - Double(answer.channels.count)
        if more > 0 { print("and \(whole(more)) more") }
    }
}
