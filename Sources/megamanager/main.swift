import Comet
import Glibc
import Logging
import Reactor

// Until the daemons' shared start lands: the settings by hand.
var settings = QueueSettings()
var (address, port, appAddress, appPort) = ("127.0.0.1", UInt16(9000), "127.0.0.1", UInt16(9001))
var key: [UInt8] = []
var speaksSeed = true
var list = CommandLine.arguments.dropFirst()
while let name = list.popFirst() {
    let value = list.popFirst() ?? ""
    switch name {
    case "--address": address = value
    case "--port": port = UInt16(value) ?? 0
    case "--app-address": appAddress = value
    case "--app-port": appPort = UInt16(value) ?? 0
    case "--seed-protocol": speaksSeed = value == "true"
    case "--workers": settings.workers = Int(value) ?? 0
    case "--ttl": settings.timeToLive = UInt32((Double(value) ?? 60) * 1000)
    case "--max-message": settings.maxMessage = Int(value) ?? 0
    case "--max-per-client": settings.maxPerClient = Int(value) ?? 0
    case "--max-messages": settings.maxMessages = Int(value) ?? 0
    case "--max-bytes": settings.maxBytes = Int(value) ?? 0
    case "--app-key-file":
        if let file = fopen(value, "r") {
            var byte = fgetc(file)
            while byte > 32 { key.append(UInt8(byte)); byte = fgetc(file) }
            fclose(file)
        }
    default: break
    }
}
let loop = Loop()
let log = Logger(label: "manager")
let process = ManagerProcess(loop, settings, key: key, log: log)
process.start(workers: try Sockets.listen(Endpoint(address, port)), app: try Sockets.listen(Endpoint(appAddress, appPort)), speaksSeed: speaksSeed)
let stop = { process.stop(); loop.stop() }
let term = SignalWatcher(loop, SIGTERM, handler: stop)
let interrupt = SignalWatcher(loop, SIGINT, handler: stop)
log.info("ready on \(address):\(port) and \(appAddress):\(appPort)")
loop.run()
