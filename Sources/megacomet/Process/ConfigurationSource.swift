import Base
import Configuration
import ConfigurationFile
import Glibc
import Reactor

/// The source of the settings: the file, the variables that count for more, and the flags that count for more than
/// both. A reload reads it again.
struct ConfigurationSource {
    /// `nil` for the defaults.
    var file: String?
    var workers: Int?
    var basePort: Int?
    /// Tells people at the first start how to use it.
    var isVerbose = true

    /// The command-line flags that name this source.
    var flags: [String] {
        (file.map { ["-c", $0] } ?? []) + (workers.map { ["--workers", "\($0)"] } ?? [])
            + (basePort.map { ["--base-port", "\($0)"] } ?? [])
    }
    func load(refusesEmpty: Bool = false) -> ConfigurationFile.Outcome {
        ConfigurationFile.load(file, refusesEmpty: refusesEmpty, overrides: override)
    }
    /// The settings that would be in force without a file.
    var defaults: Settings {
        if case .settings(let settings) = ConfigurationFile.load(nil, overrides: override) { return settings }
        var settings = Settings()
        override(&settings)
        return settings
    }
    /// Says which settings do not come from the file.
    var notes: [String] {
        var flags: [String: String] = [:]
        if workers != nil { flags["workers.count"] = "--workers" }
        if basePort != nil { flags["workers.base_port"] = "--base-port" }
        let given = EnvironmentSettings.given(by: Environment.all).map(\.setting)
        return Setting.all.compactMap { setting in
            let variable = given.contains { $0.key == setting.key } ? EnvironmentSettings.variable(setting) : nil
            if let flag = flags[setting.key] {
                return "\(setting.key) is from \(flag)" + (variable.map { ", which counts for more than \($0)" } ?? "")
            }
            return variable.map { "\(setting.key) is from \($0)" }
        }
    }
    private func override(_ settings: inout Settings) {
        if let workers { settings.workers.count = workers }
        if let basePort { settings.workers.basePort = basePort }
    }

    func sayHowToUse(_ settings: Settings) {
        guard isVerbose else { return }
        func url(_ address: String, _ port: Int) -> String { "http://\(Endpoint(address, UInt16(port)).onThisMachine)" }
        let key = !settings.app.needsKey ? "" : " -H 'Authorization: Bearer KEY'"
        let folder = Files.ownFolder
        let option = Shell.option(configuration: file)
        let client = url(settings.workers.address, settings.workers.basePort)
        let app = url(settings.app.address, settings.app.port)
        let numbers = url(settings.operator.address, settings.operator.port)
        print(
            """

            poll       curl \(client)/alice.json
            publish    curl\(key) \(app)/publish -d '{"client":"alice","message":"hello"}'
            or         \(Shell.typed("megacomet", in: folder)) publish\(option) alice hello
            watch      \(Shell.typed("megatop", in: folder))\(option), or \(numbers)/metrics /health /status

            """)
        fflush(nil)
    }
}
