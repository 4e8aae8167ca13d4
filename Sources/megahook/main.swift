import Configuration
import Daemon

let daemon = Daemon(.webhook)
let process = HookProcess(daemon)
process.start()
daemon.serve(process)
