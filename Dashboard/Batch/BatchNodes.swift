import Base
import Supervision
import Watch
import Wire

// The machines of the cluster in batch output, on the screen of the nodes.
extension BatchText {
    private static let nodeColumns = [
        "name", "own", "state", "age", "version", "clients", "publishes_s", "queued", "lag_ms", "latency_us",
    ]
    private static func nodeRow(_ node: NodesAnswer.Node) -> [String] {
        [
            plainText(node.node), node.own ? "yes" : "no", plainText(node.state), number(node.ageSeconds),
            node.version.isEmpty ? "-" : plainText(node.version).replacing(" ", with: "_"), number(node.clients),
            number(node.publishesPerSecond), number(node.queued), number(node.lagSeconds * 1000),
            node.latencyMicroseconds.map(number) ?? "-",
        ]
    }
    static func nodesText(_ context: Context) -> String {
        guard let answer = context.model.told.nodes.answer else { return "# \(Views.nodesProblem(context))\n" }
        guard let engine = answer.engine else { return "# one machine: cluster.redis is empty\n" }
        var text = "# engine \(plainText(engine.address)) \(engine.up ? "up" : "AWAY") for "
        text += "\(number(engine.sinceSeconds)) s"
        text += engine.why.map { ": \(plainText($0))" } ?? ""
        let table = [nodeColumns] + Views.shownNodes(context.model, context.session).map(nodeRow)
        let widths = nodeColumns.indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        return text + "\n"
            + table.map { row in
                row.enumerated().map { index, cell in
                    index == 0 ? cell.leftAligned(widths[0]) : cell.rightAligned(widths[index])
                }.joined(separator: " ") + "\n"
            }.joined()
    }
    static func nodesCSV(_ context: Context, isFirst: Bool) -> String {
        let time = "\(UTC.text(context.model.wall, milliseconds: false))"
        return (isFirst ? "time," + nodeColumns.joined(separator: ",") + "\n" : "")
            + Views.shownNodes(context.model, context.session).map { node in
                time + "," + nodeRow(node).map { $0 == "-" ? "" : $0.replacing(",", with: ";") }.joined(separator: ",")
                    + "\n"
            }.joined()
    }
    /// `,"cluster":{..}`, as GET /nodes answers it. null: no answer came.
    static func nodesJSON(_ context: Context) -> String {
        ",\"cluster\":" + (context.model.told.nodes.answer.map { JSONLine.text($0) } ?? "null")
    }
}
