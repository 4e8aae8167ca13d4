import Base
import Configuration
import ConfigurationFile
import Foundation
import Reactor
import Stats
import Supervision

/// Where the settings come from: the file, and the flags over it. Read again at a reload.
struct ConfigurationSource {
    /// Nil: the defaults.
    var file: String?
    var workers: Int?
    var basePort: Int?
    /// Tell people at the first start how to use it.
    var isVerbose = true

    /// The words that name this source on a command line.
    var flags: [String] {
        (file.map { ["-c", $0] } ?? []) + (workers.map { ["--workers", "\($0)"] } ?? [])
            + (basePort.map { ["--base-port", "\($0)"] } ?? [])
    }
    func load(refusesEmpty: Bool = false) -> ConfigurationFile.Outcome {
        ConfigurationFile.load(file, refusesEmpty: refusesEmpty, overrides: override)
    }
    /// What would be in force without a file.
    var defaults: Settings {
        var settings = Settings()
        override(&settings)
        return settings
    }
    private func override(_ settings: inout Settings) {
        if let workers { settings.workers.count = workers }
        if let basePort { settings.workers.basePort = basePort }
    }

    func sayHowToUse(_ settings: Settings) {
        guard isVerbose else { return }
        let client = settings.workers.address == "0.0.0.0" ? "127.0.0.1" : settings.workers.address
        let key = settings.app.key.isEmpty ? "" : " -H 'Authorization: Bearer KEY'"
        let folder = ProcessTable.ownPath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
            separator: "/")
        let option = Shell.option(configuration: file)
        let app = "http://\(settings.app.address):\(settings.app.port)"
        let numbers = "http://\(settings.operator.address):\(settings.operator.port)"
        print(
            """

            poll       curl http://\(client):\(settings.workers.basePort)/alice.json
            publish    curl\(key) \(app)/publish -d '{"client":"alice","message":"hello"}'
            or         \(Shell.typed("megacomet", in: folder)) publish\(option) alice hello
            watch      \(Shell.typed("megatop", in: folder))\(option), or \(numbers)/metrics /health /status

            """)
        fflush(nil)
    }
}

extension Supervisor {
    /// All or nothing: one mistake in the file, and everything stays as it was.
    @discardableResult
    func reload(by: String) throws(Refusal) -> ReloadAnswer {
        serviceManager.reloading()
        defer { serviceManager.tell("READY=1") }
        switch loadAgain() {
        case .errors(let errors):
            let errors = errors.map { plainText($0.description) }
            isConfigurationGood = false
            tell(.error, "RELOAD_FAILED", "by \(by), nothing changed: " + errors.joined(separator: "; "))
            throw Refusal("config", errors.joined(separator: "\n"))
        case .settings(let read): return take(inOurFolder(read), by: by)
        }
    }
    private func take(_ read: Settings, by: String) -> ReloadAnswer {
        var result = ReloadAnswer()
        var new = read
        for setting in settings.changes(to: new) {
            switch setting.applies {
            case .reload: result.changed.append(setting.key)
            case .restart: result.atRestart.append(setting.key)
            case .start:
                result.atStart.append(setting.key)
                try? setting.set(setting.value(in: settings), in: &new)
            }
        }
        let opened = settings.opened(by: new)
        settings = new
        isConfigurationGood = true
        if !opened.isEmpty {
            tell(.warning, "OPENED", "by the new configuration: " + opened.joined(separator: "; "))
        }
        configurationGeneration += 1
        do { try writeAppKey() } catch { tell(.warning, "RELOAD", "app.key: \(error)") }
        var text = by
        for (when, keys) in [
            ("in force", result.changed), ("at the next restart of a process", result.atRestart),
            ("only after stop and start", result.atStart),
        ] where !keys.isEmpty { text += "; \(when): " + keys.joined(separator: ", ") }
        perform(fleet.reloaded(new.fleet(hearsReports: hearsReports), by: text, now: Supervisor.now))
        return result
    }
    /// The file, where something runs by it: one that says nothing any more is no wish of anybody.
    func loadAgain() -> ConfigurationFile.Outcome {
        configuration.load(refusesEmpty: inOurFolder(configuration.defaults) != settings)
    }
    /// A file that names no run directory means the one that was found for it.
    func inOurFolder(_ new: Settings) -> Settings {
        var new = new
        if new.runDirectory == Settings().runDirectory { new.runDirectory = settings.runDirectory }
        return new
    }
}

extension Settings {
    /// What the new ones let in that these keep out: a file that a full disk has cut says so too.
    fileprivate func opened(by new: Settings) -> [String] {
        var opened: [String] = []
        if !app.key.isEmpty, new.app.key.isEmpty {
            opened.append("app.key is gone, and whoever reaches the app port may publish")
        }
        if !workers.origins.contains("*"), new.workers.origins.contains("*") {
            opened.append("workers.origins lets pages of every origin in")
        }
        return opened
    }
}
