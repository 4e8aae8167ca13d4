import Base
import Configuration
import ConfigurationFile
import Glibc
import TestSupport
import Testing

/// `[[app.keys]]` in the file, and the files with keys.
@Suite struct AppKeysTests {
    private func errors(_ text: String) -> [String] {
        guard case .errors(let errors) = ConfigurationFile.parse(text, file: "m.toml") else { return [] }
        return errors.map(\.description)
    }
    private func settings(_ text: String) throws -> Settings {
        guard case .settings(let settings) = ConfigurationFile.parse(text, file: "m.toml") else {
            throw Failure("\(errors(text))")
        }
        return settings
    }

    @Test func tables_areRead_inBothForms() throws {
        let long = try settings(
            """
            [app]
            key = "old"
            [[app.keys]]
            name = "shop"
            key = "0123456789"
            may = ["publish", "read"]
            [[app.keys]]
            name = "shop"
            key_file = "/k"
            [queue]
            ttl = 5
            """)
        #expect(
            long.app.keys == [
                AppKeySetting(name: "shop", key: "0123456789", may: [.publish, .read]),
                AppKeySetting(name: "shop", keyFile: "/k", may: .all),
            ])
        #expect(long.app.key == "old" && long.queue.ttl == 5 && long.app.needsKey)
        let short = try settings("[app]\nkeys = [{ name = \"a\", key = \"0123456789\" }]")
        #expect(short.app.keys == [AppKeySetting(name: "a", key: "0123456789")])
        #expect(try settings("[app]\nkeys = []").app.needsKey == false)
        #expect(long.changes(to: short).map(\.key).contains("app.keys"))
    }
    @Test func everyMistake_isTold_withLineAndTable_andWithoutTheKey() throws {
        let text = """
            [app]
            address = "0.0.0.0"
            [[app.keys]]
            name = "shop"
            key = "0123456789"
            [[app.keys]]
            name = "a b"
            key = "hush\\u0007"
            key_file = "/k"
            may = ["publsh"]
            colour = 1
            [[app.keys]]
            key = 12345678
            """
        let found = errors(text)
        #expect(
            found == [
                "m.toml:7: app.keys[2].name: is not 1 to 64 letters, digits, _ . -",
                "m.toml:8: app.keys[2].key: has 5 bytes, and a key has 8 to 512",
                "m.toml:9: app.keys[2].key_file: stands beside key: give one of both",
                "m.toml:10: app.keys[2].may: \"publsh\" is not a right, did you mean publish?",
                "m.toml:11: app.keys[2].colour: unknown key",
                "m.toml:12: app.keys[3].name: is missing",
                "m.toml:13: app.keys[3].key: is not a text",
            ])
        #expect(errors("[app]\nkey = 12345678") == ["m.toml:2: app.key: is not a text"])
        #expect(
            errors("[app]\nkey = \"k\"\nkey_file = \"/k\"") == [
                "m.toml:3: app.key_file: stands beside app.key: give one of both"
            ])
        #expect(errors("[app.keys]\nname = \"a\"")[0].contains("write [[app.keys]]"))
        let many = (0..<65).map { "[[app.keys]]\nname = \"a\"\nkey = \"0123456\($0)\"\n" }.joined()
        #expect(errors(many).contains { $0.contains("65 keys, and there may be 64") })
    }
    @Test func shownSettings_haveNoKeys_andAreNoSettings() throws {
        let text = "[app]\nkey = \"hush-hush\"\n[[app.keys]]\nname = \"shop\"\nkey = \"0123456789\"\nmay = [\"read\"]\n"
        for comments in [true, false] {
            let shown = try settings(text).fileText(comments: comments)
            #expect(!shown.contains("hush") && !shown.contains("0123456789"))
            #expect(
                shown.contains("key = \"***\"\n") && shown.contains("name = \"shop\"")
                    && shown.contains("may = [\"read\"]"))
            #expect(errors(shown).count == 2 && errors(shown).allSatisfy { $0.contains("is the mask of a key") })
        }
        #expect(!"\(AppKey(name: "a", rights: .all, secret: Array("hush-hush".utf8)))".contains("hush"))
    }
    @Test func filesWithKeys_areReadOrSaidToBeBad() throws {
        let folder = try Folder()
        let good = try folder.write("good", "0123456789\n")
        chmod(good, 0o600)
        var settings = Settings()
        settings.app.keys = [AppKeySetting(name: "shop", keyFile: good, may: .read)]
        let keys = ConfigurationFile.appKeys(settings, file: nil)
        #expect(keys.keys == [AppKey(name: "shop", rights: .read, secret: Array("0123456789".utf8))])
        #expect(keys.warnings.isEmpty && keys.errors.isEmpty)
        #expect(keys.key(with: .read) != nil && keys.key(with: .publish) == nil)
        chmod(good, 0o604)
        #expect(ConfigurationFile.appKeys(settings, file: nil).warnings.joined().contains("chmod o="))
        settings.app.key = "0123456789"
        #expect(
            ConfigurationFile.appKeys(settings, file: nil).errors.map(\.description)
                == ["defaults: app.keys[1].key_file: is the same key as that of app.key"])
        settings.app.key = ""
        for (name, text, fault) in [
            ("short", "short\n", "has 5 bytes"), ("empty", "\n", "is empty"),
            ("lines", "01234567\n89\n", "a control character"),
            ("long", String(repeating: "x", count: 600), "is too long"),
        ] {
            settings.app.keys = [AppKeySetting(name: "a", keyFile: try folder.write(name, text))]
            let found = ConfigurationFile.appKeys(settings, file: nil)
            #expect(
                found.keys.isEmpty && found.errors.count == 1 && "\(found.errors[0])".contains(fault), "\(found.errors)"
            )
        }
        for path in ["/dev/null", folder.path, folder.path + "/nothing"] {
            settings.app.keys = [AppKeySetting(name: "a", keyFile: path)]
            #expect(ConfigurationFile.appKeys(settings, file: nil).errors.count == 1)
        }
    }
    /// The file from the supervisor to the manager; a plain key is one, too.
    @Test func theManagersFile_isReadBack() throws {
        let keys = [
            AppKey(name: "app", rights: .all, secret: Array("a key\u{e9} with spaces".utf8)),
            AppKey(name: "shop", rights: [.publish, .read], secret: Array("0123456789".utf8)),
        ]
        #expect(try AppKeyList.parse(Array(AppKeyList.text(keys).utf8)) == keys)
        #expect(try AppKeyList.parse(Array(AppKeyList.text([]).utf8)).isEmpty)
        #expect(try AppKeyList.parse(Array("s3cret\r\n".utf8)).map(\.secret) == [Array("s3cret".utf8)])
        #expect(throws: AppKeyList.Mistake.self) { try AppKeyList.parse([]) }
        for cut in ["shop", "shop read ", "shop reed 0123456789"] {
            #expect(throws: AppKeyList.Mistake.self) { try AppKeyList.parse(Array((AppKeyList.text([]) + cut).utf8)) }
        }
    }
}
