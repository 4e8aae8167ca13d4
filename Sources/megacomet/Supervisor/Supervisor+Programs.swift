import Configuration
import Foundation
import Reactor
import Supervision

// Which programs are started, and with what.
extension Supervisor {
    /// The folder of the daemons: this program's own, or what MEGACOMET_PROGRAMS names (to try a build beside the
    /// installed one).
    static let programFolder = ProcessInfo.processInfo.environment["MEGACOMET_PROGRAMS"] ?? ProcessTable.ownFolder
    /// The children's environment is the supervisor's, without what the service manager meant for it alone.
    static let environment: [String] = ProcessInfo.processInfo.environment
        .filter {
            ![
                "NOTIFY_SOCKET", "FDSTORE", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID",
                "LISTEN_FDNAMES", "MEGACOMET_LIFELINE", inheritance,
            ].contains($0.key)
        }
        .map { "\($0.key)=\($0.value)" }.sorted()

    static func program(_ name: ProcessName) -> String {
        programFolder + (name == .manager ? "/megamanager" : "/megaworker")
    }
    func checkPrograms() throws {
        for name in [ProcessName.manager, .worker(0)] {
            let path = Supervisor.program(name)
            guard access(path, F_OK) == 0 else {
                throw StartFailure(StartFailure.unavailable, "a program is missing: \(path)")
            }
            guard access(path, X_OK) == 0 else { throw StartFailure(StartFailure.denied, "may not be run: \(path)") }
        }
    }
    func arguments(_ copy: CopyName) -> [String] {
        switch copy.name {
        case .manager:
            DaemonArguments(
                .manager, generation: copy.generation, appKeyFile: settings.app.key.isEmpty ? nil : folder.appKey,
                settings: settings
            ).arguments
        case .worker(let number):
            DaemonArguments(.worker, number: number, generation: copy.generation, settings: settings).arguments
        }
    }
    /// The key that apps must send goes to the manager in a file: arguments can be read by everyone.
    func writeAppKey() throws {
        if settings.app.key.isEmpty {
            unlink(folder.appKey)
        } else {
            try RunFolder.write(folder.appKey, settings.app.key + "\n", mode: 0o600)
        }
    }
}

extension Settings {
    /// The knobs of the fleet, in its milliseconds.
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
