import Base
import Configuration
import Glibc
import Reactor
import Supervision

// The arguments and files with which the programs are started.
extension Supervisor {
    func arguments(_ copy: CopyName) -> [String] {
        switch copy.name {
        case .manager:
            DaemonArguments(
                .manager, generation: copy.generation, appKeyFile: folder.appKey,
                redisFile: settings.cluster.isOn ? folder.redis : nil, settings: settings
            ).arguments
        case .webhook:
            DaemonArguments(
                .webhook, generation: copy.generation, webhookKeyFile: folder.webhookKey, settings: settings
            ).arguments
        case .worker(let number):
            DaemonArguments(.worker, number: number, generation: copy.generation, settings: settings).arguments
        }
    }
    /// Writes the keys of apps into a file for the manager, since everyone can read arguments. If there are none, the
    /// file says so. So a manager that is told to read it again learns of its first key, too.
    func writeAppKeys() throws { try Files.write(folder.appKey, AppKeyList.text(appKeys), mode: 0o600) }
    /// Writes the webhook's key into a file for it. The file is empty if there is none.
    func writeWebhookKey() throws {
        guard settings.app.hasWebhook else { return }
        try Files.write(folder.webhookKey, String(decoding: webhookKey, as: UTF8.self), mode: 0o600)
    }
    /// Writes the address of the store, which may have a password in it, into a file for the manager.
    func writeRedisAddress() throws {
        guard settings.cluster.isOn else {
            unlink(folder.redis)
            return
        }
        try Files.write(folder.redis, settings.cluster.redis, mode: 0o600)
    }
    /// Writes the file of keys that a process reads. `nil`: those of all processes.
    func writeKeys(for name: ProcessName? = nil) throws {
        if name ?? .manager == .manager {
            try writeAppKeys()
            try writeRedisAddress()
        }
        if name ?? .webhook == .webhook { try writeWebhookKey() }
    }
}

extension Settings {
    /// The settings of the fleet, in its milliseconds.
    func fleet(hearsReports: Bool) -> FleetSettings {
        func milliseconds(_ seconds: Double) -> Milliseconds { Milliseconds((seconds * 1000).rounded()) }
        var fleet = FleetSettings()
        fleet.workers = workers.count
        fleet.hasWebhook = app.hasWebhook
        fleet.restart.delay = milliseconds(supervisor.restartDelay)
        fleet.restart.delayMax = milliseconds(supervisor.restartDelayMax)
        fleet.restart.crashLoopExits = supervisor.crashloopExits
        fleet.restart.crashLoopWindow = milliseconds(supervisor.crashloopWindow)
        fleet.restart.crashLoopRetry = milliseconds(supervisor.crashloopWindow)
        fleet.restart.calm = milliseconds(supervisor.crashloopWindow)
        fleet.reportInterval = hearsReports && supervisor.watchdog > 0 ? milliseconds(stats.interval) : nil
        fleet.watchdog = milliseconds(supervisor.watchdog)
        fleet.hangPause = 3 * fleet.watchdog
        fleet.drain = milliseconds(supervisor.drain)
        fleet.stop = milliseconds(supervisor.stop)
        fleet.killAfter = milliseconds(supervisor.stop)
        return fleet
    }
}
