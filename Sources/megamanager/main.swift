import Configuration
import Daemon
import Reactor
import Stats

let daemon = Daemon(.manager)
let settings = daemon.arguments.settings
let process = ManagerProcess(
    daemon, key: daemon.appKey(), token: daemon.token == StatsToken() ? [] : daemon.token.bytes)
// Where workers alone would fill the processors, every message still goes through here: at three times the weight of
// one of them.
ProcessUsage.goFirst(by: 5)
process.start(
    workers: daemon.listener("workers", settings.manager.address, settings.manager.port),
    app: daemon.listener("app", settings.app.address, settings.app.port))
daemon.serve(process)
