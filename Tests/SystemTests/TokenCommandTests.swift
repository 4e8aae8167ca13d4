import TestSupport
import Testing

/// The commands that make keys and tokens, and the key files as start, check and reload see them.
struct TokenCommandTests {
    let folder: Folder
    init() throws { folder = try Folder() }

    private func megacomet(_ arguments: String...) throws -> (end: Program.End, output: String) {
        try Program.run("megacomet", arguments, in: folder)
    }

    @Test(arguments: ["HS256", "RS256", "ES256", "EdDSA"])
    func aNewKey_signsTokens(_ algorithm: String) throws {
        let file = folder.path + "/new.json"
        let made = try megacomet("keys", "new", "--algorithm", algorithm, "--kid", "k7", "--output", file)
        #expect(made.end == .exited(0) && made.output.isEmpty)
        #expect(contents(ofFile: file).contains("\"alg\":\"\(algorithm)\""))
        #expect(try run(tool: ["/usr/bin/stat", "-c", "%a", file], in: folder) == "600\n")
        let again = try megacomet("keys", "new", "--output", file)
        #expect(again.end == .exited(73) && again.output.contains("File exists"))

        let token = try megacomet("token", "42", "--channels", "a,b", "--key-file", file, "--kid", "k7")
        #expect(token.end == .exited(0) && token.output.split(separator: ".").count == 3)
        let long = try megacomet("token", "42", "--for", "2d", "--key-file", file)
        #expect(long.end == .exited(78) && long.output.contains("tokens.max_age"))
        #expect(try megacomet("token", "42:a", "--key-file", file).end == .exited(64))

        let known = try megacomet("keys", "public", file)
        guard algorithm != "HS256" else {
            #expect(known.end == .exited(78) && known.output.contains("left out"))
            return
        }
        #expect(known.end == .exited(0) && !known.output.contains("\"d\""))
        let verifying = try folder.write("public.json", known.output)
        let refused = try megacomet("token", "42", "--key-file", verifying)
        #expect(refused.end == .exited(78) && refused.output.contains("none of the keys can sign"))
    }

    @Test func aBadKeyFile_isFoundBeforeAnythingStarts() throws {
        let keys = try folder.write("weak.json", #"{"keys":[{"kty":"oct","alg":"HS256","k":"c2VjcmV0"}]}"#)
        let file = try folder.write(
            "c.toml", "run_directory = \"\(folder.path)/run\"\n[tokens]\nkeys = [\"\(keys)\"]\n")
        for command in ["check", "run", "start"] {
            let refused = try megacomet(command, "-c", file)
            #expect(refused.end == .exited(78), "\(command)")
            #expect(refused.output.contains("\(keys) keys[0]: the secret is shorter than 32 bytes"), "\(command)")
            #expect(!refused.output.contains("c2VjcmV0"))
        }
        // Whoever reads a pipe waits for its writer.
        _ = try run(tool: ["/usr/bin/rm", keys], in: folder)
        _ = try run(tool: ["/usr/bin/mkfifo", keys], in: folder)
        let refused = try megacomet("check", "-c", file)
        #expect(refused.end == .exited(78) && refused.output.contains("\(keys) is no regular file"))
    }

    @Test func aKeyFileThatIsTooOpen_isTold() throws {
        let keys = folder.path + "/keys.json"
        let file = try folder.write(
            "c.toml", "run_directory = \"\(folder.path)/run\"\n[tokens]\nkeys = [\"\(keys)\"]\n")
        let open = "tokens.keys: everyone on this machine can use \(keys)"
        _ = try megacomet("keys", "new", "--algorithm", "HS256", "--output", keys)
        #expect(try !megacomet("check", "-c", file).output.contains("tokens.keys"))
        _ = try run(tool: ["/usr/bin/chmod", "644", keys], in: folder)
        let said = try megacomet("check", "-c", file)
        #expect(said.end == .exited(0) && said.output.contains(open))

        _ = try run(tool: ["/usr/bin/rm", keys], in: folder)
        _ = try megacomet("keys", "new", "--algorithm", "ES256", "--output", keys)
        #expect(try megacomet("check", "-c", file).output.contains("\(keys) has private keys"))
        // A key that only verifies may be read by all, and changed by none.
        _ = try folder.write("keys.json", try megacomet("keys", "public", keys).output)
        _ = try run(tool: ["/usr/bin/chmod", "644", keys], in: folder)
        #expect(try !megacomet("check", "-c", file).output.contains("tokens.keys"))
        _ = try run(tool: ["/usr/bin/chmod", "666", keys], in: folder)
        #expect(try megacomet("check", "-c", file).output.contains(open))
    }

    @Test func reloadOfABadKeyFile_changesNothing() throws {
        let made = try megacomet("keys", "new")
        let keys = try folder.write("keys.json", made.output)
        let appliance = try Appliance(workers: 1, ["tokens": "keys = [\"\(keys)\"]"])
        _ = try folder.write("keys.json", "{}")
        for command in ["reload", "upgrade"] {
            let refused = try appliance.command(command)
            #expect(refused.end == .exited(78) && refused.output.contains("\(keys) has no list of keys"), "\(refused)")
            try appliance.waitUntilReady()
        }
        _ = try folder.write("keys.json", made.output)
        #expect(try appliance.command("reload").end == .exited(0))
        #expect(try appliance.command("upgrade").end == .exited(0))
    }

    /// Workers need only the public keys. `check`, start and reload say which file has more.
    @Test func privateKeys_areWarnedOf() throws {
        let made = try megacomet("keys", "new")
        let own = try folder.write("private.json", made.output)
        let known = try folder.write("public.json", try megacomet("keys", "public", own).output)
        let secret = try folder.write("secret.json", try megacomet("keys", "new", "--algorithm", "HS256").output)
        let appliance = try Appliance(workers: 1, ["tokens": "keys = [\"\(own)\", \"\(secret)\"]"])
        let warning = "tokens.keys: \(own) has private keys"
        #expect(try appliance.command("check").output.contains(warning))
        #expect(try appliance.events().contains("SETTINGS \(warning)"))
        let text = contents(ofFile: appliance.configuration)
        _ = try appliance.folder.write("megacomet.toml", text.replacing(own, with: known))
        #expect(try appliance.command("reload").end == .exited(0))
        #expect(try !appliance.command("check").output.contains("private keys"))
        _ = try appliance.folder.write("megacomet.toml", text)
        #expect(try appliance.command("reload").end == .exited(0))
        #expect(try appliance.events().ranges(of: warning).count == 2, "at the start, and by a reload")
    }
}
