import Foundation
import MegaCometClient

/// Prints the messages of a client: swift run listen c42 http://localhost:8000 http://localhost:8001
@main struct Listen {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let client = arguments.first, arguments.count > 1 else {
            fatalError("usage: listen CLIENT URL...")
        }
        let comet = MegaComet(client: client, urls: Array(arguments.dropFirst()))
        do {
            for try await message in comet {
                FileHandle.standardOutput.write(Data((message.text + "\n").utf8))
            }
        } catch let stopped as MegaComet.Stopped {
            FileHandle.standardError.write(Data("\(stopped.code): \(stopped.message)\n".utf8))
            exit(1)
        }
    }
}
