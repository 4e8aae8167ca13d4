import ArgumentParser
import Base
import Configuration
import Foundation

struct Publish: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Publishes a message to a client over the app port, as apps do.",
        discussion: "MESSAGE is JSON. If it is not, it is published as a string. Prints the manager's answer.")
    @Argument var client: String
    @Argument var message: String
    @Option(help: "Seconds that the message may wait for its client (queue.ttl).") var ttl: Double?
    @OptionGroup var config: ConfigurationOption

    func run() throws {
        let settings = try config.settings()
        let isJSON = (try? JSONSerialization.jsonObject(with: Data(message.utf8), options: .fragmentsAllowed)) != nil
        var body = "{\"client\":\(jsonText(client)),\"message\":\(isJSON ? message : jsonText(message))"
        if let ttl { body += ",\"ttl\":\(ttl)" }
        body += "}"
        print(try AppRequest(settings).send("POST", "/publish", body: body))
    }
}
