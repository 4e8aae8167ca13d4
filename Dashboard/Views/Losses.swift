import Base
import Stats
import Supervision
import Watch

// The ledger of losses.
extension Views {
    /// ` LOST  today 17,463: expired 17,463, last 08:34:31`, or that nothing was. `nil` if no supervisor tells it.
    static func lossLine(_ context: Context) -> Line? {
        guard let losses = context.model.told.losses else { return nil }
        var line = Line(" LOST", .title)
        let count = losses.messagesToday
        line.add(
            "today \(Format.grouped(Double(count))) messages", role: count > 0 ? .critical : .normal)
        for row in losses.rows where row.today > 0 {
            line.add("\(row.way.words) \(number(row))", role: row.way.isMessages ? .critical : .warning, leaves: 2)
        }
        if let last = losses.rows.filter({ $0.today > 0 }).compactMap(\.last).max() {
            line.addRight("last \(UTC.clock(last))", role: .dim, leaves: 3)
        }
        return line
    }
    static func hasLosses(_ context: Context) -> Bool {
        context.model.told.losses?.rows.contains { $0.today > 0 } ?? false
    }
    /// Each way in which something is lost: how much today, when last, and what it is.
    /// On a low terminal only those of today.
    static func lossRows(_ context: Context, _ size: Size) -> [Line] {
        guard let losses = context.model.told.losses else { return [] }
        return losses.rows.filter { size.height >= 34 || $0.today > 0 }.map { row in
            let isLost = row.today > 0
            var line = Line(" " + Format.left(row.way.words, 9), isLost ? .title : .dim)
            line.add(
                Format.right(number(row), 12),
                role: !isLost ? .dim : row.way.isMessages ? .critical : .warning, gap: 1)
            line.add(Format.left(row.last.map { UTC.clock($0) } ?? "-", 8), role: .dim)
            line.add(Format.cut(row.way.help, size.width - 35), role: .dim)
            return line
        }
    }
    /// `17,463`, and `~` if a part of it is an estimate.
    private static func number(_ row: LossesAnswer.Row) -> String {
        Format.grouped(Double(row.today)) + (row.estimated ? "~" : "")
    }
}
