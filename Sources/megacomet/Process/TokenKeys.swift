import ArgumentParser
import Base
import Configuration
import Crypto
import Reactor

/// The keys of clients' tokens, in the files of `tokens.keys`.
enum TokenKeys {
    /// Reads the files, as a worker does.
    static func read(_ files: [String]) throws(StartFailure) -> Keyring {
        do { return try Keyring(reading: files) { try Files.bytes($0, most: $1) } } catch {
            throw StartFailure(StartFailure.configuration, error.description)
        }
    }

    /// The mistakes for which no process could take a token by these settings. None if all is well.
    static func check(_ settings: Settings) -> [String] {
        guard !settings.tokens.keys.isEmpty else { return [] }
        do { _ = try read(settings.tokens.keys) } catch { return ["tokens.keys: \(error.description)"] }
        return []
    }
    /// Ends the program with 78 if there is a mistake.
    static func demand(_ settings: Settings) throws {
        let mistakes = check(settings)
        guard !mistakes.isEmpty else { return }
        mistakes.forEach { complain(plainText($0)) }
        throw ExitCode(StartFailure.configuration)
    }
}
