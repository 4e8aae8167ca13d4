import Glibc
import Reactor

// In a container the supervisor may be process 1. The kernel gives it every process there whose parent has ended (those
// of health checks, of `docker exec`), and as long as nobody waits for them they stay as zombies, until no process can
// be started any more.
extension Supervisor {
    /// Elsewhere there is an init that does it.
    func watchOrphans() {
        guard getpid() == 1 else { return }
        signals.append(SignalWatcher(loop, SIGCHLD) { [unowned self] in reapOrphans() })
        reapOrphans()
    }
    /// Our own children are waited for by those who follow them, who want to know how they ended.
    private func reapOrphans() {
        let ours = Set(children.all.map(\.pid) + (upgradeCheck?.pid.map { [$0] } ?? []))
        for pid in ProcessTable.zombies(of: getpid()) where !ours.contains(pid) { _ = Processes.reap(pid) }
    }
}
