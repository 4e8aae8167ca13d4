import Base
import Browser
import Comet
import Configuration
import Daemon
import Logging
import Reactor
import TLS
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

// The keys of tokens are the first that OpenSSL is used for.
let tls = daemon.arguments.settings.tls
if tls.isOn, !TLSContext.wipeFreedMemory() || !TLSContext.protectKeys() {
    daemon.log.warning("keys can't be protected: core files would have them")
}
let process = WorkerProcess(daemon, settings)
do throws(TokenKeys.Mistake) {
    process.clients.worker.changeTokens(try TokenKeys.verifier(daemon.arguments.settings.tokens))
} catch {
    daemon.fail(78, error.description)
}
do throws(Certificates.Mistake) {
    process.use(try Certificates.read(tls))
} catch {
    daemon.fail(error.code, error.description)
}
var listeners = [(descriptor: daemon.listener("clients", wanted.address, daemon.arguments.port), isSecure: false)]
for (name, port, isSecure) in [
    ("tls", daemon.arguments.tlsPort, true), ("shared", wanted.port, false),
    ("shared-tls", tls.port, true),
] where port > 0 {
    listeners.append((daemon.listener(name, wanted.address, port), isSecure))
}
let manager = daemon.arguments.settings.manager
process.start(
    listeners,
    manager: Endpoint(manager.address, UInt16(manager.port)).onThisMachine)
daemon.serve(process)
