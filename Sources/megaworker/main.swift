// placeholder until Daemon
import Browser
import Comet
import Glibc
import Logging
import Reactor
import Wire

var settings = WorkerSettings()
settings.script = BrowserScript.bytes
settings.scriptETag = BrowserScript.etag
var address = "127.0.0.1"
var port: UInt16 = 8000
var manager = Endpoint("127.0.0.1", 9000)
var drainSeconds = 60.0
var list = CommandLine.arguments.dropFirst()
while let name = list.popFirst() {
    let value = list.popFirst() ?? ""
    switch name {
    case "--number": settings.number = UInt8(value) ?? 0
    case "--address": address = value
    case "--port": port = UInt16(value) ?? 0
    case "--manager": manager = Endpoint(String(value.split(separator: ":")[0]), UInt16(value.split(separator: ":")[1]) ?? 0)
    case "--poll-timeout": settings.pollTimeout = UInt32((Double(value) ?? 50) * 1000)
    case "--header-timeout": settings.headerTimeout = UInt32((Double(value) ?? 50) * 1000)
    case "--idle-timeout": settings.idleTimeout = UInt32((Double(value) ?? 50) * 1000)
    case "--max-connections": settings.maxConnections = Int(value) ?? 0
    case "--max-request": settings.maxRequest = Int(value) ?? 0
    case "--origins": settings.origins = value.split(separator: ",").map(String.init)
    case "--drain": drainSeconds = Double(value) ?? 0
    default: break
    }
}
let loop = Loop()
let log = Logger(label: "worker")
let process = WorkerProcess(loop, settings, log: log)
let listener = try Sockets.listen(Endpoint(address, port))
process.start(listener: listener, manager: manager, pid: UInt32(getpid()), token: Array(repeating: 0, count: 16))
let term = SignalWatcher(loop, SIGTERM) { process.drain(seconds: drainSeconds) { loop.stop() } }
let interrupt = SignalWatcher(loop, SIGINT) { loop.stop() }
log.info("ready on \(address):\(port)")
loop.run()
