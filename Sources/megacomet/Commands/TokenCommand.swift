import ArgumentParser
import Base
import Configuration
import Crypto
import Reactor
import Tokens
import Wire

struct Token: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints a token by which a user's clients may be served.",
        discussion:
            "It is signed with the first key of tokens.keys that can sign. Whoever has it may poll as USER and as "
            + "USER:ANYTHING until it expires.")
    @Argument(help: ArgumentHelp("The user: a client id without a colon.", valueName: "USER")) var user: String
    @Option(help: "Channels that the user's clients are subscribed to: a,b,c.") var channels: String?
    @Option(name: .customLong("for"), help: "How long it is good: 30s, 15m, 1h, 1d.") var life = "1h"
    @Option(help: "The file with the key, instead of tokens.keys.", completion: .file()) var keyFile: String?
    @Option(help: "The key with this kid.") var kid: String?
    @Option(help: "Its iss, instead of tokens.issuer.") var issuer: String?
    @Option(help: "Its aud, instead of tokens.audience.") var audience: String?
    @OptionGroup var config: ConfigurationOption

    func validate() throws {
        guard Token.seconds(life) != nil else { throw ValidationError("--for: a time like 30s, 15m, 1h or 1d") }
        let names = [user] + (channels?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? [])
        guard names.allSatisfy({ Array($0.utf8).withUnsafeBytes { wrongClientId($0) } == nil }) else {
            throw ValidationError("a user or channel has 1 to 128 bytes, and neither / nor control characters")
        }
        guard !user.contains(":") else { throw ValidationError("a user has no colon") }
        guard names.count - 1 <= Limits.tokenChannels else {
            throw ValidationError("--channels: at most \(Limits.tokenChannels)")
        }
    }

    func run() throws {
        let settings = try config.settings().tokens
        do { print(try token(settings)) } catch {
            complain(plainText(error.description))
            throw ExitCode(error.code)
        }
    }

    private func token(_ settings: Settings.Tokens) throws(StartFailure) -> String {
        func refused(_ text: String) -> StartFailure { StartFailure(StartFailure.configuration, text) }
        let files = keyFile.map { [$0] } ?? settings.keys
        guard !files.isEmpty else { throw refused("tokens.keys names no file; give --key-file FILE") }
        let keyring = try TokenKeys.read(files)
        guard let place = keyring.signer(kid.map { Array($0.utf8) }) else {
            throw refused(kid.map { "no key that can sign has the kid \($0)" } ?? "none of the keys can sign")
        }
        let life = Token.seconds(life) ?? 0
        guard Double(life) <= settings.maxAge else {
            throw refused("--for \(self.life): tokens.max_age allows \(UInt64(settings.maxAge)) s")
        }
        let now = Clock.wallMilliseconds / 1000
        var writer = TokenWriter(subject: user, issuedAt: now, expires: now + life)
        writer.issuer = issuer ?? settings.issuer
        writer.audience = audience ?? settings.audience
        writer.channels = channels?.split(separator: ",").map(String.init) ?? []
        guard let token = writer.token(keyring.keys[place], sign: { keyring.sign(place, $0) }) else {
            throw refused("the key can't sign")
        }
        guard token.count <= Limits.tokenBytes else { throw refused("the token would be too long: too many channels") }
        return String(decoding: token, as: UTF8.self)
    }

    /// `nil` for what is no time, and for less than a second.
    static func seconds(_ text: String) -> UInt64? {
        let units: [Character: UInt64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let last = text.last, let unit = units[last], let count = UInt64(text.dropLast()), count > 0,
            count <= 604_800
        else { return nil }
        return count * unit
    }
}
