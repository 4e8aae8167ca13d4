import Base
import Configuration
import Reactor
import Supervision

// The arguments and files with which the programs are started.
extension Supervisor {
    func arguments(_ copy: CopyName) -> [String] {
        switch copy.name {
        case .manager:
            DaemonArguments(
                .manager, generation: copy.generation, appKeyFile: folder.appKey, settings: settings
            ).arguments
        case .worker(let number):
            DaemonArguments(.worker, number: number, generation: copy.generation, settings: settings).arguments
        }
    }
    /// Writes the keys of apps into a file for the manager, since everyone can read arguments. If there are none, the
    /// file says so. So a manager that is told to read it again learns of its first key, too.
    func writeAppKeys() throws { try Files.write(folder.appKey, AppKeyList.text(appKeys), mode: 0o600) }
}

extension Settings {
    /// The settings of the fleet, in its milliseconds.
    func fleet(hearsReports: Bool) -> FleetSettings {
        func milliseconds(_ seconds: Double) -> Milliseconds { Milliseconds((seconds * 1000).rounded()) }
        var fleet = FleetSettings()
        fleet.workers = workers.count
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
