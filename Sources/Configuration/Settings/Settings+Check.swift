import Base

/// A mistake between settings that are each right by themselves.
package struct SettingConflict: Equatable, Sendable {
    /// The setting to change first.
    package let key: String
    package let message: String
}

extension Settings {
    /// True for a loopback address: 127.0.0.0/8 and ::1.
    package static func isLoopback(_ address: String) -> Bool { IPAddress(address)?.isLoopback ?? false }

    /// The most origins. A connection keeps the number of its origin in a byte.
    private static let mostOrigins = 255

    /// The most prefixes of channels with presence. The name of each new channel is compared with all of them.
    private static let mostPresencePrefixes = 64

    /// The folder of the journal's files. `nil` if there are none.
    package var journalFolder: String? {
        guard queue.journal == "disk" else { return nil }
        return queue.journalDirectory.isEmpty ? "/var/lib/megacomet" : queue.journalDirectory
    }

    /// What the operator may not want. `check` says it, and each start warns of it.
    package func warnings() -> [String] { disclosures() + silences }
    /// A page takes a stream for dead when it was silent for a heartbeat and 8 s. A message that was written into the
    /// dead stream must still be there then.
    private var silences: [String] {
        guard workers.heartbeat + Settings.pagePatience >= queue.ttl else { return [] }
        return [
            "workers.heartbeat: with the 8 s of a page's patience it is not below queue.ttl. What is written into a "
                + "stream whose path has died is over before its page comes back"
        ]
    }
    /// Seconds of silence beyond a heartbeat after which megacomet.js gives a stream up.
    private static let pagePatience = 8.0

    /// What these settings give away.
    package func disclosures() -> [String] { openMailboxes + openStore }
    private var openMailboxes: [String] {
        guard tokens.areTaken, !tokens.areRequired else { return [] }
        return ["tokens.required: false, so whoever knows a client id can read its messages without a token"]
    }
    /// Sentences for the operator about what several settings decide together.
    package func notes() -> [String] { seedProtocolNotes + addressNotes + warnings() }
    private var addressNotes: [String] {
        guard workers.maxPerAddress > 0 || workers.acceptsPerAddress > 0, workers.trustedProxies.isEmpty else {
            return []
        }
        return [
            "workers.max_per_address, accepts_per_address: workers.trusted_proxies names no proxy. If there is one in "
                + "front, name it. Otherwise its clients are not bounded, or all have one address"
        ]
    }
    private var seedProtocolNotes: [String] {
        guard !cluster.isOn else { return [] }
        return switch (manager.seedProtocol, app.needsKey) {
        case (nil, false): ["manager.seed_protocol: on, since apps need no key"]
        case (nil, true): ["manager.seed_protocol: off, since apps need a key"]
        case (true?, true):
            [
                "manager.seed_protocol: on beside a key of apps: anyone on this machine can publish without the key, "
                    + "and can take a worker's number and its clients' messages"
            ]
        case (true?, false), (false?, _): []
        }
    }

    package func conflicts() -> [SettingConflict] {
        var found: [SettingConflict] = []
        func say(_ key: String, _ message: String) { found.append(SettingConflict(key: key, message: message)) }

        found += portConflicts + tlsConflicts
        if !app.key.isEmpty, !app.keyFile.isEmpty { say("app.key_file", "stands beside app.key: give one of both") }
        found += webhookConflicts
        if !Settings.isLoopback(app.address), !app.needsKey {
            say(
                "app.key",
                "app.address \(app.address) is not loopback, so a key is needed: anyone who reaches it could publish")
        }
        if workers.origins.count > 1, workers.origins.contains("*") {
            say("workers.origins", "\"*\" is all origins and stands alone")
        }
        if workers.origins.count > Settings.mostOrigins {
            say("workers.origins", "\(workers.origins.count) origins, and a worker takes \(Settings.mostOrigins)")
        }
        found += tokenConflicts + clusterConflicts
        if !Settings.isLoopback(stats.address) {
            say(
                "stats.address",
                "the stats channel is not for the network: use a loopback address, and /metrics for remote watching")
        }
        if supervisor.watchdog > 0, supervisor.watchdog < 3 * stats.interval {
            say(
                "supervisor.watchdog",
                "\(supervisor.watchdog) s is less than three reports (stats.interval \(stats.interval) s): every "
                    + "process would be killed"
            )
        }
        if supervisor.restartDelayMax < supervisor.restartDelay {
            say("supervisor.restart_delay_max", "less than supervisor.restart_delay")
        }
        if queue.maxBytes < queue.maxMessage {
            say("queue.max_bytes", "less than queue.max_message: no message of that size could wait")
        }
        if !channels.presence.isEmpty, !tokens.areRequired {
            say(
                "channels.presence",
                "tells subscribers the names of users, and without tokens a name opens its user's messages: set "
                    + "tokens.keys")
        }
        if channels.presence.count > Settings.mostPresencePrefixes {
            say(
                "channels.presence",
                "\(channels.presence.count) prefixes, and the manager takes \(Settings.mostPresencePrefixes)")
        }
        return found
    }

    private var webhookConflicts: [SettingConflict] {
        var found: [SettingConflict] = []
        func say(_ key: String, _ message: String) { found.append(SettingConflict(key: key, message: message)) }
        if !app.webhookKey.isEmpty, let fault = AppKey.fault(ofSecret: Array(app.webhookKey.utf8)) {
            say("app.webhook_key", fault)
        }
        if !app.webhookKey.isEmpty, !app.webhookKeyFile.isEmpty {
            say("app.webhook_key_file", "stands beside app.webhook_key: give one of both")
        }
        if !app.webhookCA.isEmpty, !app.webhook.lowercased().hasPrefix("https:") {
            say("app.webhook_ca", "app.webhook is no https URL, so no certificate is looked at")
        }
        return found
    }
    private var tokenConflicts: [SettingConflict] {
        var found: [SettingConflict] = []
        if tokens.areRequired, !tokens.areTaken {
            found.append(
                SettingConflict(
                    key: "tokens.keys", message: "no file is named, and tokens are required: nobody could poll"))
        }
        if !tokens.cookie.isEmpty, !tokens.areTaken {
            found.append(SettingConflict(key: "tokens.keys", message: "no file is named, so no cookie has a token"))
        }
        if !tokens.cookie.isEmpty, workers.origins.contains("*") {
            found.append(
                SettingConflict(
                    key: "workers.origins",
                    message: "with tokens.cookie it names the origins of your pages: \"*\" would let any page ask with "
                        + "its visitor's cookie"))
        }
        return found
    }

    /// The settings whose values differ, in the order of the table.
    package func changes(to other: Settings) -> [Setting] {
        Setting.all.filter { $0.value(in: self) != $0.value(in: other) }
    }
}
