import ArgumentParser
import Base
import Configuration
import ControlLines
import Glibc
import Reactor
import Wire

struct Follow: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what happens to one client, as it happens: until Ctrl-C.",
        discussion: """
            Its receivers come and end; messages for it alone are published; messages are sent to its worker, \
            delivered (written to its connection), acknowledged, or lost; it is told of gaps; subscriptions come and go.
            """)
    @Argument(help: "The client's id.") var client: String
    @Flag(help: "Also what the messages say.") var contents = false
    @Flag(help: "As JSON, one line for each event.") var json = false
    @OptionGroup var config: ConfigurationOption

    func run() throws {
        let request = try AppRequest(config, .events)
        let loop = Loop()
        let lines = AppPortLines(
            loop, request.endpoint, key: request.key,
            line: "{\"op\":\"follow\",\"client\":\(jsonText(client)),\"contents\":\(contents)}",
            patienceSeconds: AppRequest.patienceSeconds)
        var end: AppPortLines.End?
        lines.received = { text in print(json ? plainText(text) : Follow.row(text)) }
        lines.ended = {
            end = $0
            loop.stop()
        }
        // Whoever reads the output has all that came together at once.
        let flush = TurnEnd(loop) { fflush(nil) }
        lines.open()
        withExtendedLifetime(flush) { if end == nil { loop.run() } }
        switch end {
        case .refused(let answer):
            complain(plainText(answer))
            throw ExitCode(StartFailure.denied)
        case .unreachable(let why): throw request.unavailable(why, lines.endpoint)
        case .closed, nil: throw request.unavailable("the manager closed the connection", lines.endpoint)
        }
    }

    /// One event as a row. What is no event is shown as it is.
    static func row(_ text: String) -> String {
        guard let event = try? FollowedEvent(json: text), let name = event.event
        else { return plainText(text) }
        var words = event.words()
        // The message stands as it came.
        if let data = text.firstRange(of: ",\"data\":"), let end = text.ranges(of: ",\"time\":").last {
            words.append(String(text[data.upperBound..<end.lowerBound]))
        }
        let label = words.isEmpty ? name : name.leftAligned(14)
        return plainText(time(event.time) + "  " + label + words.joined(separator: "  "))
    }
    private static func time(_ milliseconds: UInt64?) -> String {
        let milliseconds = milliseconds ?? 0
        var seconds = time_t(clamping: milliseconds / 1000)
        var local = tm()
        localtime_r(&seconds, &local)
        let ofDay = ((UInt64(local.tm_hour) * 60 + UInt64(local.tm_min)) * 60 + UInt64(local.tm_sec)) * 1000
        return UTC.clock(ofDay + milliseconds % 1000, milliseconds: true)
    }
}
