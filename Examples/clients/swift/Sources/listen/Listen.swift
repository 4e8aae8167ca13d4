import Foundation
import MegaCometClient

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Prints the messages of a client: swift run listen c42 http://localhost:8000 http://localhost:8001
///
/// With --token-url URL before the client, the app at this address gives its tokens.
@main struct Listen {
    static func main() async throws {
        var arguments = CommandLine.arguments.dropFirst()
        var source: URL?
        if arguments.first == "--token-url" {
            source = arguments.dropFirst().first.flatMap { URL(string: $0) }
            arguments = arguments.dropFirst(2)
        }
        guard let client = arguments.first, arguments.count > 1 else {
            fatalError("usage: listen [--token-url URL] CLIENT URL...")
        }
        let urls = Array(arguments.dropFirst())
        let comet =
            if let source {
                MegaComet(client: client, urls: urls, token: { try await ask(source) })
            } else {
                MegaComet(client: client, urls: urls)
            }
        do {
            for try await message in comet {
                FileHandle.standardOutput.write(Data((message.text + "\n").utf8))
            }
        } catch let stopped as MegaComet.Stopped {
            FileHandle.standardError.write(Data("\(stopped.code): \(stopped.message)\n".utf8))
            exit(1)
        }
    }
    static func ask(_ source: URL) async throws -> String {
        let (text, answer) = try await URLSession.shared.data(from: source)
        guard (answer as? HTTPURLResponse)?.statusCode == 200 else { throw URLError(.userAuthenticationRequired) }
        return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
