import Base
import Configuration
import ConfigurationFile
import Reactor
import Stats
import Supervision
import Watch

extension Supervisor {
    /// Reads the file again, all or nothing: one mistake in it, and everything stays as it was.
    @discardableResult
    func reload(by: String) throws(Refusal) -> ReloadAnswer {
        serviceManager.reloading()
        defer { serviceManager.tell("READY=1") }
        switch loadAgain() {
        case .errors(let errors): throw refused(errors.map(\.description), by: by)
        case .settings(let read):
            let (keys, webhookKey, mistakes) = readKeys(read)
            guard mistakes.isEmpty else { throw refused(mistakes, by: by) }
            return take(inOurFolder(read), keys, webhookKey, by: by)
        }
    }
    /// The keys of apps and of the webhook that the settings name, and every mistake in files with keys, also in those
    /// of tokens and TLS.
    func readKeys(_ read: Settings) -> (apps: AppKeySet, webhook: [UInt8], mistakes: [String]) {
        let keys = ConfigurationFile.appKeys(read, file: configuration.file)
        let (webhook, fault) = WebhookKey.look(read)
        let mistakes =
            keys.errors.map(\.description) + [fault].compactMap(\.self) + TokenKeys.check(read)
            + WorkersCertificate.check(read)
        return (keys, webhook, mistakes.map { plainText($0) })
    }
    private func refused(_ errors: [String], by: String) -> Refusal {
        let errors = errors.map { plainText($0) }
        isConfigurationGood = false
        events.tell(.error, .reloadFailed, "by \(by), nothing changed: " + errors.joined(separator: "; "))
        return Refusal("config", errors.joined(separator: "\n"))
    }
    private func take(_ read: Settings, _ keys: AppKeySet, _ webhook: [UInt8], by: String) -> ReloadAnswer {
        var result = ReloadAnswer()
        var new = read
        for setting in settings.changes(to: new) {
            switch applies(setting, read) {
            case .reload: result.changed.append(setting.key)
            case .restart: result.atRestart.append(setting.key)
            case .start:
                result.atStart.append(setting.key)
                try? setting.set(setting.value(in: settings), in: &new)
            }
        }
        if keys.keys != appKeys { note(keys, new, &result) }
        if webhook != webhookKey, !result.changed.contains(where: { $0.hasPrefix("app.webhook_key") }) {
            result.changed.append("app.webhook_key_file")
        }
        webhookKey = webhook
        let opened = settings.opened(by: new)
        settings = new
        isConfigurationGood = true
        hub?.watchman.set(.init(settings.supervisor))
        if !opened.isEmpty {
            events.tell(.warning, .opened, "by the new configuration: " + opened.joined(separator: "; "))
        }
        configurationGeneration += 1
        do { try writeAppKeys() } catch { events.tell(.warning, .reload, "app.keys: \(error)") }
        do { try writeWebhookKey() } catch { events.tell(.warning, .reload, "app.webhook_key: \(error)") }
        do { try writeRedisAddress() } catch { events.tell(.warning, .reload, "cluster.redis: \(error)") }
        for warning in keys.warnings + WebhookKey.warnings(new) + TokenKeys.warnings(new) {
            events.tell(.warning, .settings, warning)
        }
        if tls.take(new), !result.atRestart.contains("tls.certificate") { result.changed.append("tls.certificate") }
        for child in children.all { child.reload() }
        var text = by
        for (when, keys) in [
            ("in force", result.changed), ("at the next restart of a process", result.atRestart),
            ("only after stop and start", result.atStart),
        ] where !keys.isEmpty { text += "; \(when): " + keys.joined(separator: ", ") }
        perform(fleet.reloaded(new.fleet(hearsReports: hearsReports), by: text, now: Supervisor.now))
        return result
    }
    /// When a setting is taken. TLS as a whole is switched on and off by stop and start, as its ports are: until then
    /// each worker that starts needs the certificate that goes with them. The webhook's process comes and goes so, too.
    private func applies(_ setting: Setting, _ read: Settings) -> Setting.Applies {
        if setting.section == "tls", settings.tls.isOn != read.tls.isOn { return .start }
        if setting.key.hasPrefix("app.webhook"), settings.app.hasWebhook != read.app.hasWebhook { return .start }
        return setting.applies
    }
    /// Takes other keys. If no setting has changed, a file has, and its setting is told.
    private func note(_ keys: AppKeySet, _ new: Settings, _ result: inout ReloadAnswer) {
        appKeys = keys.keys
        let rows = ["app.key", "app.key_file", "app.keys"].compactMap(Setting.named)
        guard !rows.contains(where: { $0.value(in: settings) != $0.value(in: new) }) else { return }
        result.changed.append(new.app.keys.contains { !$0.keyFile.isEmpty } ? "app.keys" : "app.key_file")
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
        if app.needsKey, !new.app.needsKey {
            opened.append("the key of apps is gone, and whoever reaches the app port may publish")
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
