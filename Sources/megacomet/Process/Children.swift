import Supervision

/// The living copies, found by name or by pid.
final class Children {
    private var byCopy: [CopyName: Child] = [:]
    private var byPid: [Int32: Child] = [:]

    subscript(copy: CopyName) -> Child? { byCopy[copy] }
    subscript(pid pid: Int32) -> Child? { byPid[pid] }
    var all: Dictionary<CopyName, Child>.Values { byCopy.values }

    func add(_ child: Child) {
        byCopy[child.copy] = child
        byPid[child.pid] = child
    }
    func remove(_ child: Child) {
        byCopy[child.copy] = nil
        if byPid[child.pid] === child { byPid[child.pid] = nil }
    }
}
