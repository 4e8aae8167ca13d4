import ArgumentParser
import Base
import Configuration
import Wire

struct Publish: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Publishes a message over the app port, as apps do.",
        usage: """
            megacomet publish CLIENT MESSAGE [--ttl SECONDS]
            megacomet publish --channel NAME MESSAGE [--ttl SECONDS]
            megacomet publish --user NAME MESSAGE [--ttl SECONDS]
            megacomet publish --everyone MESSAGE [--ttl SECONDS]
            """,
        discussion: "MESSAGE is JSON. If it is not, it is published as a string. Prints the manager's answer.")
    @Argument(help: ArgumentHelp("The client and the message.", valueName: "CLIENT MESSAGE")) var words: [String]
    @Option(help: "The channel whose subscribers get it.") var channel: String?
    @Option(help: "The user whose clients get it.") var user: String?
    @Flag(help: "All clients get it.") var everyone = false
    @Option(help: "Seconds that the message may wait for its client (queue.ttl).") var ttl: Double?
    @OptionGroup var config: ConfigurationOption

    func validate() throws {
        let others = (channel == nil ? 0 : 1) + (user == nil ? 0 : 1) + (everyone ? 1 : 0)
        guard others < 2 else { throw ValidationError("give one of --channel, --user and --everyone") }
        guard words.count == 2 - others else {
            throw ValidationError(others == 0 ? "give a client and a message" : "give one message, and no client")
        }
    }
    func run() throws {
        let message = words[words.count - 1]
        let isJSON = Array(message.utf8).withUnsafeBytes { JSONScanner.fault(in: $0, depth: .max) } == nil
        var body = "{\(target),\"message\":\(isJSON ? message : jsonText(message))"
        if let ttl { body += ",\"ttl\":\(ttl)" }
        body += "}"
        print(try AppRequest(config, .publish).send("POST", "/publish", body: body))
    }
    private var target: String {
        if let channel { return "\"channel\":\(jsonText(channel))" }
        if let user { return "\"user\":\(jsonText(user))" }
        return everyone ? "\"everyone\":true" : "\"client\":\(jsonText(words[0]))"
    }
}
