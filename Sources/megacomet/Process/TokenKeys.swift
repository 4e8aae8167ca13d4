import ArgumentParser
import Base
import Configuration
import Crypto
import Reactor
import Tokens

/// The keys of clients' tokens, in the files of `tokens.keys`.
enum TokenKeys {
    /// Reads the files. They may be pipes.
    static func read(_ files: [String]) throws(StartFailure) -> Keyring {
        do { return try Keyring(reading: files) { try Files.bytes($0, most: $1) } } catch {
            throw StartFailure(StartFailure.configuration, error.description)
        }
    }

    /// The mistakes for which no process could take a token by these settings. None if all is well.
    static func check(_ settings: Settings) -> [String] {
        guard !settings.tokens.keys.isEmpty else { return [] }
        do { _ = try Keyring(reading: settings.tokens.keys) { try Files.regularBytes($0, most: $1) } } catch {
            return ["tokens.keys: \(error.description)"]
        }
        return []
    }
    /// Sentences for the operator: files that others can read or change, and keys that no worker needs.
    static func warnings(_ settings: Settings) -> [String] {
        settings.tokens.keys.flatMap { file -> [String] in
            guard let mode = (try? Files.regular(file, most: 1))?.mode, let ring = try? read([file]) else { return [] }
            var warnings: [String] = []
            let isSecret = ring.hasPrivateKeys || ring.keys.contains { $0.algorithm == .hs256 }
            if mode & (isSecret ? 0o007 : 0o002) != 0 {
                warnings.append("everyone on this machine can use \(file): chmod o= takes that away")
            }
            if ring.hasPrivateKeys {
                warnings.append("\(file) has private keys, which make tokens: workers need what `keys public` prints")
            }
            return warnings.map { "tokens.keys: \($0)" }
        }
    }
    /// Ends the program with 78 if there is a mistake.
    static func demand(_ settings: Settings) throws {
        let mistakes = check(settings)
        guard !mistakes.isEmpty else { return }
        mistakes.forEach { complain(plainText($0)) }
        throw ExitCode(StartFailure.configuration)
    }
}
