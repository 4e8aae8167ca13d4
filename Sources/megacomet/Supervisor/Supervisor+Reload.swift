import Base
import Configuration
import ConfigurationFile
import Foundation
import Reactor
import Stats
import Supervision

extension Supervisor {
    /// Reads the file again, all or nothing: one mistake in it, and everything stays as it was.
    @discardableResult
    func reload(by: String) throws(Refusal) -> ReloadAnswer {
        serviceManager.reloading()
        defer { serviceManager.tell("READY=1") }
        switch loadAgain() {
        case .errors(let errors):
            let errors = errors.map { plainText($0.description) }
            isConfigurationGood = false
            events.tell(.error, "RELOAD_FAILED", "by \(by), nothing changed: " + errors.joined(separator: "; "))
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
            events.tell(.warning, "OPENED", "by the new configuration: " + opened.joined(separator: "; "))
        }
        configurationGeneration += 1
        do { try writeAppKey() } catch { events.tell(.warning, "RELOAD", "app.key: \(error)") }
        for child in children.all { child.reload() }
        var text = by
        for (when, keys) in [
            ("in force", result.changed), ("at the next restart of a process", result.atRestart),
            ("only after stop and start", result.atStart),
        ] where !keys.isEmpty { text += "; \(when): " + keys.joined(separator: ", ") }
        perform(fleet.reloaded(new.fleet(hearsReports: hearsReports), by: text, now: Supervisor.now))
        return result
    }
    /// Reads the file while processes run by it. A file that says nothing any more is nobody's wish.
    func loadAgain() -> ConfigurationFile.Outcome {
        configuration.load(refusesEmpty: inOurFolder(configuration.defaults) != settings)
    }
    /// A file that names no run directory means the directory that was found for it.
    func inOurFolder(_ new: Settings) -> Settings {
        var new = new
        if new.runDirectory == Settings().runDirectory { new.runDirectory = settings.runDirectory }
        return new
    }
}

extension Settings {
    /// The access that the new settings give beyond these. It is told, since a file that a full disk has cut may give
    /// it, too.
    fileprivate func opened(by new: Settings) -> [String] {
        var opened: [String] = []
        if !app.key.isEmpty, new.app.key.isEmpty {
            opened.append("app.key is gone, and whoever reaches the app port may publish")
        }
        if !workers.origins.contains("*"), new.workers.origins.contains("*") {
            opened.append("workers.origins lets pages of every origin in")
        }
        if tokens.areRequired, !new.tokens.areTaken {
            opened.append("tokens.keys is gone, and whoever knows a client id can read its messages")
        }
        let before = disclosures()
        opened += new.disclosures().filter { !before.contains($0) }
        return opened
    }
}
