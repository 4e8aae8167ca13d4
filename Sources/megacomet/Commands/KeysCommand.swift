import ArgumentParser
import Base
import Crypto
import Glibc
import Reactor
import Tokens

struct Keys: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes keys for clients' tokens.", subcommands: [NewKey.self, PublicKeys.self])
}

struct NewKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Prints a JWK set with a new key, and its private part.",
        discussion: "Whoever reads it can make tokens for every user. Of RS256, ES256 and EdDSA the workers need only "
            + "what `megacomet keys public` prints.")
    @Option(
        help: "HS256, RS256, ES256 or EdDSA.", completion: .list(TokenAlgorithm.allCases.map(\.rawValue)))
    var algorithm = TokenAlgorithm.es256.rawValue
    @Option(help: "Its kid. Otherwise it is drawn.") var kid: String?
    @OptionGroup var output: KeyOutput

    func validate() throws {
        guard TokenAlgorithm(rawValue: algorithm) != nil else {
            throw ValidationError("--algorithm: HS256, RS256, ES256 or EdDSA")
        }
        guard kid.map({ isKeyId(Array($0.utf8)) }) ?? true else {
            throw ValidationError("--kid: 1 to 64 printable characters")
        }
    }
    func run() throws {
        guard let algorithm = TokenAlgorithm(rawValue: algorithm),
            let id = kid ?? randomBytes(8)?.map({ hex($0, digits: 2) }).joined(),
            let set = Keyring.newSet(algorithm, id: id)
        else {
            complain("no key could be made")
            throw ExitCode(StartFailure.unavailable)
        }
        try output.write(set)
    }
}

struct PublicKeys: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "public", abstract: "Prints the public parts of a JWK set, for those who only verify.",
        discussion: "A key of HS256 has no public part and is left out.")
    @Argument(help: "The JWK set.", completion: .file()) var file: String
    @OptionGroup var output: KeyOutput

    func run() throws {
        let keyring: Keyring
        do { keyring = try TokenKeys.read([file]) } catch {
            complain(plainText(error.description))
            throw ExitCode(error.code)
        }
        let set = keyring.publicSet()
        if set.leftOut > 0 { complain("left out, since HS256 has no public part: \(set.leftOut)") }
        guard let text = set.text else {
            complain("\(plainText(file)) has no key with a public part")
            throw ExitCode(StartFailure.configuration)
        }
        try output.write(text)
    }
}

/// `--output FILE`. A file that is there is never overwritten: tokens of its key would be lost with it.
struct KeyOutput: ParsableArguments {
    @Option(help: "Writes it to this new file, which only its owner may read.", completion: .file())
    var output: String?

    func write(_ text: String) throws {
        guard let output else { return print(text) }
        let descriptor = open(output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw refused(SystemError("open \(output)")) }
        let isWhole = Files.writeAll(descriptor, text + "\n")
        let error = SystemError("write \(output)")
        guard close(descriptor) == 0, isWhole else {
            unlink(output)
            throw refused(error)
        }
    }
    private func refused(_ error: SystemError) -> ExitCode {
        complain(plainText("\(error)"))
        return ExitCode(StartFailure.cannotCreate)
    }
}
