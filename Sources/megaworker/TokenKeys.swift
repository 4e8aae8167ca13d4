import Comet
import Configuration
import Crypto
import Daemon
import Logging
import Reactor
import Stats
import Tokens

/// The keys of clients' tokens. The worker reads them at its start, and again when it is told to.
enum TokenKeys {
    struct Mistake: Error { let description: String }

    /// `nil` if no file is named: no token is taken.
    static func verifier(_ settings: Settings.Tokens) throws(Mistake) -> TokenVerifier? {
        guard settings.areTaken else { return nil }
        let ring: Keyring
        do throws(Keyring.Mistake) {
            ring = try Keyring(reading: settings.keys) { try Files.regularBytes($0, most: $1) }
        } catch {
            throw Mistake(description: "tokens.keys: \(error)")
        }
        var rules = TokenRules()
        rules.issuer = settings.issuer
        rules.audience = settings.audience
        rules.leeway = UInt64(settings.leeway)
        rules.maxAge = UInt64(settings.maxAge)
        return TokenVerifier(ring.keys, rules) { ring.verify($0, $1, $2) }
    }
}

extension WorkerProcess {
    /// Reads the keys of tokens and the certificate again.
    func reload() {
        readTokenKeysAgain()
        readCertificateAgain()
    }
    /// If the keys can't be read, those that count stay.
    private func readTokenKeysAgain() {
        do throws(TokenKeys.Mistake) {
            clients.worker.changeTokens(try TokenKeys.verifier(daemon.arguments.settings.tokens))
            daemon.log.info("the keys of tokens were read again")
        } catch {
            daemon.event(.error, .keysBad, "the keys of tokens stay as they are: \(error.description)")
        }
    }
}
