import Base
import Configuration
import Daemon
import Reactor
import Stats

let daemon = Daemon(.manager)
let settings = daemon.arguments.settings
let keys: [AppKey]
do { keys = try daemon.appKeys() } catch { daemon.fail(error.code, "\(error)") }
let process = ManagerProcess(
    daemon, keys: keys, token: daemon.token == StatsToken() ? [] : daemon.token.bytes)
// Even if workers alone would fill the processors, every message still goes through the manager. So it has three times
// the weight of one worker.
ProcessUsage.goFirst(by: 5)
process.start(
    workers: daemon.listener("workers", settings.manager.address, settings.manager.port),
    app: daemon.listener("app", settings.app.address, settings.app.port))
daemon.serve(process)
