import Wire

// The answer about the cluster that this machine is in.
extension AppPort {
    /// Answers GET /nodes.
    mutating func writeNodes(_ call: HTTPCall) -> Int {
        let now = call.app.now
        (cluster.map { $0.answer.later(bySeconds: Double(now - min(now, $0.time)) / 1000) } ?? NodesAnswer())
            .write(to: &body)
        return 200
    }
}

extension NodesAnswer {
    /// The same after so many seconds. All that is told has become older.
    fileprivate func later(bySeconds seconds: Double) -> NodesAnswer {
        var later = self
        later.engine?.sinceSeconds += seconds
        for row in later.nodes.indices { later.nodes[row].ageSeconds += seconds }
        return later
    }
}
