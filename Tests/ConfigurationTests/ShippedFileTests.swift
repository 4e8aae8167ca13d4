import Configuration
import ConfigurationFile
import Foundation
import Testing

/// The repository's root, found from the path of this file.
let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

/// The shipped files are made from the table. After a change of the table: `UPDATE=1 swift test --filter
/// ShippedFileTests`.
@Suite struct ShippedFileTests {
    static func check(_ file: String, holds wanted: String) throws {
        let url = repository.appendingPathComponent(file)
        if ProcessInfo.processInfo.environment["UPDATE"] != nil {
            try wanted.write(to: url, atomically: true, encoding: .utf8)
        }
        #expect(
            try String(contentsOf: url, encoding: .utf8) == wanted, "\(file) is not what the table of settings says")
    }

    @Test func shippedFile_isMadeFromTheTable() throws {
        try ShippedFileTests.check("config/megacomet.toml", holds: Settings().fileText())
    }

    @Test func shippedFile_isTheDefaults() {
        let path = repository.appendingPathComponent("config/megacomet.toml").path
        #expect(ConfigurationFile.load(path) == .settings(Settings()))
        #expect(ConfigurationFile.load(nil) == .settings(Settings()))
    }

    /// systemd keeps every listener when a supervisor dies: one for each worker, and two for the manager. It keeps the
    /// memory of the queue as well, and two that were set aside.
    @Test func unit_keepsAsManyDescriptorsAsThereCanBe() throws {
        guard case .integer(_, let workers, _)? = Setting.named("workers.count")?.field else {
            throw CocoaError(.featureUnsupported)
        }
        let unit = try String(
            contentsOf: repository.appendingPathComponent("config/megacomet.service"), encoding: .utf8)
        #expect(unit.contains("\nFileDescriptorStoreMax=\(2 * workers.upperBound + 7)\n"))
    }

    @Test func everySetting_isInTheTableOnce_andHasAMeaning() {
        #expect(Set(Setting.all.map(\.key)).count == Setting.all.count)
        for setting in Setting.all { #expect(setting.meaning.count > 10 && setting.meaning.hasSuffix(".")) }
        // A field of Settings that no row points to could never be set: count the stored values.
        var fields = 0
        for section in Mirror(reflecting: Settings()).children {
            let inner = Mirror(reflecting: section.value)
            fields += inner.displayStyle == .struct ? inner.children.count : 1
        }
        #expect(fields == Setting.all.count)
    }
}

@Suite struct SettingsDocumentationTests {
    @Test func theManualsListOfKeys_isTheTable() throws {
        let file = repository.appendingPathComponent("docs/settings.txt")
        let text = try String(contentsOf: file, encoding: .utf8)
        guard let start = text.range(of: "\nKeys:\n\n") else {
            Issue.record("docs/settings.txt has no list of keys")
            return
        }
        let list = start.upperBound..<text.endIndex
        let wanted = Settings.documentation()
        if ProcessInfo.processInfo.environment["UPDATE"] != nil, text[list] != wanted {
            try text.replacingCharacters(in: list, with: wanted).write(
                to: file, atomically: true, encoding: .utf8)
        } else {
            #expect(text[list] == wanted, "docs/settings.txt is not what the table says")
        }
    }
}
