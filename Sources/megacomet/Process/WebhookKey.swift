import ArgumentParser
import Base
import Configuration
import Glibc
import Reactor

/// The key with which megahook signs its requests, from `app.webhook_key` or `app.webhook_key_file`.
enum WebhookKey {
    /// The key, and what is wrong with it. The key is empty if there is none, or if it can't be had.
    static func look(_ settings: Settings) -> (key: [UInt8], fault: String?) {
        let path = settings.app.webhookKeyFile
        guard !path.isEmpty else { return (Array(settings.app.webhookKey.utf8), nil) }
        func wrong(_ text: String) -> (key: [UInt8], fault: String?) { ([], "app.webhook_key_file: \(text)") }
        let most = AppKey.secretBytes.upperBound + 3
        do {
            guard let bytes = try Files.regular(path, most: most)?.bytes else {
                return wrong("\(path) is no regular file")
            }
            var secret = bytes
            if secret.last == 10 { secret.removeLast() }
            if secret.last == 13 { secret.removeLast() }
            guard let fault = AppKey.fault(ofSecret: secret) else { return (secret, nil) }
            return wrong(bytes.count == most ? "the key in \(path) is too long" : "the key in \(path) \(fault)")
        } catch { return wrong("\(path): \(String(cString: strerror(error.code)))") }
    }
    /// Sentences for the operator: a file that everyone can read, or requests that anyone could send.
    static func warnings(_ settings: Settings) -> [String] {
        let path = settings.app.webhookKeyFile
        guard !path.isEmpty, let mode = (try? Files.regular(path, most: 1))?.mode, mode & 0o007 != 0 else { return [] }
        return ["app.webhook_key_file: everyone on this machine can use \(path): chmod o= takes that away"]
    }
    /// Ends the program with 78 if there is a mistake.
    static func demand(_ settings: Settings) throws {
        guard let fault = look(settings).fault else { return }
        complain(plainText(fault))
        throw ExitCode(StartFailure.configuration)
    }
}
