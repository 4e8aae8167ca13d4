import ArgumentParser
import Base
import Configuration
import Foundation
import Reactor

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
        let line = "{\"op\":\"follow\",\"client\":\(jsonText(client)),\"contents\":\(contents)}\n"
        let stream = try AppLines(config, .events)
        try stream.run(line) { text in print(json ? plainText(text) : Follow.row(text)) }
    }

    /// One event as a row. What is no event is shown as it is.
    static func row(_ text: String) -> String {
        guard let event = try? JSONDecoder().decode(Event.self, from: Data(text.utf8)), let name = event.event else {
            return plainText(text)
        }
        var words: [String] = []
        if let message = event.message { words.append("\(message)") }
        if let bytes = event.bytes { words.append(bytes == 1 ? "1 byte" : "\(bytes) bytes") }
        if let channel = event.channel { words.append("channel \(channel)") }
        if let user = event.user { words.append("user \(user)") }
        if event.everyone == true { words.append("everyone") }
        if let form = event.form { words.append(form) }
        if let worker = event.worker { words.append("on worker-\(worker)") }
        if let cursor = event.cursor { words.append(name == "acknowledged" ? "up to \(cursor)" : "cursor \(cursor)") }
        if let why = event.why { words.append(why) }
        // The message stands as it came.
        if let data = text.range(of: ",\"data\":"), let end = text.range(of: ",\"time\":", options: .backwards) {
            words.append(String(text[data.upperBound..<end.lowerBound]))
        }
        let label = words.isEmpty ? name : name.padding(toLength: 14, withPad: " ", startingAt: 0)
        return plainText(time(event.time) + "  " + label + words.joined(separator: "  "))
    }
    private struct Event: Decodable {
        let event: String?
        let message: UInt64?
        let bytes: Int?
        let channel: String?
        let user: String?
        let everyone: Bool?
        let form: String?
        let worker: Int?
        let cursor: UInt64?
        let why: String?
        let time: UInt64?
    }
    private static func time(_ milliseconds: UInt64?) -> String {
        let formatter = DateFormatter()
        formatter.dateFormat = "HH:mm:ss.SSS"
        return formatter.string(from: Date(timeIntervalSince1970: Double(milliseconds ?? 0) / 1000))
    }
}

/// A connection of the line form to the manager's app port, on which lines come until it ends.
final class AppLines {
    private let endpoint: Endpoint
    private let key: String
    private let loop = Loop()
    private var watcher: IOWatcher?
    private var unsent: ArraySlice<UInt8> = []
    private var received: [UInt8] = []

    init(_ config: ConfigurationOption, _ right: AppRights) throws {
        let request = try AppRequest(config, right)
        (endpoint, key) = (request.endpoint, request.key)
    }

    /// Sends a line, and passes those that come. It returns only by throwing: the manager has gone, or has refused.
    func run(_ line: String, _ take: @escaping (String) -> Void) throws {
        let descriptor: Int32
        do { descriptor = try Sockets.connect(endpoint) } catch { throw gone(String(cString: strerror(error.code))) }
        defer { Sockets.close(descriptor) }
        unsent = Array(((key.isEmpty ? "" : "{\"key\":\(jsonText(key))}\n") + line).utf8)[...]
        var end: Result<Void, ExitCode>?
        watcher = IOWatcher(loop, descriptor, .write) { [unowned self] ready in
            end = ready.contains(.write) ? write(descriptor) : read(descriptor, take)
            if end != nil { loop.stop() }
        }
        loop.run()
        watcher?.stop()
        watcher = nil
        try end?.get()
    }
    private func write(_ descriptor: Int32) -> Result<Void, ExitCode>? {
        let error = Sockets.pendingError(descriptor)
        guard error == 0 else { return .failure(gone(String(cString: strerror(error)))) }
        switch unsent.withUnsafeBytes({ Sockets.write(descriptor, $0) }) {
        case .bytes(let count): unsent = unsent.dropFirst(count)
        case .wouldBlock: break
        case .end: return .failure(gone("it is closed"))
        case .failed(let code): return .failure(gone(String(cString: strerror(code))))
        }
        if unsent.isEmpty { watcher?.watch(.read) }
        return nil
    }
    private func read(_ descriptor: Int32, _ take: (String) -> Void) -> Result<Void, ExitCode>? {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 1)
        defer { room.deallocate() }
        switch Sockets.read(descriptor, into: room) {
        case .wouldBlock: return nil
        case .end: return .failure(gone("the manager closed the connection"))
        case .failed(let code): return .failure(gone(String(cString: strerror(code))))
        case .bytes(let count): received += room[..<count]
        }
        while let end = received.firstIndex(of: 10) {
            let line = String(decoding: received[..<end], as: UTF8.self)
            received.removeFirst(end + 1)
            if line.hasPrefix("{\"error\"") {
                complain(plainText(line))
                return .failure(ExitCode(StartFailure.denied))
            }
            if !line.hasPrefix("{\"status\"") { take(line) }
        }
        fflush(nil)
        return nil
    }
    private func gone(_ why: String) -> ExitCode {
        complain("\(endpoint) (app.port): \(why)")
        return ExitCode(StartFailure.unavailable)
    }
}
