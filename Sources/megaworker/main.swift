import Base
import Browser
import Comet
import Configuration
import Daemon
import Logging
import Reactor
import Wire

let daemon = Daemon(.worker)
let wanted = daemon.arguments.settings.workers

var settings = WorkerSettings()
settings.number = UInt8(daemon.arguments.number)
settings.pollTimeout = UInt32(wanted.pollTimeout * 1000)
settings.heartbeat = UInt32(wanted.heartbeat * 1000)
settings.headerTimeout = UInt32(wanted.headerTimeout * 1000)
settings.idleTimeout = UInt32(wanted.idleTimeout * 1000)
settings.maxRequest = wanted.maxRequest
settings.maxConnections = daemon.connectionLimit(wanted.maxConnections, reserve: WorkerProcess.descriptorReserve)
settings.origins = wanted.origins
settings.jsonp = wanted.jsonp
settings.maxPerAddress = wanted.maxPerAddress
settings.acceptsPerAddress = wanted.acceptsPerAddress
settings.forwardedFor = ForwardedFor(trusted: wanted.trustedProxies)
settings.files = [
    .script: .init(BrowserScript.script.bytes, etag: BrowserScript.script.etag),
    .module: .init(BrowserScript.module.bytes, etag: BrowserScript.module.etag),
    .types: .init(BrowserScript.types.bytes, etag: BrowserScript.types.etag),
]
settings.tellsRequests = daemon.log.logLevel <= .debug

settings.requiresTokens = daemon.arguments.settings.tokens.areRequired
settings.tokenCookie = Array(daemon.arguments.settings.tokens.cookie.utf8)

let process = WorkerProcess(daemon, settings)
do throws(TokenKeys.Mistake) {
    process.clients.worker.changeTokens(try TokenKeys.verifier(daemon.arguments.settings.tokens))
} catch {
    daemon.fail(78, error.description)
}
let manager = daemon.arguments.settings.manager
process.start(
    listener: daemon.listener("clients", wanted.address, daemon.arguments.port),
    manager: Endpoint(manager.address, UInt16(manager.port)).onThisMachine)
daemon.serve(process)
