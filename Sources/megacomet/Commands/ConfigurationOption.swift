import ArgumentParser
import Base
import Configuration
import ConfigurationFile
import Glibc

/// `-c FILE`, on every command; otherwise /etc/megacomet/megacomet.toml where there is one, otherwise the defaults.
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
    /// For commands to a supervisor that runs: a mistake that was made in its file since must not lock the operator
    /// out.
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
    /// Where the supervisor of this configuration is.
    func folder() throws -> RunFolder { RunFolder(path: RunDirectory.find(try settingsOfWhatRuns())) }
    func client() throws -> ControlClient { ControlClient(folder: try folder()) }
    /// For commands by which the supervisor reads the file: a mistake in it is said here already, and it is not asked.
    func clientOfGoodFile() throws -> ControlClient {
        _ = try settings()
        return try client()
    }
}
