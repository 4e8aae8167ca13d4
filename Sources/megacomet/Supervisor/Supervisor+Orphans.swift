import Glibc
import Reactor

// In a container the supervisor may be process 1. The kernel gives it every process there whose parent has ended, such
// as those of health checks and of `docker exec`. Until somebody waits for them they stay as zombies, and at last no
// process can be started any more.
extension Supervisor {
    /// Watches only as process 1. Elsewhere there is an init that does it.
    func watchOrphans() {
        guard getpid() == 1 else { return }
        signals.append(SignalWatcher(loop, SIGCHLD) { [unowned self] in reapOrphans() })
        reapOrphans()
    }
    /// Our own children are left out: the code that follows them waits for them, and wants to know how they ended.
    private func reapOrphans() {
        let ours = Set(children.all.map(\.pid) + (upgradeCheck?.pid.map { [$0] } ?? []))
        for pid in ProcessTable.zombies(of: getpid()) where !ours.contains(pid) { _ = Processes.reap(pid) }
    }
}
