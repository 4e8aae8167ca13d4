import ArgumentParser
import Base
import Configuration
import ConfigurationFile
import Glibc

/// `-c FILE`, on every command. Without it /etc/megacomet/megacomet.toml is read if it is there. Otherwise the defaults
/// are used.
struct ConfigurationOption: ParsableArguments {
    @Option(
        name: [.customShort("c"), .customLong("config")], help: "The configuration file.",
        completion: .configurationFile)
    var file: String?

    func source() -> ConfigurationSource { ConfigurationSource(file: ConfigurationFile.path(file)) }
    func settings() throws -> Settings { try load(source()) }
    func load(_ source: ConfigurationSource) throws -> Settings {
        if let file = source.file, let denied = PermissionDenied(file, R_OK) { throw complaint(denied) }
        switch source.load() {
        case .settings(let settings): return settings
        case .errors(let errors):
            errors.forEach { complain(plainText("\($0)")) }
            throw ExitCode(StartFailure.configuration)
        }
    }
    /// The keys of apps that the settings name, also those in files.
    func appKeys(_ settings: Settings) throws -> AppKeySet {
        let keys = ConfigurationFile.appKeys(settings, file: source().file)
        if let denied = keys.denied { throw complaint(denied) }
        guard keys.errors.isEmpty else {
            keys.errors.forEach { complain(plainText("\($0)")) }
            throw ExitCode(StartFailure.configuration)
        }
        return keys
    }
    /// The settings for commands to a supervisor that runs. Its file may have got a mistake since its start, which must
    /// not lock the operator out.
    func settingsOfWhatRuns() throws -> Settings {
        let source = source()
        if let file = source.file, let denied = PermissionDenied(file, R_OK) { throw complaint(denied) }
        if let file = source.file, ConfigurationFile.saysNothing(file),
            let folder = RunFolder.ofSupervisor(startedWith: file)
        {
            complain("\(file) says nothing: what runs goes by what it read before")
            var settings = try settings()
            settings.runDirectory = folder
            return settings
        }
        if case .errors = source.load(), let file = source.file,
            let settings = ConfigurationFile.settingsBesideMistakes(file)
        {
            complain("\(file) has mistakes (`megacomet check`): what runs goes by what it read before")
            return settings
        }
        return try settings()
    }
    /// The run directory of the supervisor with this configuration.
    func folder() throws -> RunFolder { RunFolder(path: RunDirectory.find(try settingsOfWhatRuns())) }
    func client() throws -> ControlClient { ControlClient(folder: try folder()) }
    /// The client for commands that make the supervisor read the file. A mistake in the file is reported here, and the
    /// supervisor is not asked.
    func clientOfGoodFile() throws -> ControlClient {
        _ = try settings()
        return try client()
    }
}
