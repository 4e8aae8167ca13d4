import Comet
import Configuration
import Daemon
import Reactor

let daemon = Daemon(.manager)
let given = daemon.arguments.settings

var settings = QueueSettings()
settings.timeToLive = UInt32(given.queue.ttl * 1000)
settings.maxMessage = given.queue.maxMessage
settings.maxPerClient = given.queue.maxPerClient
settings.maxMessages = given.queue.maxMessages
settings.maxBytes = given.queue.maxBytes
settings.workers = given.workers.count

let process = ManagerProcess(daemon.loop, settings, key: daemon.appKey(), log: daemon.log)
process.start(
    workers: daemon.listener("workers", given.manager.address, given.manager.port),
    app: daemon.listener("app", given.app.address, given.app.port), speaksSeed: given.manager.seedProtocol)
process.stateChanged = { daemon.reportNow() }
daemon.socketCount = { (process.links?.count ?? 0) + (process.apps?.count ?? 0) }
daemon.fill = { process.fill(&$0) }
// The queue can't outlive the process, and nobody is served better by a manager that lingers.
daemon.drain = { _, done in
    process.stop()
    done()
}
daemon.serve()
