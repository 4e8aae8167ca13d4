import Comet
import Configuration
import Daemon
import Glibc
import Reactor
import Wire

let daemon = Daemon(.worker)
let given = daemon.arguments.settings

func milliseconds(_ seconds: Double) -> UInt32 { UInt32(seconds * 1000) }

var settings = WorkerSettings()
settings.number = UInt8(daemon.arguments.number)
settings.pollTimeout = milliseconds(given.workers.pollTimeout)
settings.headerTimeout = milliseconds(given.workers.headerTimeout)
settings.idleTimeout = milliseconds(given.workers.idleTimeout)
settings.maxRequest = given.workers.maxRequest
settings.maxConnections = daemon.connectionLimit(given.workers.maxConnections, reserve: Limits.overflowConnections + 64)
settings.origins = given.workers.origins

let process = WorkerProcess(daemon.loop, settings, log: daemon.log)
process.start(
    listener: daemon.listener("clients", given.workers.address, daemon.arguments.port),
    manager: Endpoint(given.manager.address, UInt16(given.manager.port)), pid: UInt32(getpid()), token: daemon.token.bytes)
process.stateChanged = { daemon.reportNow() }
daemon.socketCount = { process.worker.connections }
daemon.fill = { process.fill(&$0) }
daemon.drain = { seconds, done in process.drain(seconds: seconds, done: done) }
daemon.serve()
