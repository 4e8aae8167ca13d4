import Wire

/// The machines that have said something in the shared log, by number. A number stands for a name and an epoch.
struct Nodes {
    struct Node {
        var name = ""
        var epoch: UInt64 = 0
        /// When it last said something, in milliseconds of the engine's clock.
        var heard: UInt64 = 0
        /// Its last word on itself.
        var summary = ""
        /// Its clients were given up.
        var isGone = false
        /// It is this machine's manager.
        var isOwn = false
    }
    private(set) var all: ContiguousArray<Node> = []
    /// The number that spoke last, since most entries come in rows.
    private var latest = -1

    /// The number of a machine that speaks at this time. `isNew`: it was not known, or had been given up. If it is this
    /// one, others have given it up.
    mutating func heard(_ name: String, _ epoch: UInt64, isOwn: Bool, at time: UInt64) -> (number: Int, isNew: Bool) {
        let isLatest = latest >= 0 && all[latest].epoch == epoch && all[latest].name == name
        if let known = isLatest ? latest : all.firstIndex(where: { $0.epoch == epoch && $0.name == name }) {
            let wasGone = all[known].isGone || isOwn && all[known].heard + Limits.nodeSilentMilliseconds < time
            all[known].heard = max(all[known].heard, time)
            all[known].isGone = false
            latest = known
            return (known, wasGone)
        }
        // A number whose machine is gone has no clients, so another one may have it.
        let number = all.firstIndex { $0.isGone && $0.name == name } ?? all.count
        let node = Node(name: name, epoch: epoch, heard: time, isOwn: isOwn)
        if number == all.count { all.append(node) } else { all[number] = node }
        latest = number
        return (number, !isOwn)
    }
    subscript(_ number: Int) -> Node {
        get { all[number] }
        set { all[number] = newValue }
    }
    /// The machine has said nothing for so long that it counts as gone.
    func isSilent(_ number: Int, at time: UInt64) -> Bool {
        !all[number].isOwn && all[number].heard + Limits.nodeSilentMilliseconds < time
    }
    /// The machines that are silent and were not given up, and earlier managers of machines that have another one now.
    func silent(at time: UInt64) -> [Int] { all.indices.filter { !all[$0].isGone && isSilent($0, at: time) } }
    mutating func giveUp(_ number: Int) { all[number].isGone = true }
    /// One for each name: its newest manager.
    var newest: [Node] {
        var byName: [String: Node] = [:]
        for node in all where (byName[node.name]?.heard ?? 0) <= node.heard { byName[node.name] = node }
        return byName.values.sorted { $0.name < $1.name }
    }
}
