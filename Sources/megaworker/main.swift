import Browser
import Comet
import Configuration
import Daemon
import Glibc
import Logging
import Reactor
import Stats

let daemon = Daemon(.worker)
let wanted = daemon.arguments.settings.workers

var settings = WorkerSettings()
settings.number = UInt8(daemon.arguments.number)
settings.pollTimeout = UInt32(wanted.pollTimeout * 1000)
settings.headerTimeout = UInt32(wanted.headerTimeout * 1000)
settings.idleTimeout = UInt32(wanted.idleTimeout * 1000)
settings.maxRequest = wanted.maxRequest
settings.maxConnections = daemon.connectionLimit(wanted.maxConnections, reserve: WorkerProcess.descriptorReserve)
settings.origins = wanted.origins
settings.jsonp = wanted.jsonp
settings.script = BrowserScript.bytes
settings.scriptETag = BrowserScript.etag

settings.tellsRequests = daemon.log.logLevel <= .debug

let process = WorkerProcess(daemon.loop, settings, trustedProxies: wanted.trustedProxies, log: daemon.log)
let manager = daemon.arguments.settings.manager
process.start(
    listener: daemon.listener("clients", wanted.address, daemon.arguments.port),
    manager: Endpoint(manager.address, UInt16(manager.port)),
    pid: UInt32(getpid()), token: daemon.token.bytes)
daemon.socketCount = { process.clients.worker.connections }
daemon.fill = { process.fill(&$0) }
daemon.load = { process.load }
daemon.drain = { seconds, done in process.drain(seconds: seconds, done: done) }
var wasLinked = false
process.stateChanged = {
    daemon.reportNow()
    guard process.clients.worker.isLinked != wasLinked else { return }
    wasLinked.toggle()
    if wasLinked {
        daemon.event(.info, "LINKED", "to the manager, \(process.clients.worker.waiting) clients announced")
    } else {
        daemon.event(.warning, "UNLINKED", "the manager is gone; \(process.clients.worker.waiting) clients stay")
    }
}
daemon.serve()
